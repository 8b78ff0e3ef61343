"""What is inside a picture file: kind, chunks, metadata, pixels, conversion. Bytes in, bytes out."""
