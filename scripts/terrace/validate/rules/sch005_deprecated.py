"""# Deprecated key

A file sets a key that the contract keeps only for files that were written before.

**Why.** The key still works, and one day it will not. Until then two keys mean one thing, and whoever reads the file
has to know which of them wins.

**Fix.** Set the key that the finding names instead, in the same file, and remove this one.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.findings import Severity
from terrace.model.source import dotted
from terrace.validate.rule import Example, Hit, LayerFile, rule

GOOD = (Example({"environments/base/app.yaml": "server:\n  workers: 8\n"}),)
BAD = (
    Example(
        {"environments/base/app.yaml": "server:\n  threads: 8\n"}, "environments/base/app.yaml:2", "server.threads"
    ),
    Example(
        {"environments/base/shared.yaml": "server:\n  threads: 8\n"},
        "environments/base/shared.yaml:2",
        "server.threads",
    ),
)


@rule("SCH005", "deprecated key", on="document", severity=Severity.WARNING)
def check(file: LayerFile) -> Iterator[Hit]:
    """Every key with a successor. To remove an inherited one with null is the way out, and fine."""
    for pointer, value, field in file.entries(lambda field: "deprecated_by" in field.markers):
        if field.deprecated_by and value is not None:
            message = f"{dotted(pointer)} is deprecated"
            location = file.document.at(pointer, key=True)
            yield Hit(message, location, pointer, f"Set {field.deprecated_by} instead.")
