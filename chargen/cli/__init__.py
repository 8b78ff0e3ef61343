"""The command line: one command per file; the only package that prints."""
