"""The values everyone speaks of: entries, references, requests, replies, records. Pure; knows no room but errors."""
