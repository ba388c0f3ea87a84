"""# Values that do not fit together

Each value is fine by itself, and the contract's own rule across them is broken: a minimum above its maximum, a feature
that is switched on without what it needs.

**Why.** The layers that set the values are written by different people at different times. Only the merged result can
break such a rule, and the application would refuse it when it starts.

**Fix.** The finding stands at the value that was set by the strongest layer, for that is the one that came last to the
others. Change it, or one of the others that the message names.

**Exceptions.** Another revision is judged by its committed schemas, which cannot hold such rules, and none of its
Python runs: there these rules are not checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from terrace.model.layers import Contribution
from terrace.model.source import Location, Pointer
from terrace.validate.rule import Example, Hit, SchemaProblem, TargetView, rule

GOOD = (Example({"environments/base/app.yaml": "database:\n  pool_min: 5\n  pool_max: 5\n"}),)
BAD = (
    Example(
        {"environments/base/app.yaml": "database:\n  pool_min: 11\n"},
        "environments/base/app.yaml:2",
        "database.pool_min",
    ),
    Example(
        {
            "environments/base/app.yaml": "database:\n  pool_min: 5\n",
            "environments/staging/shared.yaml": "database:\n  pool_max: 4\n",
        },
        "environments/staging/shared.yaml:2",
        "database.pool_max",
    ),
)


@rule("SCH006", "values that do not fit together", on="schema")
def check(problem: SchemaProblem) -> Iterator[Hit]:
    """Every fault that the contract's own code finds in an effective configuration."""
    if problem.keyword != "cross-field" or problem.target is None:
        return
    pointer, location = _strongest(problem, problem.target)
    yield Hit(problem.message, location, pointer)


def _strongest(problem: SchemaProblem, view: TargetView) -> tuple[Pointer, Location]:
    """The place of the value that the message names; of several, the one that the strongest layer sets."""
    words = re.findall(r"\w+", problem.message)
    named = [
        (*problem.pointer, word) for word in dict.fromkeys(words) if problem.field and word in problem.field.properties
    ]
    said = [found for pointer in named if (found := _said(view, pointer))]
    if not said:
        return problem.pointer, problem.location
    rank, pointer = max(said, key=lambda found: found[0])
    return pointer, view.config.layers[rank].document.at(pointer)


def _said(view: TargetView, pointer: Pointer) -> tuple[int, Pointer] | None:
    found: Contribution | None = view.config.winner(pointer)
    return None if found is None else (view.config.layers.index(found.layer), pointer)
