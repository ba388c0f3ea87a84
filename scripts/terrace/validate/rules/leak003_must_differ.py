"""# Same value in environments that must differ

The contract says `must_differ` of a field, and environments of different kinds have the same value for the same
service and tenant.

**Why.** Two environments with one database, one bucket or one account are one environment: what is tried out in the
lesser one happens to customers.

**Fix.** Give each kind of environment a value of its own. Which of the two is wrong only you can know; the finding
stands at the more guarded one (or at the layer that both share), with the other place beside it.

**Exceptions.** Environments of the same kind may share a value, as `production-eu` may with `production`. Empty values
are not compared, and neither are secrets, which nobody can compare without their keys. A
value that came by an `extends` across kinds is that mistake (LEAK001, ENV002), not this one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from terrace.model.entities import KINDS
from terrace.model.findings import Related
from terrace.model.layers import Contribution, EffectiveConfig, LayerKind, Target, value_at
from terrace.model.source import Location, Pointer, dotted
from terrace.validate.facts import repeated
from terrace.validate.rule import Example, Family, Hit, rule, supply

_STAGING = "server:\n  public_url: https://staging.harbourkitchen.com\ndatabase:\n  host: db.staging.internal\n"

GOOD = (
    Example(
        {
            "environments/production-eu/environment.yaml": "kind: production\nprotected: true\nextends: production\n",
            "environments/production-eu/app.yaml": "database:\n  host: db.production-eu.internal\n",
        }
    ),
    Example({"environments/production/app.yaml": _STAGING.replace("staging.harbour", "www.harbour")}),
    Example({"environments/qa/environment.yaml": "kind: staging\n", "environments/qa/app.yaml": _STAGING}),
)
BAD = (
    Example(
        {"environments/production/app.yaml": _STAGING.replace("db.staging", "db.production")},
        "environments/production/app.yaml:2",
        "server.public_url",
    ),
    Example(
        {
            "environments/base/app.yaml": "server:\n  workers: 2\n  public_url: https://shop.harbourkitchen.com\n",
            "environments/staging/app.yaml": "database:\n  host: db.staging.internal\n",
            "environments/development/app.yaml": "database:\n  host: localhost\n",
        },
        "environments/base/app.yaml:3",
        "server.public_url",
    ),
    Example(
        {
            "tenants/acme/production/app.yaml": "server:\n  public_url: https://acme.com\n",
            "tenants/acme/staging/app.yaml": "server:\n  workers: 2\n  public_url: https://acme.com\n",
        },
        "tenants/acme/production/app.yaml:2",
        "server.public_url",
        also=("TEN001",),
    ),
)

Configs = Mapping[str, EffectiveConfig]


class _Alike(NamedTuple):
    """Environments that have one value, the most guarded first, and who gave it to each (None: the default)."""

    value: Any
    winners: dict[str, Contribution | None]


@rule("LEAK003", "same value in environments that must differ", on="across", about="must_differ")
def check(family: Family) -> Iterator[Hit]:
    """Every value that environments of different kinds share where the contract says they must differ."""
    for pointer in _repeated(family):
        for alike in _alike(family, family.configs, pointer):
            yield _hit(family, pointer, alike if _is_its_own(family, alike) else _common(family, pointer, alike))


def _repeated(family: Family) -> Iterable[Pointer]:
    """The places where two environments have one value: those of the environments, and what the tenant's files set."""
    fields, configs = family.facts.fields(family.contract, "must_differ"), family.configs.values()
    if not all(config.refines for config in configs if config.beneath) or family.tenant is None:
        return dict.fromkeys(repeated(fields, configs))
    layers = dict.fromkeys(layer for config in configs for layer in config.overlays)
    own = {pointer for layer in layers for _, pointer, _ in fields.find(layer.values)}
    return sorted(own | family.facts.repeated(family.contract), key=str)


def _alike(family: Family, configs: Configs, pointer: Pointer) -> Iterator[_Alike]:
    """The values at `pointer` that environments of different kinds have in common."""
    found: list[_Alike] = []
    guarded = sorted(configs, key=lambda name: (-_rank(family.kind(name)), name))
    for environment in guarded:
        value = value_at(configs[environment].values, pointer)
        winner = configs[environment].winner(pointer)
        if value in (None, "", [], {}) or (winner and _came_by_extends(family, environment, winner)):
            continue
        same = next((alike for alike in found if alike.value == value), None)
        if same is None:
            found.append(same := _Alike(value, {}))
        same.winners[environment] = winner
    for alike in found:
        if len({family.kind(environment) for environment in alike.winners}) > 1:
            yield alike


def _came_by_extends(family: Family, environment: str, winner: Contribution) -> bool:
    """Whether an environment has the value from one of another kind that it extends: then `extends` is the mistake."""
    giver = winner.layer.environment
    return giver is not None and family.kind(giver) != family.kind(environment)


def _rank(kind: str) -> int:
    return KINDS.index(kind) if kind in KINDS else -1


def _is_its_own(family: Family, alike: _Alike) -> bool:
    """Whether the family has the value of its own; otherwise it shares the mistake of its environments."""
    kinds = {winner.layer.kind for winner in alike.winners.values() if winner}
    return family.tenant is None or bool(kinds & {LayerKind.GROUP, LayerKind.TENANT})


def _common(family: Family, pointer: Pointer, alike: _Alike) -> _Alike:
    """The same value in all environments, also those that the tenant is not in, so that the mistake is told once."""
    environments = family.repository.environments
    configs = {name: family.facts.config(family.service, name) for name in environments}
    return next((common for common in _alike(family, configs, pointer) if common.value == alike.value), alike)


def _hit(family: Family, pointer: Pointer, alike: _Alike) -> Hit:
    environments = list(alike.winners)
    located = [(_place(family, name, pointer, alike.winners[name]), name) for name in environments]
    others = {place: name for place, name in reversed(located) if place != located[0][0]}
    return Hit(
        f"{dotted(pointer)} is the same in {', '.join(environments[:-1])} and {environments[-1]}, which must differ",
        located[0][0],
        pointer,
        "Give each kind of environment a value of its own.",
        tuple(Related(place, f"the same value in {name}") for place, name in reversed(others.items())),
    )


def _place(family: Family, environment: str, pointer: Pointer, winner: Contribution | None) -> Location:
    return winner.location if winner else supply(family.repository, Target(family.service, environment), pointer)
