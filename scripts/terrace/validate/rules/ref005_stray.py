"""# File in a place that nothing reads

A YAML file lies where no layer is: directly in `environments/` or `tenants/`, in a folder too deep, in a folder of
`tenants/` that has no `tenant.yaml`, or it is an `environment.yaml` or `tenant.yaml` in another folder than its own.

**Why.** It changes nothing, and looks like configuration that is in force.

**Fix.** Move it to where the finding says, or delete it.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.source import Location
from terrace.validate.places import DESCRIPTORS, is_descriptor
from terrace.validate.rule import Example, FilesView, Hit, rule

GOOD = (Example({"tenants/emea/zen/tenant.yaml": "services: [app]\nenvironments: [staging]\n"}),)
BAD = (
    Example({"environments/app.yaml": "server:\n  workers: 8\n"}, "environments/app.yaml"),
    Example({"environments/production/eu/app.yaml": "server:\n  workers: 8\n"}, "environments/production/eu/app.yaml"),
    Example(
        {
            "tenants/zen/app.yaml": "logging:\n  level: info\n",
            "tenants/zen/staging/app.yaml": "logging:\n  level: info\n",
        },
        "tenants/zen/app.yaml",
    ),
    Example({"tenants/_groups/app.yaml": "logging:\n  level: info\n"}, "tenants/_groups/app.yaml"),
    Example({"tenants/acme/staging/more/app.yaml": "logging:\n  level: info\n"}, "tenants/acme/staging/more/app.yaml"),
    Example({"tenants/acme/staging/environment.yaml": "kind: staging\n"}, "tenants/acme/staging/environment.yaml"),
)


@rule("REF005", "file in a place that nothing reads", on="files")
def check(view: FilesView) -> Iterator[Hit]:
    """Every plain file that is no layer and describes nothing; of a folder without a tenant, the first."""
    strays = [file.document.path for file in view.plain if file.kind == "stray"]
    strays += [
        path
        for path in view.files.documents
        if path.rsplit("/", 1)[-1] in DESCRIPTORS and not is_descriptor(path, view.tenant)
    ]
    folders: set[str] = set()
    for path in sorted(strays):
        parts = path.split("/")
        nobody = view.tenant is None and parts[0] == "tenants" and parts[1] != "_groups" and len(parts) > 2
        if nobody and parts[1] in folders:
            continue
        if nobody:
            folders.add(parts[1])
        yield Hit(f"nothing reads {path}", Location(path), hint=_hint(parts, nobody=nobody))


def _hint(parts: list[str], *, nobody: bool) -> str:
    name = parts[-1]
    if name in DESCRIPTORS:
        return "An environment.yaml stands in environments/<environment>/, a tenant.yaml in the tenant's own folder."
    if nobody:
        return f"If tenants/{parts[1]} is a tenant, give it a tenant.yaml."
    if parts[0] == "environments":
        return f"Files of environments stand in environments/<environment>/{name}."
    owner = "tenants/_groups/<group>" if parts[1] == "_groups" else "<tenant>"
    return f"Move it to {owner}/{name} or {owner}/<environment>/{name}."
