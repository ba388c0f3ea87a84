"""# Unknown group

A tenant names a group that has no folder under `tenants/_groups/`.

**Why.** The tenant runs without the overlay that its group was to give it, and nothing else says so.

**Fix.** Correct the name (the finding suggests the closest one), or make the folder with at least one file in it.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.closest import closest
from terrace.model.source import Pointer
from terrace.validate.rule import Example, Hit, TenantView, rule

GOOD = (Example({"tenants/acme/tenant.yaml": "services: [app]\nenvironments: [staging]\n"}),)
BAD = (
    Example(
        {"tenants/acme/tenant.yaml": "groups: [golden]\nservices: [app]\nenvironments: [staging]\n"},
        "tenants/acme/tenant.yaml:1",
        "groups[0]",
    ),
)


@rule("REF003", "unknown group", on="tenant")
def check(view: TenantView) -> Iterator[Hit]:
    """Every name of a group that there is not."""
    document, groups = view.tenant.document, view.repository.groups
    named = document.value.get("groups") if document else None
    for index, name in enumerate(named if isinstance(named, list) else ()):
        if isinstance(name, str) and name not in groups and document:
            close = closest(name, groups)
            there = ", ".join(sorted(groups)) or "none"
            hint = f"Did you mean '{close}'?" if close else f"There are: {there}."
            pointer: Pointer = ("groups", index)
            message = f"tenant '{view.tenant.name}' names group '{name}', which does not exist"
            yield Hit(message, document.at(pointer), pointer, hint)
