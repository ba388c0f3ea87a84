"""# Byte order mark

A file begins with U+FEFF, the byte order mark that some editors write before the text.

**Why.** It cannot be seen. Programs that do not expect it read it as a part of the first key, and then that key is
unknown to them.

**Fix.** Save the file as UTF-8 without BOM.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.findings import Finding
from terrace.validate.rule import Example, Hit, as_read, rule

GOOD = (Example({"environments/base/app.yaml": "server:\n  workers: 8\n"}),)
BAD = (
    Example({"environments/base/app.yaml": "\ufeffserver:\n  workers: 8\n".encode()}, "environments/base/app.yaml:1"),
)


@rule("SYN002", "byte order mark", on="reader")
def check(finding: Finding) -> Iterator[Hit]:
    """As the reader found it."""
    yield as_read(finding)
