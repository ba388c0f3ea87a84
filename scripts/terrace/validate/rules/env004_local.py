"""# Local file where there must be none

A `<service>.local.yaml` lies outside of an environment of kind development, or was committed.

**Why.** It is what one developer needs on one machine, above everything else that is set. Anywhere but there it would
do nothing, or would override for all what nobody reviewed.

**Fix.** Delete it, or move what all need to the environment's own file. `*.local.yaml` belongs into `.gitignore`.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.source import Location
from terrace.validate.rule import Example, FilesView, Hit, LayerFile, rule

GOOD = (Example({"environments/development/app.local.yaml": "database:\n  port: 5433\n"}),)
BAD = (
    Example(
        {"environments/staging/app.local.yaml": "database:\n  port: 5433\n"}, "environments/staging/app.local.yaml"
    ),
    Example({"environments/base/app.local.yaml": "database:\n  port: 5433\n"}, "environments/base/app.local.yaml"),
    Example({"tenants/acme/app.local.yaml": "logging:\n  level: debug\n"}, "tenants/acme/app.local.yaml"),
    Example(
        {"environments/development/shared.local.yaml": "database:\n  port: 5433\n"},
        "environments/development/shared.local.yaml",
    ),
)


@rule("ENV004", "local file where there must be none", on="files")
def check(view: FilesView) -> Iterator[Hit]:
    """Every local file that is not a service's in a development environment, and every one in a commit."""
    for file in view.plain:
        path = file.document.path
        if file.kind != "local":
            continue
        if not _is_allowed(file):
            message = f"{path}: local files are for services in environments of kind development"
            yield Hit(message, Location(path), hint="Delete it, or make it a file of the environment.")
        elif view.repository.source.origin.revision:
            yield Hit(f"{path} was committed", Location(path), hint=f"git rm --cached {path}")


def _is_allowed(file: LayerFile) -> bool:
    environment = file.repository.environments.get(file.owner)
    inside = file.document.path.startswith("environments/") and file.service != "shared"
    return inside and environment is not None and environment.kind == "development"
