"""# Number that does not fit

A number is infinite, not a number, or an integer beyond 64 bits.

**Why.** JSON has no infinity, and most programs keep integers in 64 bits and numbers in doubles: what runs would be
another number than what was written.

**Fix.** Put it in quotes if it is text, such as an account number. Leave the key out where infinity stands for *no
limit*, or use the word that the contract has for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.findings import Finding
from terrace.validate.rule import Example, Hit, as_read, rule

GOOD = (Example({"environments/base/app.yaml": "branding:\n  labels:\n    account: '123456789012345678901'\n"}),)
BAD = (
    Example(
        {"environments/base/app.yaml": "branding:\n  labels:\n    account: 123456789012345678901\n"},
        "environments/base/app.yaml:3",
        "branding.labels.account",
    ),
    Example(
        {"environments/base/app.yaml": "server:\n  workers: .inf\n"}, "environments/base/app.yaml:2", "server.workers"
    ),
)


@rule("SYN013", "number that does not fit", on="reader")
def check(finding: Finding) -> Iterator[Hit]:
    """As the reader found it."""
    yield as_read(finding)
