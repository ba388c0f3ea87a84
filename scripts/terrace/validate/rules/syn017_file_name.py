"""# Odd file name

The name of a file has a character in it that cannot be shown, is not UTF-8, or begins or ends with a space.

**Why.** Nobody can see, or type, what it is called. Such names come from copies gone wrong, and now and then from
somebody who wants a file to look like another.

**Fix.** Rename the file. The finding shows what cannot be printed as `\\\\x1b` and the like.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.findings import Severity
from terrace.model.source import Location
from terrace.source import name_problem
from terrace.validate.rule import Example, FilesView, Hit, rule

GOOD = (
    Example({"environments/production/README.md": "Ask team-app first.\n"}),
    Example({"tenants/acme/Zürich notes.md": "Moved in May.\n"}),
)
BAD = (
    Example({"environments/production/READ\\x1bME.md": "Hello.\n"}, "environments/production/READ\\x1bME.md"),
    Example({"tenants/acme/notes.md ": "Moved in May.\n"}, "tenants/acme/notes.md "),
)


@rule("SYN017", "odd file name", on="files", severity=Severity.WARNING)
def check(view: FilesView) -> Iterator[Hit]:
    """Every path with a name that does not look as it is."""
    for path in view.files.paths:
        problem = name_problem(path)
        if not problem and any(part.strip() != part for part in path.split("/")):
            problem = "begins or ends with a space in one of its names"
        if problem:
            yield Hit(f"{path} {problem}", Location(path), hint="Rename it.")
