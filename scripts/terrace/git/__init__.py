"""The only door to Git: revisions, listings, blobs in bulk, what is uncommitted, new branches
and new repositories.

Everything runs the `git` program on its plumbing commands; nothing of a repository is ever executed (see `process`).
"""

from terrace.git.repository import Commit, Git, Leaf, begin, find

__all__ = ["Commit", "Git", "Leaf", "begin", "find"]
