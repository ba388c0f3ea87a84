"""# Environment without environment.yaml

A folder under `environments/` has no `environment.yaml`.

**Why.** The kind of an environment decides which rules guard it. A folder that does not say what it is may be a
misspelt one, so it is not checked as an environment, and nothing is deployed from it.

**Fix.** Write `environments/<name>/environment.yaml` with its `kind`: development, test, staging or production. If the
folder's name is misspelt, move its files.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.entities import Repository
from terrace.model.source import Location
from terrace.validate.places import name_fault
from terrace.validate.rule import Example, Hit, rule

GOOD = (Example({"environments/quality/environment.yaml": "kind: staging\nextends: staging\n"}),)
BAD = (
    Example({"environments/prodution/app.yaml": "server:\n  workers: 8\n"}, "environments/prodution/environment.yaml"),
)


@rule("ENV001", "environment without environment.yaml", on="repository")
def check(repository: Repository) -> Iterator[Hit]:
    """Every environment's folder that does not say what it is."""
    paths = set(repository.files.paths)
    for name in repository.environments:
        path = f"environments/{name}/environment.yaml"
        if path not in paths and f"environments/{name}/environment.yml" not in paths and not name_fault(name):
            hint = "Say what it is: kind: development, test, staging or production."
            yield Hit(f"environments/{name} has no environment.yaml", Location(path), hint=hint)
