"""# Unknown recipient

An environment or a tenant names a recipient that is not in `recipients.yaml`.

**Why.** The register says whose a key is. A name that it does not know opens nothing: whoever was meant is locked out. A
key that is written out in its place is nobody's, and nobody notices when its owner leaves.

**Fix.** Correct the name (the finding suggests the closest one), or enter the recipient:
`terrace secrets recipients add`.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.closest import closest
from terrace.model.recipients import FILE
from terrace.model.source import Document
from terrace.validate.rule import Example, FilesView, Hit, rule
from terrace.validate.sealed_text import APP

_STAGING = "environments/staging/environment.yaml"
_TENANT = "tenants/acme/tenant.yaml"
GOOD = (Example({}),)
BAD = (
    Example({_STAGING: "kind: staging\nrecipients: [recovry]\n"}, f"{_STAGING}:2", "recipients[0]"),
    Example({_STAGING: f"kind: staging\nrecipients:\n  - {APP}\n"}, f"{_STAGING}:3", "recipients[0]"),
    Example(
        {_TENANT: "services: [app]\nenvironments: [staging]\nrecipients: [anna]\n"}, f"{_TENANT}:3", "recipients[0]"
    ),
)


@rule("SEC011", "unknown recipient", on="files")
def check(view: FilesView) -> Iterator[Hit]:
    """Every name that the register does not have."""
    if view.tenant:
        yield from _of(view, view.tenant.document, f"tenant '{view.tenant.name}'", view.tenant.recipients)
        return
    for environment in view.repository.environments.values():
        yield from _of(view, environment.document, f"environment '{environment.name}'", environment.recipients)


def _of(view: FilesView, document: Document | None, who: str, names: tuple[str, ...]) -> Iterator[Hit]:
    register = view.repository.register
    for index, name in enumerate(names):
        if document is None or name in register.recipients:
            continue
        written_out = name.startswith(("age1", "ssh-"))
        owner = register.by_key(name) if written_out else None
        close = owner.name if owner else closest(name, register.recipients)
        message = f"{who} names a key, not a recipient" if written_out else f"{who} names an unknown recipient '{name}'"
        hint = f"Did you mean '{close}'?" if close else f"Enter it in {FILE}: terrace secrets recipients add"
        yield Hit(message, document.at(("recipients", index)), ("recipients", index), hint)
