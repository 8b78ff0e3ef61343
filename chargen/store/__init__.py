"""All that is kept on the disk: originals, journal, history, trash, locks, hashes, and how files are written."""
