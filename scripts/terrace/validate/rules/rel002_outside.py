"""# Destination outside of the repository by a relative path

A destination's `directory` is relative, and leads out of the repository by way of `..`.

**Why.** Where it lies depends on where the repository happens to be checked out: beside this clone, beside another
one, beside the folder that CI made for one run. Releases that a service should read are then written where no service
looks, and nothing says so.

**Fix.** Name the folder from the root, as `/srv/shop/production`: every checkout means the same one then. For releases
that stay on this machine take a folder that Git ignores, as `.terrace/releases/production`.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from terrace.model.entities import Repository
from terrace.model.findings import Severity
from terrace.validate.rule import Example, Hit, rule

_STAGING = "environments/staging/environment.yaml"
GOOD = (
    Example({_STAGING: "kind: staging\ndestinations: [{directory: /srv/shop/staging}]\n"}),
    Example({_STAGING: "kind: staging\ndestinations: [{directory: live/../releases/staging}]\n"}),
    Example({_STAGING: "kind: staging\ndestinations: [{directory: ..releases}]\n"}),
)
BAD = (
    Example(
        {_STAGING: "kind: staging\ndestinations:\n  - directory: live/../../staging\n"},
        f"{_STAGING}:3",
        "destinations[0].directory",
    ),
)


@rule("REL002", "destination outside of the repository by a relative path", on="repository", severity=Severity.WARNING)
def check(repository: Repository) -> Iterator[Hit]:
    """Every relative folder that is not inside of the repository."""
    for name, environment in repository.environments.items():
        said = environment.document.value.get("destinations") if environment.document else None
        for index, entry in enumerate(said if isinstance(said, list) else ()):
            folder = entry.get("directory") if isinstance(entry, dict) else None
            if environment.document and isinstance(folder, str) and _leads_out(folder):
                pointer = ("destinations", index, "directory")
                message = f"{name}'s destination lies outside of the repository: where depends on the checkout"
                hint = "Name it from the root, as /srv/..., or take a folder inside."
                yield Hit(message, environment.document.at(pointer), pointer, hint)


def _leads_out(folder: str) -> bool:
    return posixpath.normpath(folder).split("/", 1)[0] == ".."
