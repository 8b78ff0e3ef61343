"""Reading an author's YAML with positions, and changing slots in it without touching another byte. Pure."""
