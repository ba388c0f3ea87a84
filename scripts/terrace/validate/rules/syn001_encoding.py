"""# File is not UTF-8

A file is stored in another encoding: UTF-16 or UTF-32, or a byte in it belongs to no character.

**Why.** Whoever reads it as UTF-8 sees other characters than its author wrote, or none. A customer's name with an
umlaut from an old editor becomes a question mark on an invoice.

**Fix.** Save the file as UTF-8. The finding names the first byte that is not.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.findings import Finding
from terrace.validate.rule import Example, Hit, as_read, rule

GOOD = (Example({"environments/base/app.yaml": "branding:\n  labels:\n    city: Zürich\n"}),)
BAD = (
    Example(
        {"environments/base/app.yaml": "branding:\n  labels:\n    city: Zürich\n".encode("latin-1")},
        "environments/base/app.yaml:3",
    ),
    Example({"environments/base/app.yaml": "server:\n  workers: 8\n".encode("utf-16")}, "environments/base/app.yaml:1"),
)


@rule("SYN001", "file is not UTF-8", on="reader")
def check(finding: Finding) -> Iterator[Hit]:
    """As the reader found it."""
    yield as_read(finding)
