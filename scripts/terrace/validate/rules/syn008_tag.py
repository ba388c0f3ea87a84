"""# Tag

A value carries a tag: `!!str`, `!vault`, `!include`.

**Why.** A tag asks the reader to build something other than what is written, in some programs any object at all. What
a tag means differs from reader to reader, so the value of the file would too.

**Fix.** Leave the tag out. Text that looks like a number stands in quotes; another file's content is set in a layer of
its own; a secret stands in a secrets file.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.findings import Finding
from terrace.validate.rule import Example, Hit, as_read, rule

GOOD = (Example({"environments/base/app.yaml": "branding:\n  labels:\n    build: '0123'\n"}),)
BAD = (
    Example(
        {"environments/base/app.yaml": "branding:\n  labels:\n    build: !!str 12\n"},
        "environments/base/app.yaml:3",
        "branding.labels.build",
    ),
    Example({"environments/base/app.yaml": "cors: !include cors.yaml\n"}, "environments/base/app.yaml:1", "cors"),
)


@rule("SYN008", "tag", on="reader")
def check(finding: Finding) -> Iterator[Hit]:
    """As the reader found it."""
    yield as_read(finding)
