"""# Unknown environment

A tenant, an `extends` or a folder names an environment that does not exist.

**Why.** A tenant that is in `prod` where the environment is called `production` is in no environment at all, and a
folder of overlays with a misspelt name is read by nobody.

**Fix.** Correct the name (the finding suggests the closest one), or make the environment:
`environments/<name>/environment.yaml`.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.closest import closest
from terrace.model.entities import Repository, Tenant
from terrace.model.source import Location, Pointer
from terrace.validate.rule import Example, FilesView, Hit, rule

GOOD = (
    Example({"tenants/acme/staging/app.yaml": "branding:\n  support_email: null\n"}),
    Example({"environments/eu/environment.yaml": "kind: production\nprotected: true\nextends: production\n"}),
)
BAD = (
    Example(
        {"tenants/acme/tenant.yaml": "groups: [gold]\nservices: [app]\nenvironments: [staging, prodction]\n"},
        "tenants/acme/tenant.yaml:3",
        "environments[1]",
    ),
    Example(
        {"environments/staging/environment.yaml": "kind: staging\nextends: stagging\n"},
        "environments/staging/environment.yaml:2",
        "extends",
    ),
    Example(
        {
            "tenants/acme/prod/app.yaml": "branding:\n  support_email: prod@acme.com\n",
            "tenants/acme/prod/shared.yaml": "logging:\n  level: error\n",
        },
        "tenants/acme/prod/app.yaml",
    ),
    Example({"tenants/_groups/gold/prod/app.yaml": "logging:\n  level: error\n"}, "tenants/_groups/gold/prod/app.yaml"),
)


@rule("REF001", "unknown environment", on="files")
def check(view: FilesView) -> Iterator[Hit]:
    """Every name of an environment that there is not; a folder with several files is named once, at its first."""
    known = view.repository.environments
    yield from _of_tenant(view.tenant, view.repository) if view.tenant else _of_environments(view.repository)
    seen: set[str] = set()
    for file in (*view.plain, *view.sealed):
        name, path = file.environment, file.document.path
        folder = path.rsplit("/", 1)[0]
        if name is not None and name not in known and folder not in seen:
            seen.add(folder)
            message = f"the folder '{name}' of {file.kind} '{file.owner}' is named for no environment"
            yield Hit(message, Location(path), hint=_hint(name, view.repository))


def _of_tenant(tenant: Tenant, repository: Repository) -> Iterator[Hit]:
    named = tenant.document.value.get("environments") if tenant.document else None
    for index, name in enumerate(named if isinstance(named, list) else ()):
        if isinstance(name, str) and name not in repository.environments and tenant.document:
            pointer: Pointer = ("environments", index)
            message = f"tenant '{tenant.name}' names environment '{name}', which does not exist"
            yield Hit(message, tenant.document.at(pointer), pointer, _hint(name, repository))


def _of_environments(repository: Repository) -> Iterator[Hit]:
    for environment in repository.environments.values():
        parent = environment.extends
        if parent and parent not in repository.environments and environment.document:
            message = f"environment '{environment.name}' extends '{parent}', which does not exist"
            yield Hit(message, environment.document.at(("extends",)), ("extends",), _hint(parent, repository))


def _hint(name: str, repository: Repository) -> str:
    close = closest(name, repository.environments)
    known = ", ".join(sorted(repository.environments))
    return f"Did you mean '{close}'?" if close else f"There are: {known}."
