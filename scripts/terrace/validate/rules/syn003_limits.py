"""# File beyond the limits

A file is nested deeper, or holds more keys and list items, than any configuration that people write.

**Why.** A few kilobytes of brackets can take a reader's whole memory or crash it. Because the limits stand before
anything reads the file, a pull request cannot do that to whoever checks it.

**Fix.** Make it flatter, or split it. A file that is generated, and large for that reason, belongs to the data of the
application rather than to its configuration.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.findings import Finding
from terrace.validate.rule import Example, Hit, as_read, rule

GOOD = (Example({"environments/base/app.yaml": "cors:\n  origins: [a.internal, b.internal]\n"}),)
BAD = (
    Example({"environments/base/app.yaml": "cors: " + "[" * 200 + "]" * 200 + "\n"}, "environments/base/app.yaml:1"),
)


@rule("SYN003", "file beyond the limits", on="reader")
def check(finding: Finding) -> Iterator[Hit]:
    """As the reader found it."""
    yield as_read(finding)
