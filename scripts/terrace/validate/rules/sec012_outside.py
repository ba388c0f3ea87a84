"""# Recipient outside of its environments

An environment names a recipient that may not open its secrets: the register lists other environments for it.

**Why.** `environments` in `recipients.yaml` says where a key may be at most. Without that, one line in another file lets a
developer's laptop open production.

**Fix.** Take the name out of the environment's `recipients`. If it belongs there after all, the owners of the register
add the environment to its `environments`.

**Exceptions.** A recovery key may be everywhere. A tenant's recipient opens the tenant's files in those environments that
the register lists for it, and in no others; it is found only where that leaves none.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.recipients import FILE, Recipient
from terrace.model.source import Document
from terrace.validate.rule import Example, FilesView, Hit, rule
from terrace.validate.sealed_text import ANNA, REGISTER

_ANNA = (
    f"{REGISTER}  anna: {{kind: person, key: {ANNA}, owner: anna, environments: [development], since: 2026-01-01}}\n"
)
_PRODUCTION = "environments/production/environment.yaml"
_TENANT = "tenants/acme/tenant.yaml"
GOOD = (
    Example({FILE: _ANNA}),
    Example({_TENANT: "services: [app]\nenvironments: [staging]\nrecipients: [recovery]\n"}),
)
BAD = (
    Example(
        {FILE: _ANNA, _PRODUCTION: "kind: production\nprotected: true\nrecipients: [anna]\n"},
        f"{_PRODUCTION}:3",
        "recipients[0]",
    ),
    Example(
        {FILE: _ANNA, _TENANT: "services: [app]\nenvironments: [staging]\nrecipients: [anna]\n"},
        f"{_TENANT}:3",
        "recipients[0]",
    ),
)


@rule("SEC012", "recipient outside of its environments", on="files")
def check(view: FilesView) -> Iterator[Hit]:
    """Every name in a place that the register does not let it into."""
    if view.tenant:
        where = [name for name in view.tenant.environments if name in view.repository.environments]
        yield from _of(view, view.tenant.document, view.tenant.recipients, where, f"tenant '{view.tenant.name}'")
        return
    for environment in view.repository.environments.values():
        yield from _of(view, environment.document, environment.recipients, [environment.name], environment.name)


def _of(
    view: FilesView, document: Document | None, names: tuple[str, ...], environments: list[str], where: str
) -> Iterator[Hit]:
    for index, name in enumerate(names):
        found = view.repository.register.recipients.get(name)
        if document and found and not found.retired and not any(map(found.may_open, environments)):
            message = f"'{name}' may not open secrets of {where}: {_allowed(found)}"
            hint = f"Take it out, or have {FILE} let it in."
            yield Hit(message, document.at(("recipients", index)), ("recipients", index), hint)


def _allowed(recipient: Recipient) -> str:
    return f"the register lets it into {', '.join(recipient.environments) or 'no environment'}"
