"""Tests that need the outside world: they run with TERRACE_TEST_REAL=1 (`make test-real`), and say so otherwise."""

from __future__ import annotations

import os

import pytest

real = [
    pytest.mark.real,
    pytest.mark.skipif(
        os.environ.get("TERRACE_TEST_REAL") != "1", reason="needs the real programs: TERRACE_TEST_REAL=1"
    ),
]
"""The marks of such a test: `pytestmark = real`."""
