"""Feature flags: files of `flags/` read, their shape, and what they are compiled to."""
