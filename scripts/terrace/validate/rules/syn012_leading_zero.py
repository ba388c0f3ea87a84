"""# Number with a leading zero

A number begins with a zero: `0123`, `007`.

**Why.** It is 83 to readers of YAML 1.1, where a leading zero means octal, and 123 to readers of YAML 1.2. File modes,
post codes and telephone numbers are written like that, and each is ruined by one of the two.

**Fix.** Put it in quotes if it is text, write `0o123` if it is octal, or leave the zero out.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.findings import Finding
from terrace.validate.rule import Example, Hit, as_read, rule

GOOD = (Example({"environments/base/app.yaml": "branding:\n  labels:\n    zip: '04109'\nserver:\n  workers: 0o10\n"}),)
BAD = (
    Example(
        {"environments/base/app.yaml": "server:\n  workers: 010\n"}, "environments/base/app.yaml:2", "server.workers"
    ),
)


@rule("SYN012", "number with a leading zero", on="reader")
def check(finding: Finding) -> Iterator[Hit]:
    """As the reader found it."""
    yield as_read(finding)
