"""# Name that a tenant or group cannot have

The folder of a tenant or group has a name that is reserved, begins with `_`, or holds other characters than `a` to `z`,
`0` to `9` and `-`.

**Why.** The name becomes part of file names, of Kubernetes objects and of addresses, and must be spelt there as here.

**Fix.** Rename the folder. How the tenant is called among people stands in `display_name`, in any script.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.source import Location
from terrace.validate.places import name_fault
from terrace.validate.rule import Example, FilesView, Hit, rule

_ZEN = "services: [app]\nenvironments: [staging]\n"
GOOD = (Example({"tenants/zen-2/tenant.yaml": _ZEN}),)
BAD = (
    Example({"tenants/Zen & Co/tenant.yaml": _ZEN}, "tenants/Zen & Co/tenant.yaml"),
    Example({"tenants/_groups/Silver/app.yaml": "logging:\n  level: info\n"}, "tenants/_groups/Silver/app.yaml"),
)


@rule("TEN004", "name that a tenant or group cannot have", on="files")
def check(view: FilesView) -> Iterator[Hit]:
    """The tenant, or every group, if its name is not allowed."""
    if view.tenant:
        fault = name_fault(view.tenant.name)
        if fault:
            location = Location(f"{view.tenant.folder}/tenant.yaml")
            yield Hit(f"tenant '{view.tenant.name}': the name {fault}", location, hint="Rename the folder.")
        return
    for group in view.repository.groups.values():
        fault = name_fault(group.name)
        first = next(path for path in view.files.paths if path.startswith(group.folder + "/"))
        if fault:
            yield Hit(f"group '{group.name}': the name {fault}", Location(first), hint="Rename the folder.")
