"""# A lesser environment decides in production

A production environment extends one that is not production, so that layers of development, test or staging decide
values of production targets. There is one finding for each such pair of environments, at the `extends` that joins
them, and it names the values.

**Why.** Whoever works in the lesser environment changes production without knowing it, past the reviews and
protections that production has. No pattern can find this: the values may look perfectly fine.

**Fix.** Extend another production environment or none, and set the named values in production's own files. What all
environments have in common belongs into `environments/base/`.

**Exceptions.** None. A lesser environment whose every value production sets itself is not reported here.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.findings import Related
from terrace.validate.facts import named, won
from terrace.validate.rule import Example, Hit, TargetView, rule

GOOD = (
    Example(
        {
            "environments/production-eu/environment.yaml": "kind: production\nprotected: true\nextends: production\n",
            "environments/production-eu/app.yaml": "database:\n  host: db.production-eu.internal\n",
        }
    ),
    Example({"environments/staging/environment.yaml": "kind: staging\nextends: development\n"}, also=("ENV002",)),
    Example(
        {
            "environments/production/environment.yaml": "kind: production\nprotected: true\nextends: staging\n",
        }
    ),
)
BAD = (
    Example(
        {
            "environments/production/environment.yaml": "kind: production\nprotected: true\nextends: staging\n",
            "environments/staging/app.yaml": "server:\n  public_url: https://staging.harbourkitchen.com\ndatabase:\n  host: db.staging.internal\n  port: 6432\n",
        },
        "environments/production/environment.yaml:3",
        "extends",
    ),
    Example(
        {
            "environments/production/environment.yaml": "kind: production\nextends: development\n",
            "environments/development/shared.yaml": "logging:\n  level: error\n",
        },
        "environments/production/environment.yaml:2",
        "extends",
    ),
    Example(
        {
            "environments/production/environment.yaml": "kind: production\nextends: staging\n",
            "tenants/acme/staging/app.yaml": "cors:\n  origins: [https://acme.com]\n",
        },
        "environments/production/environment.yaml:2",
        "extends",
    ),
)


@rule("LEAK001", "lesser environment decides in production", on="target")
def check(view: TargetView) -> Iterator[Hit]:
    """Every lesser environment of which a layer decides something in a production target."""
    if not view.production:
        return
    for foreign in view.facts.foreign(view.environment):
        lesser, heir = foreign.environment, foreign.heir
        if heir.document is None or next(won(view.config, lesser.name), None) is None:
            continue
        what = f": {named(foreign)}" if foreign.leaves else ""
        shown = [(layer.document.at(pointer), service) for service, layer, pointer in foreign.leaves[:3]]
        yield Hit(
            f"{heir.name} takes values from {lesser.name}, which is of kind {lesser.kind}{what}",
            heir.document.at(("extends",)),
            ("extends",),
            f"Extend a production environment or none, and set the values in {heir.name} itself.",
            tuple(Related(place, f"decides in {heir.name} for {service}") for place, service in shown),
        )
