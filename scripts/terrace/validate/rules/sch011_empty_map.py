"""# Empty map that changes nothing

An overlay sets a key to `{}`, and the map that it inherits there is not empty.

**Why.** Maps merge. To merge nothing into a map leaves all of it, though the line reads as if it emptied the map.

**Fix.** To remove what was inherited, write `null`; to remove single entries, set each of them to `null`. Otherwise
delete the line: `terrace fix` does.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.findings import Related, Severity
from terrace.model.source import dotted
from terrace.validate.fixes import removal
from terrace.validate.rule import Example, Hit, Overlay, rule

GOOD = (
    Example({"environments/base/app.yaml": "branding:\n  labels: {}\n"}),
    Example(
        {
            "environments/base/app.yaml": "branding:\n  labels:\n    city: Basel\n",
            "tenants/acme/staging/app.yaml": "branding:\n  labels: null\n",
        }
    ),
)
BAD = (
    Example(
        {
            "environments/base/app.yaml": "branding:\n  labels:\n    city: Basel\n",
            "tenants/acme/staging/app.yaml": "branding:\n  labels: {}\n",
        },
        "tenants/acme/staging/app.yaml:2",
        "branding.labels",
    ),
    Example({"environments/staging/shared.yaml": "server: {}\n"}, "environments/staging/shared.yaml:1", "server"),
)


@rule("SCH011", "empty map that changes nothing", on="overlay", severity=Severity.WARNING)
def check(leaf: Overlay) -> Iterator[Hit]:
    """Every `{}` that lies over a map with something in it."""
    if leaf.value != {} or not isinstance(leaf.value, dict):
        return
    over = next((below for below in leaf.below if below.value and isinstance(below.value, dict)), None)
    if over is None:
        return
    related = (Related(over.layer.document.at(leaf.pointer), "the map it inherits"),) if over.layer else ()
    message = f"{dotted(leaf.pointer)}: {{}} changes nothing, for maps merge"
    hint = "Write null to remove what is inherited, or delete the line."
    everywhere = all(below.value and isinstance(below.value, dict) for below in leaf.below)
    fix = removal(leaf.document, leaf.pointer) if everywhere else None
    yield Hit(message, leaf.document.at(leaf.pointer), leaf.pointer, hint, related, fix)
