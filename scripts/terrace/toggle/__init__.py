"""A flag turned on, off or killed: the line that changes, its verdict, its commit, or its branch and pull request.

What is wanted is an `Action`; `toggle` works it out and judges it, `commit` makes it, `propose` puts it up for review.
"""

from terrace.toggle.action import ALWAYS_DIRECT, Action
from terrace.toggle.commit import ConflictError, Made, commit
from terrace.toggle.outcome import Outcome
from terrace.toggle.propose import Proposed, propose
from terrace.toggle.work import Toggle, refuse, toggle

__all__ = [
    "ALWAYS_DIRECT", "Action", "ConflictError", "Made", "Outcome", "Proposed", "Toggle", "commit", "propose", "refuse",
    "toggle",
]  # fmt: skip
