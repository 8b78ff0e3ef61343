"""What a command does besides building: each returns values that a page and a command line can show."""
