"""# Value that the environment must set itself

The contract says `required_in` of a field: environments of this kind must set it themselves. The value of a target
comes from somewhere else instead: from `environments/base`, from a group or tenant in general, from the schema's
default, or from nowhere.

**Why.** Shared layers are written with every environment in mind, which means: with development in mind. For some
values nobody should be able to forget production, and a default that is good enough for a laptop hides the omission.

**Fix.** Set the value in the environment's own file, which the finding names. An environment that it extends counts,
and so does the folder of the environment inside a group or a tenant.

**Exceptions.** A section that the contract makes optional asks for nothing while it is absent. If production may run
with a shared value after all, take `required_in` out of the contract.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.findings import Related
from terrace.model.layers import EffectiveConfig
from terrace.model.service import Field
from terrace.model.source import Pointer, dotted
from terrace.validate.identities import places
from terrace.validate.rule import Example, Hit, TargetView, rule

_HOST = "database:\n  host: db.production.internal\n"

GOOD = (
    Example({"environments/base/app.yaml": "server:\n  public_url: https://dev.harbourkitchen.com\n"}),
    Example(
        {
            "environments/production-eu/environment.yaml": "kind: production\nprotected: true\nextends: production\n",
            "environments/production-eu/app.yaml": "database:\n  host: db.production-eu.internal\n",
        }
    ),
    Example(
        {
            "environments/production/app.yaml": "database:\n  host: db.production.internal\n",
            "environments/production/shared.yaml": "server:\n  public_url: https://www.harbourkitchen.com\n",
        }
    ),
)
BAD = (
    Example(
        {
            "environments/base/app.yaml": "server:\n  public_url: https://shop.harbourkitchen.com\n",
            "environments/production/app.yaml": _HOST,
        },
        "environments/production/app.yaml:1",
        "server.public_url",
    ),
    Example(
        {
            "environments/base/app.yaml": "server:\n  public_url: https://shop.harbourkitchen.com\n",
            "environments/production-eu/environment.yaml": "kind: production\nprotected: true\n",
            "environments/production-eu/app.yaml": "database:\n  host: db.production-eu.internal\nserver:\n  workers: 8\n",
        },
        "environments/production-eu/app.yaml:4",
        "server.public_url",
    ),
)


@rule("LEAK002", "value that the environment must set itself", on="target", about="required_in")
def check(view: TargetView) -> Iterator[Hit]:
    """Every field that must be set by an environment of this kind, and is not."""
    for field in view.facts.fields(view.contract, "required_in").fields:
        if view.environment.kind not in field.required_in or field.pointer[-1:] in ((), ("*",), (0,)):
            continue
        for parent, section in places(field.pointer[:-1], view.config.values):
            pointer = (*parent, field.pointer[-1])
            if (
                isinstance(section, dict)
                and not _is_set(view.config, pointer)
                and not _is_missing(view, field, section)
            ):
                yield _hit(view, pointer)


def _is_set(config: EffectiveConfig, pointer: Pointer) -> bool:
    """Whether a layer of an environment sets the place, and no stronger layer takes it away again."""
    for said in config.contributions(pointer):
        if said.value is None:
            return False
        if said.layer.environment is not None:
            return True
    return False


def _is_missing(view: TargetView, field: Field, section: dict[str, object]) -> bool:
    """Whether the schema requires the value and there is none: then the schema speaks."""
    above = view.contract.field(field.pointer[:-1])
    return field.pointer[-1] not in section and above is not None and field.pointer[-1] in above.required


def _hit(view: TargetView, pointer: Pointer) -> Hit:
    environment = view.environment.name
    shared = view.facts.config(view.config.target.service, environment).winner(pointer)
    field = view.contract.field(pointer)
    if shared:
        instead = "only environments/base does"
    else:
        instead = "there is only the schema's default" if field and field.has_default else "nothing does"
    place = view.supply(pointer)
    return Hit(
        f"{environment} must set {dotted(pointer)} itself; {instead}",
        place,
        pointer,
        f"Set {dotted(pointer)} in {place.path}.",
        (Related(shared.location, f"the value that {environment} would use"),) if shared else (),
    )
