"""# Second document

A file holds more than one document, separated by `---`.

**Why.** A file is one layer. Readers take the first document, or the last, or refuse; whatever stands in the others
changes nothing, and looks as if it did.

**Fix.** Make the second document a file of its own, or delete the line with `---`.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.findings import Finding
from terrace.validate.rule import Example, Hit, as_read, rule

GOOD = (Example({"environments/base/app.yaml": "---\nserver:\n  workers: 8\n"}),)
BAD = (
    Example(
        {"environments/base/app.yaml": "server:\n  workers: 8\n---\ncors:\n  origins: []\n"},
        "environments/base/app.yaml:3",
    ),
)


@rule("SYN010", "second document", on="reader")
def check(finding: Finding) -> Iterator[Hit]:
    """As the reader found it."""
    yield as_read(finding)
