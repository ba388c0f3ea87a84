"""# File that cannot be read

A file is there and cannot be read: no permission, larger than the limit, not a file at all, or a generated schema that
is not JSON.

**Why.** What it would have set is not known. To go on as if it were not there would deploy a configuration that nobody
wrote.

**Fix.** The finding says what is in the way. A damaged generated schema is made anew with `terrace schemas`.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.findings import Finding
from terrace.source import Unreadable
from terrace.validate.rule import Example, Hit, as_read, rule

GOOD = (Example({"environments/staging/shared.yaml": "cors:\n  origins: []\n"}),)
BAD = (
    Example(
        {"environments/production/app.yaml": Unreadable("cannot be read: permission denied")},
        "environments/production/app.yaml",
    ),
    Example(
        {"schemas/generated/app.schema.json": '{"title": "App",\n<<<<<<< HEAD\n'}, "schemas/generated/app.schema.json"
    ),
)


@rule("SYN016", "file that cannot be read", on="reader")
def check(finding: Finding) -> Iterator[Hit]:
    """As the reader found it."""
    yield as_read(finding)
