"""# Key that is not text

A key is a number, a boolean, null, a list or a map; or it is missing before its `:`.

**Why.** In JSON, and so in a bundle, keys are text. Readers turn `8080:` or `true:` into text each in its own way, and
the application then looks for a key that is spelt differently.

**Fix.** Put the key in quotes: `"8080":`.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.findings import Finding
from terrace.validate.rule import Example, Hit, as_read, rule

GOOD = (Example({"environments/base/app.yaml": "branding:\n  labels:\n    '8080': metrics\n    on: call\n"}),)
BAD = (
    Example(
        {"environments/base/app.yaml": "branding:\n  labels:\n    8080: metrics\n"},
        "environments/base/app.yaml:3",
        "branding.labels",
    ),
    Example(
        {"environments/base/app.yaml": "branding:\n  labels:\n    true: yes\n"},
        "environments/base/app.yaml:3",
        "branding.labels",
    ),
)


@rule("SYN007", "key that is not text", on="reader")
def check(finding: Finding) -> Iterator[Hit]:
    """As the reader found it."""
    yield as_read(finding)
