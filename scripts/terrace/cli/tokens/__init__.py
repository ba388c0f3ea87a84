"""Tokens of the server: create, list and revoke who may ask, and for what.

A token is shown once, when it is made. The file keeps only a digest of it, and running servers read the file again
when it changes.
"""
