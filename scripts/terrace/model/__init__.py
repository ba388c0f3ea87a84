"""Frozen types and the one merge. Nothing here reads a file, a clock or the environment."""
