"""# List that repeats what it replaces

An overlay sets a list that repeats three items or more, and at least 60 %, of the list it replaces.

**Why.** Lists do not merge, they replace. What was meant as an addition is a copy, and when an item is added to the
inherited list, or mended there, this copy does not follow.

**Fix.** If the lists are to stay apart, keep the copy and say so with a suppression. If they are to grow together, turn
the list into a map in the contract: the entries of maps merge, and each can be changed or removed by its key.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from terrace.model.findings import Related, Severity
from terrace.model.source import dotted
from terrace.validate.rule import Below, Example, Hit, Overlay, rule

_BASE = "cors:\n  origins: [https://a.internal, https://b.internal, https://c.internal]\n"
GOOD = (
    Example(
        {
            "environments/base/app.yaml": _BASE,
            "environments/staging/shared.yaml": "cors:\n  origins: [https://a.internal]\n",
        }
    ),
    Example(
        {
            "environments/base/app.yaml": "cors:\n  origins: [https://a.internal, https://b.internal]\n",
            "environments/staging/shared.yaml": "cors:\n  origins: [https://a.internal, https://b.internal, https://s.internal]\n",
        }
    ),
)
BAD = (
    Example(
        {
            "environments/base/app.yaml": _BASE,
            "environments/staging/app.yaml": "server:\n  public_url: https://staging.harbourkitchen.com\ndatabase:\n  host: db.staging.internal\ncors:\n  origins:\n    - https://a.internal\n    - https://b.internal\n    - https://c.internal\n    - https://staging.internal\n",
        },
        "environments/staging/app.yaml:7",
        "cors.origins",
    ),
)
_FEWEST = 3
_MOST = 0.6


@rule("SCH012", "list that repeats what it replaces", on="overlay", severity=Severity.WARNING)
def check(leaf: Overlay) -> Iterator[Hit]:
    """Every list in an overlay that is for the most part a copy of the inherited one."""
    if not isinstance(leaf.value, list):
        return
    for below in leaf.below:
        copied = _copied(leaf.value, below)
        if copied and below.layer is not None:
            name, count = dotted(leaf.pointer), len(below.value)
            message = f"{name} repeats {len(copied)} of the {count} items that it replaces: {_named(copied)}"
            hint = "Items that are changed or added there will not follow here."
            related = (Related(below.layer.document.at(leaf.pointer), "the list it replaces"),)
            yield Hit(message, leaf.document.at(leaf.pointer), leaf.pointer, hint, related)
            return


def _copied(value: list[Any], below: Below) -> list[Any]:
    """The inherited items that stand in the overlay again, if they are most of them, and it is not the same list."""
    if not isinstance(below.value, list) or value == below.value:
        return []
    copied = [item for item in below.value if item in value]
    return copied if len(copied) >= max(_FEWEST, _MOST * len(below.value)) else []


def _named(items: list[Any]) -> str:
    shown = [str(item.get("name", item)) if isinstance(item, dict) else str(item) for item in items[:5]]
    return ", ".join(shown) + (f" and {len(items) - 5} more" if len(items) > 5 else "")
