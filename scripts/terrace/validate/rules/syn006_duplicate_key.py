"""# Duplicate key

A key stands twice in one map.

**Why.** YAML forbids it, and readers differ: most silently take the last one, some the first. The value that a person
sees first is not the one that runs.

**Fix.** Delete one of the two. The finding names both places.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.findings import Finding
from terrace.validate.rule import Example, Hit, as_read, rule

GOOD = (Example({"environments/base/app.yaml": "server:\n  workers: 8\ncors:\n  origins: []\n"}),)
BAD = (
    Example(
        {"environments/base/app.yaml": "server:\n  workers: 8\n  workers: 9\n"},
        "environments/base/app.yaml:3",
        "server.workers",
    ),
)


@rule("SYN006", "duplicate key", on="reader")
def check(finding: Finding) -> Iterator[Hit]:
    """As the reader found it."""
    yield as_read(finding)
