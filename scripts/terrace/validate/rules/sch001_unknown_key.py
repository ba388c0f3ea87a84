"""# Unknown key

A file sets a key that the contract of the service does not know.

**Why.** A misspelt key changes nothing: the program goes on with the default, and nobody notices until the day it
matters. Most such keys are a letter away from one that exists.

**Fix.** Correct the name (the finding suggests the closest one), add the field to the contract, or delete the line.

**Exceptions.** A map whose keys are free, such as labels, is declared in the contract with `dict[str, ...]`, and then
every key is known.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.closest import closest
from terrace.model.source import dotted
from terrace.validate.rule import Example, Hit, SchemaProblem, rule

GOOD = (
    Example({"environments/base/app.yaml": "server:\n  workers: 8\n"}),
    Example({"environments/base/app.yaml": "branding:\n  labels:\n    any.key: fine\n"}),
)
BAD = (
    Example(
        {"environments/base/app.yaml": "server:\n  wrokers: 8\n"}, "environments/base/app.yaml:2", "server.wrokers"
    ),
    Example(
        {"environments/production/environment.yaml": "kind: production\nprotcted: true\n"},
        "environments/production/environment.yaml:2",
        "protcted",
    ),
)


@rule("SCH001", "unknown key", on="schema")
def check(problem: SchemaProblem) -> Iterator[Hit]:
    """Every key the schema did not expect, with the closest one it knows."""
    if problem.keyword != "additionalProperties":
        return
    close = closest(problem.name, problem.known)
    hint = f"Did you mean {close!r}?" if close else _known(problem.known)
    pointer = (*problem.pointer, problem.name)
    yield Hit(f"unknown key {dotted(pointer)}", problem.location, pointer, hint)


def _known(known: tuple[str, ...]) -> str:
    if not known:
        return ""
    more = f" and {len(known) - 8} more" if len(known) > 8 else ""
    return "Known here: " + ", ".join(known[:8]) + more + "."
