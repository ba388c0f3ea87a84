"""# Environment that extends a less guarded one

An environment extends one of another kind, or a protected environment extends one that is not.

**Why.** What an environment extends lies below it: a change there is a change here. Through a parent with fewer
approvals a change gets into an environment that asks for more.

**Fix.** Extend an environment of the same kind and protection. What environments of different kinds share belongs to
`environments/base/`.

**Exceptions.** A production environment that extends one of another kind is `LEAK001`.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.entities import Repository
from terrace.validate.rule import Example, Hit, rule

GOOD = (
    Example({"environments/eu/environment.yaml": "kind: production\nprotected: true\nextends: production\n"}),
    Example({"environments/preview/environment.yaml": "kind: staging\nextends: staging\n"}),
)
BAD = (
    Example(
        {
            "environments/preview/environment.yaml": "kind: staging\nextends: development\n",
            "environments/preview/app.yaml": "server:\n  public_url: https://preview.harbourkitchen.com\n",
        },
        "environments/preview/environment.yaml:2",
        "extends",
    ),
    Example(
        {"environments/demo/environment.yaml": "kind: staging\nextends: staging\nprotected: true\n"},
        "environments/demo/environment.yaml:2",
        "extends",
    ),
)


@rule("ENV002", "environment that extends a less guarded one", on="repository")
def check(repository: Repository) -> Iterator[Hit]:
    """Every `extends` from one kind to another, or from protected to not."""
    for environment in repository.environments.values():
        parent = repository.environments.get(environment.extends)
        if parent is None or environment.document is None or not (parent.kind and environment.kind):
            continue
        names = f"environment '{environment.name}' extends '{parent.name}'"
        if parent.kind == environment.kind and environment.protected and not parent.protected:
            message = f"{names}, which is not protected"
        elif parent.kind != environment.kind and environment.kind != "production":
            message = f"{names}, which is of kind {parent.kind}, not {environment.kind}"
        else:
            continue
        hint = "Extend an environment of the same kind and protection, or share through environments/base/."
        yield Hit(message, environment.document.at(("extends",)), ("extends",), hint)
