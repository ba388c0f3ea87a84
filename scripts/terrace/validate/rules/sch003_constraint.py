"""# Value outside its constraint

A value has the right type and is still not allowed: below the minimum, not one of the choices, not of the pattern.

**Why.** The contract knows what the program can work with. A pool of 5,000 connections is a number, and an outage.

**Fix.** Choose a value within the constraint that the finding states, or change the contract if it is too narrow.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.source import dotted
from terrace.validate.constraint import constraint
from terrace.validate.rule import Example, Hit, SchemaProblem, rule

GOOD = (Example({"environments/base/app.yaml": "server:\n  workers: 64\n"}),)
BAD = (
    Example(
        {"environments/base/app.yaml": "server:\n  workers: 65\n"}, "environments/base/app.yaml:2", "server.workers"
    ),
    Example(
        {"environments/base/app.yaml": "logging:\n  level: chatty\n"}, "environments/base/app.yaml:2", "logging.level"
    ),
)

_ELSEWHERE = frozenset(
    {"type", "anyOf", "oneOf", "additionalProperties", "unevaluatedProperties", "required", "cross-field"}
)


@rule("SCH003", "value outside its constraint", on="schema")
def check(problem: SchemaProblem) -> Iterator[Hit]:
    """Every value of the right type that the schema refuses; a secret in a plain file is another mistake."""
    if problem.keyword in _ELSEWHERE or (problem.field is not None and problem.field.secret):
        return
    says = constraint(problem.keyword, problem.expected)
    yield Hit(f"{dotted(problem.pointer)} {says}", problem.location, problem.pointer)
