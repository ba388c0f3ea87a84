"""Where source code asks for flags: files found and read, Python by its syntax, other languages by their text."""
