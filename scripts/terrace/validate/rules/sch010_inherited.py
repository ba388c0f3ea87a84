"""# Value that is inherited anyway

An overlay sets a key to the value that the key would have without it, in every target that the file reaches.

**Why.** The line does nothing today. It will do something on the day the inherited value changes and this target does
not follow, and by then nobody knows whether that was meant.

**Fix.** Remove the line; `terrace fix` does. If the value shall stay even if the inherited one changes, keep it and say
so: `port: 5432  # terrace: ignore[SCH010] this database will not move`

**Exceptions.** Values that an environment must set itself (`required_in`) may repeat what they inherit. Not judged are
sections of a `shared.yaml` that several services take, what another group sets as well, and secrets, whose inherited
values nobody can see.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from terrace.model.findings import Related, Severity
from terrace.model.source import dotted
from terrace.validate.fixes import removal
from terrace.validate.rule import NOTHING, Example, Hit, Overlay, rule

GOOD = (
    Example({"environments/base/app.yaml": "database:\n  port: 5432\n"}),
    Example({"tenants/acme/production/app.yaml": "database:\n  password: null\n"}, also=("SEC005", "TEN001")),
    Example({"environments/staging/shared.yaml": "logging:\n  level: debug\n"}),
    Example(
        {
            "environments/base/shared.yaml": "server:\n  public_url: https://www.harbourkitchen.com\n",
            "environments/staging/shared.yaml": "server:\n  public_url: https://staging.harbourkitchen.com\n",
            "environments/staging/app.yaml": "database:\n  host: db.staging.internal\n",
            "environments/development/app.yaml": "server:\n  public_url: http://localhost:8080\ndatabase:\n  host: localhost\n",
        }
    ),
    Example(
        {
            "environments/staging/shared.yaml": "logging:\n  level: warning\n",
            "tenants/acme/app.yaml": "logging:\n  level: info\n",
        }
    ),
)
BAD = (
    Example(
        {"environments/staging/shared.yaml": "database:\n  port: 5432\n"},
        "environments/staging/shared.yaml:2",
        "database.port",
    ),
    Example(
        {"tenants/acme/staging/app.yaml": "logging:\n  level: warning\n"},
        "tenants/acme/staging/app.yaml:2",
        "logging.level",
    ),
    Example(
        {"tenants/_groups/silver/app.yaml": "branding:\n  support_email: null\n"},
        "tenants/_groups/silver/app.yaml:2",
        "branding.support_email",
    ),
)


@rule("SCH010", "value that is inherited anyway", on="overlay", severity=Severity.INFO)
def check(leaf: Overlay) -> Iterator[Hit]:
    """Every leaf of an overlay without which no effective configuration would be another."""
    if leaf.services > 1 or leaf.others:
        return
    if leaf.field is not None and (leaf.field.required_in or leaf.field.secret):
        return
    if not all(_same(leaf.value, below.value) for below in leaf.below):
        return
    name = dotted(leaf.pointer)
    message = f"{name} is {'not set' if leaf.value is None else 'the same'} without this line"
    layer = leaf.below[0].layer
    related = (Related(layer.document.at(leaf.pointer), "it is inherited from here"),) if layer else ()
    location = leaf.document.at(leaf.pointer)
    yield Hit(message, location, leaf.pointer, "Remove it.", related, removal(leaf.document, leaf.pointer))


def _same(value: Any, below: Any) -> bool:
    """Whether a file would say the same with either. Null over nothing removes nothing; 1, 1.0 and true are three."""
    if value is None:
        return below is None or below is NOTHING
    if isinstance(value, list) and isinstance(below, list):
        return len(value) == len(below) and all(map(_same, value, below))
    if isinstance(value, dict) and isinstance(below, dict):
        return value.keys() == below.keys() and all(_same(inner, below[key]) for key, inner in value.items())
    return type(value) is type(below) and bool(value == below)
