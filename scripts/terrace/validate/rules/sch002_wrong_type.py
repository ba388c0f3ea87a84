"""# Wrong type

A value is of another type than the contract says: text where a number belongs, one value where a list belongs.

**Why.** Programs either refuse such a value at start-up or, worse, convert it: `"false"` is true in many languages.

**Fix.** Write the value in the type that the finding names. Numbers and booleans stand without quotes, text that looks
like a number stands in quotes.

**Exceptions.** `null` fits everywhere in a layer: it removes what was inherited.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.source import dotted
from terrace.validate.constraint import right_type
from terrace.validate.rule import Example, Hit, SchemaProblem, rule

GOOD = (
    Example({"environments/base/app.yaml": "server:\n  workers: 8\n"}),
    Example({"environments/staging/shared.yaml": "server:\n  workers: null\n"}),
)
BAD = (
    Example(
        {"environments/base/app.yaml": "server:\n  workers: 8.0\n"}, "environments/base/app.yaml:2", "server.workers"
    ),
    Example(
        {"environments/base/app.yaml": 'server:\n  workers: "8"\n'}, "environments/base/app.yaml:2", "server.workers"
    ),
    Example({"environments/base/app.yaml": "cors:\n  origins: all\n"}, "environments/base/app.yaml:2", "cors.origins"),
)


@rule("SCH002", "wrong type", on="schema")
def check(problem: SchemaProblem) -> Iterator[Hit]:
    """Every value whose type the schema refuses; a secret in a plain file is another mistake."""
    if problem.keyword not in ("type", "anyOf", "oneOf") or (problem.field is not None and problem.field.secret):
        return
    expected = [name for name in problem.expected or () if name != "null"]
    hint = ""
    if isinstance(problem.value, str) and set(expected) & {"integer", "number", "boolean"}:
        hint = "Write it without quotes."
    elif isinstance(problem.value, bool | int | float) and "string" in expected:
        hint = "Write it in quotes."
    yield Hit(f"{dotted(problem.pointer)} {right_type(expected)}", problem.location, problem.pointer, hint)
