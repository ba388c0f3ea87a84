"""Secrets: set, read, propose and audit values that are encrypted in Git.

A value is asked for at a hidden prompt or read from standard input; no command takes one as an argument. Every opening
of a secret is put into the audit log first: `terrace secrets audit`.
"""
