"""# Retired recipient that is still named

An environment or a tenant names a recipient that the register has as `retired`.

**Why.** Somebody left, or a laptop was lost. New secrets are no longer encrypted for the key, but the next reader of
the file believes that it is still trusted.

**Fix.** Take the name out: `terrace secrets recipients remove NAME` does, and encrypts the files anew.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.recipients import FILE
from terrace.model.source import Document
from terrace.validate.rule import Example, FilesView, Hit, rule
from terrace.validate.sealed_text import ANNA, REGISTER

_GONE = f"""\
{REGISTER}  anna:
    {{kind: person, key: {ANNA}, owner: anna, environments: [staging], since: 2026-01-01, retired: 2026-02-01}}
"""
_STAGING = "environments/staging/environment.yaml"
GOOD = (Example({FILE: _GONE}),)
BAD = (
    Example(
        {FILE: _GONE, _STAGING: "kind: staging\nrecipients: [anna]\n"},
        f"{_STAGING}:2",
        "recipients[0]",
    ),
    Example(
        {FILE: _GONE, "tenants/acme/tenant.yaml": "services: [app]\nenvironments: [staging]\nrecipients: [anna]\n"},
        "tenants/acme/tenant.yaml:3",
        "recipients[0]",
    ),
)


@rule("SEC014", "retired recipient that is still named", on="files")
def check(view: FilesView) -> Iterator[Hit]:
    """Every name of a retired recipient."""
    if view.tenant:
        yield from _of(view, view.tenant.document, view.tenant.recipients)
        return
    for environment in view.repository.environments.values():
        yield from _of(view, environment.document, environment.recipients)


def _of(view: FilesView, document: Document | None, names: tuple[str, ...]) -> Iterator[Hit]:
    for index, name in enumerate(names):
        found = view.repository.register.recipients.get(name)
        if found and found.retired and document:
            message = f"'{name}' was retired on {found.retired}"
            hint = f"Take it out: terrace secrets recipients remove {name}"
            yield Hit(message, document.at(("recipients", index)), ("recipients", index), hint)
