"""# Anchor, alias or merge key

A file uses `&name`, `*name` or `<<` to say a thing once and mean it twice.

**Why.** A value that stands elsewhere has no line of its own: nobody could be told where it came from, and a change to
one place would change another that no reviewer looks at. Aliases of aliases also make a few lines into gigabytes.

**Fix.** Write the value out. What several environments or tenants share is set once in a weaker layer: in base, in an
environment that others extend, in a group.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.findings import Finding
from terrace.validate.rule import Example, Hit, as_read, rule

GOOD = (Example({"environments/base/app.yaml": "branding:\n  labels:\n    sign: '&Co'\n    drink: R&D*\n"}),)
BAD = (
    Example(
        {"environments/base/app.yaml": "branding:\n  labels: &all\n    city: Basel\n"},
        "environments/base/app.yaml:2",
        "branding.labels",
    ),
    Example(
        {"environments/base/app.yaml": "branding:\n  labels:\n    <<: {city: Basel}\n"},
        "environments/base/app.yaml:3",
        "branding.labels",
    ),
)


@rule("SYN009", "anchor, alias or merge key", on="reader")
def check(finding: Finding) -> Iterator[Hit]:
    """As the reader found it."""
    yield as_read(finding)
