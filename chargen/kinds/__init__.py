"""Plug-ins, one file per imagery kind: from a parsed document to entries, and from an outcome to slots. Pure."""
