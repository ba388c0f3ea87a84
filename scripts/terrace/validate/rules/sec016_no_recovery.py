"""# No recovery key

The register names no recovery key, or only retired ones.

**Why.** A recovery key opens every secrets file, and lies offline. Without one, the day on which an environment's key is lost
is the day on which all of its secrets have to be made anew.

**Fix.** Make one on a machine that is trusted: `terrace secrets init recovery --kind recovery`, print the private key or put it
into a safe, and delete it from the machine.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.entities import Repository
from terrace.model.findings import Severity
from terrace.model.recipients import FILE
from terrace.validate.rule import Example, Hit, rule
from terrace.validate.sealed_text import REGISTER

GOOD = (Example({}),)
BAD = (
    Example(
        {FILE: REGISTER.replace("since: 2026-01-01", "since: 2026-01-01, retired: 2026-02-01")},
        f"{FILE}:2",
        "recipients",
        also=("SEC022",),
    ),
)


@rule("SEC016", "no recovery key", on="repository", severity=Severity.WARNING)
def check(repository: Repository) -> Iterator[Hit]:
    """The register, if no key in it opens everything."""
    register = repository.register
    if register.document and not register.recovery:
        place = ("recipients",)
        hint = "Make one, and keep it offline: terrace secrets init recovery --kind recovery"
        yield Hit("no recovery key opens the secrets", register.document.at(place), place, hint)
