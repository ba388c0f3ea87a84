"""How long tests that repeat themselves go on: a moment as a rule, and many times that under `make soak`."""

from __future__ import annotations

import os

TIMES = int(os.environ.get("TERRACE_TEST_SOAK") or 1)


def rounds(count: int) -> int:
    """So many rounds, or examples, as a rule."""
    return count * TIMES
