"""# Two tenants with one name

Two folders, at different places below `tenants/`, have the same name and each a `tenant.yaml`.

**Why.** A tenant is known by the name of its folder alone: in bundles, in the loader, in `--tenant`. One of the two
would be delivered as the other.

**Fix.** Rename one of the folders. The name that people read is `display_name`, and may be the same.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.entities import Repository
from terrace.model.findings import Related
from terrace.model.source import Location
from terrace.validate.rule import Example, Hit, rule

_ZEN = "services: [app]\nenvironments: [staging]\n"
GOOD = (Example({"tenants/emea/zen/tenant.yaml": _ZEN, "tenants/apac/zen-jp/tenant.yaml": _ZEN}),)
BAD = (
    Example(
        {"tenants/emea/zen/tenant.yaml": _ZEN, "tenants/apac/zen/tenant.yaml": _ZEN}, "tenants/emea/zen/tenant.yaml"
    ),
)


@rule("TEN002", "two tenants with one name", on="repository")
def check(repository: Repository) -> Iterator[Hit]:
    """Every tenant whose name another one has already."""
    for folder, first in repository.duplicates.items():
        name = folder.rsplit("/", 1)[-1]
        related = (Related(Location(f"{first}/tenant.yaml"), "the other one"),)
        message = f"two tenants are named '{name}': {first} and {folder}"
        yield Hit(message, Location(f"{folder}/tenant.yaml"), hint="Rename one of the folders.", related=related)
