"""# Symbolic link that is not followed

A file is a symbolic link that leads out of the repository, to a folder, in a circle, or to nothing.

**Why.** What it leads to is another thing on another machine, and not in the commit: the same commit would build
different bundles, and a pull request could bring a file of the build machine into one.

**Fix.** Put a copy of the file in its place. A link to a file inside of the repository is followed.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.findings import Finding
from terrace.source import Unreadable
from terrace.validate.rule import Example, Hit, as_read, rule

GOOD = (Example({"environments/staging/shared.yaml": "cors:\n  origins: []\n"}),)
BAD = (
    Example(
        {"environments/staging/shared.yaml": Unreadable("is a symbolic link that leads out of the repository")},
        "environments/staging/shared.yaml",
    ),
)


@rule("SYN015", "symbolic link that is not followed", on="reader")
def check(finding: Finding) -> Iterator[Hit]:
    """As the reader found it."""
    yield as_read(finding)
