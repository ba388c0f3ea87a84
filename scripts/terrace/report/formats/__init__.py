"""One report format a file: its name is the name of the format, its `render` is the format."""
