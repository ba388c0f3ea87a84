"""# Development key that opens production

The key of one application opens the secrets of an environment of kind production, and those of a lesser environment.

**Why.** Such a key lies where development is easy to reach: on laptops, in pipelines that run on every pull request. Whoever
takes it there has production's secrets.

**Fix.** Give production a key of its own: `terrace secrets init NAME --kind workload --env production`, and take the shared one out of
production's `recipients`.

**Exceptions.** People and recovery keys may open both: a person holds one key. That a person's laptop opens production is
decided in the register, by `environments`.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.entities import KINDS, Repository
from terrace.model.recipients import FILE
from terrace.validate.rule import Example, Hit, rule
from terrace.validate.sealed_text import APP, NOTES, REGISTER, SEALED

_APP = "  app: {kind: workload, owner: team-app, since: 2026-01-01, environments: "
_BOTH = f"{REGISTER}{_APP}[development, production], key: {APP}}}\n"
_DEVELOPMENT = "environments/development/environment.yaml"
_PRODUCTION = "environments/production/environment.yaml"
_NAMED = "recipients: [app]\n"
GOOD = (
    Example(
        {
            FILE: f"{REGISTER}{_APP}[development], key: {APP}}}\n",
            "environments/development/app.secrets.yaml": f"database:\n  password: {SEALED}\n{NOTES}",
        },
    ),
)
BAD = (
    Example(
        {
            FILE: _BOTH,
            _DEVELOPMENT: f"kind: development\n{_NAMED}",
            _PRODUCTION: f"kind: production\nprotected: true\n{_NAMED}",
        },
        f"{_PRODUCTION}:3",
        "recipients[0]",
        also=("SEC018", "SEC022"),
    ),
)


@rule("SEC013", "development key that opens production", on="repository")
def check(repository: Repository) -> Iterator[Hit]:
    """Every key of a workload that production and a lesser environment name, whatever it is called in each."""
    lesser: dict[str, str] = {}
    for environment in repository.environments.values():
        if environment.kind in KINDS and environment.kind != "production":
            lesser |= dict.fromkeys(_keys(repository, environment.recipients), environment.name)
    for environment in repository.environments.values():
        if environment.kind != "production" or environment.document is None:
            continue
        for index, name in enumerate(environment.recipients):
            for key in _keys(repository, (name,)) & lesser.keys():
                message = f"the key of '{name}' opens secrets of {lesser[key]}, and of {environment.name}"
                place = ("recipients", index)
                hint = "Give production a key of its own: terrace secrets init"
                yield Hit(message, environment.document.at(place), place, hint)


def _keys(repository: Repository, names: tuple[str, ...]) -> set[str]:
    known = repository.register.recipients
    found = [known[name] for name in names if name in known]
    return {each.key for each in found if each.kind == "workload" and not each.retired}
