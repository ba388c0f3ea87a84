"""Secrets in encrypted files: what Git calls for them, and how it is told to."""
