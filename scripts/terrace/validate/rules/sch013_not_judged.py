"""# Rules of a contract not checked

A contract has rules across fields, and they were not run: they are Python, and the Python of another revision is never
run.

**Why.** What is read with `--at` may come from anybody. It is judged by its committed schemas, which cannot say
everything that a contract in Python can.

**Fix.** Check the revision out and validate it there before you rely on it, as CI does on every pull request.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from terrace.model.findings import Severity
from terrace.model.source import Location
from terrace.validate.examples import CONTRACT
from terrace.validate.rule import Example, Hit, Unjudged, rule

_SCHEMA = "schemas/generated/app.schema.json"

GOOD = (Example({}, python=False),)
BAD = (Example({_SCHEMA: json.dumps({**CONTRACT, "x-terrace-rules": True})}, _SCHEMA, python=False),)


@rule("SCH013", "rules of a contract not checked", on="unjudged", severity=Severity.WARNING)
def check(view: Unjudged) -> Iterator[Hit]:
    """Every contract with rules of its own."""
    if view.contract.has_rules:
        message = f"the rules across fields of {view.contract.service} are not checked at this revision"
        yield Hit(message, Location(view.contract.path), hint="Check it out, and validate it there.")
