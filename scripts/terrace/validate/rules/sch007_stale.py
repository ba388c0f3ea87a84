"""# Generated file out of date

A file that is made from the contracts is not what they lead to now: the contract was changed or removed and the file
was not, or somebody edited the file.

**Why.** The committed schemas are what editors, hooks and every look at another revision go by. One that is out of date
judges files by rules that the application does not have, and one without a contract by rules that nobody can change any more.

**Fix.** Run `terrace schemas` and commit what it changes or removes. To change a schema, change the contract in `schemas/`.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.source import Location
from terrace.validate.rule import Example, Generated, Hit, rule

GOOD = (Example({}),)
BAD = (Example({}, "schemas/generated/app.schema.json", stale=("schemas/generated/app.schema.json",)),)


@rule("SCH007", "generated file out of date", on="generated")
def check(file: Generated) -> Iterator[Hit]:
    """Every generated file that differs from what its contract leads to."""
    yield Hit(f"{file.path} is not what the contracts lead to", Location(file.path), hint="Run: terrace schemas")
