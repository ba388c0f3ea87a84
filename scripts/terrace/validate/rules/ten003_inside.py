"""# Tenant inside of a tenant

A folder with a `tenant.yaml` lies in the folder of another tenant.

**Why.** Folders in a tenant's folder are named for environments. A tenant in there would be read as one of them, or
inherit from the outer one, which it does not: tenants share through groups.

**Fix.** Move the inner folder out. To order tenants, put them into a folder without a `tenant.yaml`.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.entities import Repository
from terrace.model.source import Location
from terrace.validate.rule import Example, Hit, rule

_ZEN = "services: [app]\nenvironments: [staging]\n"
GOOD = (Example({"tenants/emea/zen/tenant.yaml": _ZEN}),)
BAD = (Example({"tenants/acme/zen/tenant.yaml": _ZEN}, "tenants/acme/zen/tenant.yaml"),)


@rule("TEN003", "tenant inside of a tenant", on="repository")
def check(repository: Repository) -> Iterator[Hit]:
    """Every tenant's folder that is in another tenant's."""
    folders = {*repository.folders.values(), *repository.duplicates}
    for folder in folders:
        outer = folder.rsplit("/", 1)[0]
        while outer and outer not in folders:
            outer = outer.rpartition("/")[0]
        if outer:
            message = f"tenant {folder} lies inside of tenant {outer}"
            yield Hit(message, Location(f"{folder}/tenant.yaml"), hint="Move it out of the other tenant's folder.")
