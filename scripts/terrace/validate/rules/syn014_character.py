"""# Character that YAML forbids

A file holds a control character, or one that only some readers take for a line break.

**Why.** Nobody sees it in a review. It comes from a terminal or a word processor with the text that was copied, and
where a reader takes it for a line break, the file says something else to it.

**Fix.** Remove the character, or write it as an escape (`"\\u0007"`) in a value in double quotes.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.findings import Finding
from terrace.validate.rule import Example, Hit, as_read, rule

GOOD = (Example({"environments/base/app.yaml": 'branding:\n  labels:\n    bell: "\\u0007"\n'}),)
BAD = (
    Example({"environments/base/app.yaml": "branding:\n  labels:\n    bell: a\x07b\n"}, "environments/base/app.yaml:3"),
    Example(
        {"environments/base/app.yaml": "branding:\n  labels:\n    two: a\u2028b\n"}, "environments/base/app.yaml:3"
    ),
)


@rule("SYN014", "character that YAML forbids", on="reader")
def check(finding: Finding) -> Iterator[Hit]:
    """As the reader found it."""
    yield as_read(finding)
