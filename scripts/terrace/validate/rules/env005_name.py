"""# Name that an environment cannot have

The folder of an environment has a name that is reserved, begins with `_`, or holds other characters than `a` to `z`,
`0` to `9` and `-`.

**Why.** The name becomes part of file names, of Kubernetes objects and of addresses, and must be spelt there as here.
`base`, `shared`, `environment` and `tenant` mean something else.

**Fix.** Rename the folder, and what refers to it: `extends`, `tenant.yaml` and the folders of tenants.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.entities import Repository
from terrace.model.source import Location
from terrace.validate.places import name_fault
from terrace.validate.rule import Example, Hit, rule

GOOD = (Example({"environments/staging-2/environment.yaml": "kind: staging\nextends: staging\n"}),)
BAD = (
    Example(
        {"environments/Staging_2/environment.yaml": "kind: staging\nextends: staging\n"},
        "environments/Staging_2/environment.yaml",
    ),
    Example({"environments/tenant/app.yaml": "logging:\n  level: info\n"}, "environments/tenant/environment.yaml"),
)


@rule("ENV005", "name that an environment cannot have", on="repository")
def check(repository: Repository) -> Iterator[Hit]:
    """Every environment whose name is not allowed."""
    for name in repository.environments:
        fault = name_fault(name)
        if fault:
            location = Location(f"environments/{name}/environment.yaml")
            yield Hit(f"environment '{name}': the name {fault}", location, hint="Rename the folder.")
