"""Words and letters: colours, lists in prose, word differences, nearest names, keys scrubbed out. Pure."""
