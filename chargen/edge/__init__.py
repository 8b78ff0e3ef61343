"""Thin input and output: files, clock, journal, originals, image codecs, configuration."""
