"""# Overlay where the tenant is not

A tenant has a file for an environment or a service that its `tenant.yaml` does not name.

**Why.** The file reaches no target. Either the tenant was to be in that environment and is not, or it left and its
file stayed behind.

**Fix.** Name the environment or the service in `tenant.yaml`, or delete the file.

**Exceptions.** While `tenant.yaml` names an environment or service that does not exist, it may be this one, misspelt: only
that is reported.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.layering import lineage
from terrace.model.findings import Severity
from terrace.model.source import Location
from terrace.validate.places import services
from terrace.validate.rule import Example, FilesView, Hit, rule

_EU = "kind: production\nprotected: true\nextends: production\n"
GOOD = (
    Example({"tenants/acme/staging/app.yaml": "logging:\n  level: info\n"}),
    Example(
        {
            "environments/eu/environment.yaml": _EU,
            "tenants/acme/tenant.yaml": "groups: [gold]\nservices: [app]\nenvironments: [eu]\n",
            "tenants/acme/production/app.yaml": "logging:\n  level: info\n",
        }
    ),
    Example(
        {
            "tenants/acme/tenant.yaml": "groups: [gold]\nservices: [ap]\nenvironments: [stagging]\n",
            "tenants/acme/staging/app.yaml": "logging:\n  level: info\n",
        },
        also=("REF001", "REF002"),
    ),
)
BAD = (
    Example(
        {
            "tenants/acme/tenant.yaml": "groups: [gold]\nservices: [app]\nenvironments: [production]\n",
            "tenants/acme/staging/app.yaml": "logging:\n  level: info\n",
        },
        "tenants/acme/staging/app.yaml",
    ),
    Example(
        {"tenants/acme/tenant.yaml": "groups: [gold]\nservices: []\nenvironments: [production]\n"},
        "tenants/acme/app.yaml",
    ),
)


@rule("REF006", "overlay where the tenant is not", on="files", severity=Severity.WARNING)
def check(view: FilesView) -> Iterator[Hit]:
    """Every file of a tenant for an environment or service that the tenant is not in."""
    tenant, repository = view.tenant, view.repository
    if tenant is None or tenant.document is None:
        return
    reached = {parent.name for name in tenant.environments for parent in lineage(repository, name)}
    known = services(repository)
    misspelt_environment = not repository.environments.keys() >= set(tenant.environments)
    misspelt_service = not set(known) >= set(tenant.services)
    for file in (*view.plain, *view.sealed):
        location, name = Location(file.document.path), file.environment
        if name in repository.environments and name not in reached and not misspelt_environment:
            message = f"tenant '{tenant.name}' is not in environment '{name}'"
            yield Hit(message, location, hint=f"Add {name} to environments in tenant.yaml, or delete the file.")
        elif file.service in known and file.service not in tenant.services and not misspelt_service:
            message = f"service '{file.service}' does not serve tenant '{tenant.name}'"
            yield Hit(message, location, hint=f"Add {file.service} to services in tenant.yaml, or delete the file.")
