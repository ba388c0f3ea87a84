"""Tests against the real thing, and long ones: which run, and what is said of those that do not."""

from __future__ import annotations

import os
from collections import Counter

import pytest
from hypothesis import settings

from tests.soak import TIMES, rounds

REAL = bool(os.environ.get("TERRACE_TEST_REAL"))

# For tests that do not say how many examples they want; those that do multiply by themselves.
settings.register_profile("soak", max_examples=rounds(100), deadline=None, print_blob=True)
if TIMES > 1:
    settings.load_profile("soak")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what needs the real thing unless it was asked for, and mark what can go on for longer."""
    for item in items:
        if item.get_closest_marker("real") and not REAL:
            item.add_marker(pytest.mark.skip(reason="needs the real thing: make test-real"))
        if item.get_closest_marker("kill") or getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker(pytest.mark.soak)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly, in the last lines, what was not tested and how it would be."""
    left: Counter[tuple[str, str]] = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        left[report.nodeid.split("::")[0], reason.removeprefix("Skipped: ")] += 1
    for (file, reason), count in sorted(left.items()):
        terminalreporter.write_line(f"NOT TESTED: {file} ({count}): {reason}", yellow=True)
