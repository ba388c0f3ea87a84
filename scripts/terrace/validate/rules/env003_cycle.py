"""# Environments that extend each other in a circle

An environment extends itself, directly or through others.

**Why.** None of them is the one to begin with: which values win would depend on where one starts.

**Fix.** Let one of them extend none. What all of them share belongs to that one.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.entities import Repository
from terrace.model.findings import Related
from terrace.validate.rule import Example, Hit, rule

GOOD = (Example({"environments/preview/environment.yaml": "kind: staging\nextends: staging\n"}),)
BAD = (
    Example(
        {
            "environments/staging/environment.yaml": "kind: staging\nextends: preview\n",
            "environments/preview/environment.yaml": "kind: staging\nextends: staging\n",
        },
        "environments/preview/environment.yaml:2",
        "extends",
    ),
    Example(
        {"environments/staging/environment.yaml": "kind: staging\nextends: staging\n"},
        "environments/staging/environment.yaml:2",
        "extends",
    ),
)


@rule("ENV003", "environments that extend each other in a circle", on="repository")
def check(repository: Repository) -> Iterator[Hit]:
    """Every circle once, at the first of its environments by name."""
    for name in sorted(repository.environments):
        circle = _circle(repository, name)
        if not circle or name != min(circle):
            continue
        documents = [repository.environments[member].document for member in circle]
        locations = [document.at(("extends",)) for document in documents if document]
        related = tuple(Related(location, "and this") for location in locations[1:])
        message = f"environments extend each other in a circle: {' -> '.join([*circle, name])}"
        yield Hit(message, locations[0], ("extends",), "Let one of them extend none.", related)


def _circle(repository: Repository, name: str) -> list[str]:
    """The circle that `name` is in, beginning with it; empty if it is in none."""
    way: list[str] = []
    while name in repository.environments and name not in way:
        way.append(name)
        name = repository.environments[name].extends
    return way if way and name == way[0] else []
