"""# File is not a map

A file is empty, holds comments only, or holds a list or a single value at its top.

**Why.** A layer is a map of sections. An empty file may be what is left of one that was lost in a merge, and an overlay
that says nothing is better not there.

**Fix.** Delete the file, or give it a section. An overlay that shall exist and set nothing is written `{}`.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.findings import Finding
from terrace.validate.rule import Example, Hit, as_read, rule

GOOD = (Example({"environments/development/shared.yaml": "# Nothing is shared here.\n{}\n"}),)
BAD = (
    Example({"environments/staging/shared.yaml": ""}, "environments/staging/shared.yaml:1"),
    Example({"environments/base/app.yaml": "# workers: 8\n"}, "environments/base/app.yaml:1"),
    Example({"environments/base/app.yaml": "- server\n- cors\n"}, "environments/base/app.yaml:1"),
)


@rule("SYN011", "file is not a map", on="reader")
def check(finding: Finding) -> Iterator[Hit]:
    """As the reader found it."""
    yield as_read(finding)
