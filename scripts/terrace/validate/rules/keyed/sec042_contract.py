"""# Secret outside its contract

An opened secret is not what its contract asks for: it has another type, does not match the pattern, is too short; or what
the contract asks of a section is not so once its secrets are there.

**Why.** Without a key only the type that SOPS notes can be seen, and the length in bytes. The application checks the rest
at its start, and stops there.

**Fix.** Set the secret again: `terrace secrets set SERVICE PATH --env ENV`. The finding says what the contract asks for, and
never what the value is.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.source import dotted
from terrace.validate.constraint import constraint, right_type
from terrace.validate.opened import Example, Hit, Unfit, rule
from terrace.validate.sealed_text import NOTES, SEALED

_PATH = "environments/staging/app.secrets.yaml"
_FILE = {_PATH: f"database:\n  password: {SEALED}\n{NOTES}"}
GOOD = (Example(_FILE, opened={_PATH: {"database.password": "vRk8-qw2x-0Pd7"}}),)
BAD = (
    Example(_FILE, f"{_PATH}:2", "database.password", opened={_PATH: {"database.password": "vRk8-qw2x-0Pd7-vRk8"}}),
    Example(_FILE, f"{_PATH}:2", "database.password", opened={_PATH: {"database.password": 4417}}),
)


@rule("SEC042", "secret outside its contract", on="unfit")
def check(problem: Unfit) -> Iterator[Hit]:
    """Everything that the schema refuses once secrets are in their places."""
    if problem.keyword == "cross-field":
        return
    name = dotted(problem.pointer)
    if problem.keyword in ("type", "anyOf", "oneOf"):
        says = f"{name} {right_type(each for each in problem.expected or () if each != 'null')}"
    elif problem.keyword == "required":
        says = f"{problem.name} is required beside {name}"
    elif problem.keyword == "additionalProperties":
        says = f"{problem.name} is not allowed beside {name}"
    else:
        says = f"{name} {constraint(problem.keyword, problem.expected)}"
    yield Hit(says, problem.location, problem.pointer, "Set it again: terrace secrets set")
