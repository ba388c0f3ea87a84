"""# Unknown service

A tenant names a service, or a file is named for one, that has no contract.

**Why.** A file takes effect through its name. `bakend.yaml` is read by nobody, and everything in it looks as if it were
set.

**Fix.** Correct the name (the finding suggests the closest one). If the service is new, write its contract in
`schemas/<service>.py` and run `terrace schemas`; to let it in without one for now, see `terrace rules SCH009`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from terrace.model.closest import closest
from terrace.model.entities import Tenant
from terrace.model.source import Location, Pointer
from terrace.validate.places import services
from terrace.validate.rule import Example, FilesView, Hit, rule
from terrace.validate.sealed_text import NOTES

GOOD = (
    Example({"environments/staging/shared.yaml": "logging:\n  level: debug\n"}),
    Example(
        {
            "pyproject.toml": '[tool.terrace.services.legacy]\ncontract = "none"\n',
            "environments/base/legacy.yaml": "anything: goes\n",
        },
        also=("SCH009",),
    ),
)
BAD = (
    Example({"environments/production/ap.yaml": "server:\n  workers: 8\n"}, "environments/production/ap.yaml"),
    Example({"tenants/acme/staging/App.yaml": "logging:\n  level: info\n"}, "tenants/acme/staging/App.yaml"),
    Example({"environments/staging/ap.secrets.yaml": NOTES}, "environments/staging/ap.secrets.yaml"),
    Example(
        {"tenants/acme/tenant.yaml": "groups: [gold]\nservices: [apps]\nenvironments: [staging]\n"},
        "tenants/acme/tenant.yaml:2",
        "services[0]",
    ),
)


@rule("REF002", "unknown service", on="files")
def check(view: FilesView) -> Iterator[Hit]:
    """Every name of a service that there is not, in `tenant.yaml` and in the names of files."""
    known = services(view.repository)
    if view.tenant:
        yield from _of_tenant(view.tenant, known)
    for file in (*view.plain, *view.sealed):
        if file.kind != "stray" and file.service != "shared" and file.service not in known:
            message = f"{file.document.path} is named for service '{file.service}', which does not exist"
            yield Hit(message, Location(file.document.path), hint=_hint(file.service, known))


def _of_tenant(tenant: Tenant, known: Sequence[str]) -> Iterator[Hit]:
    named = tenant.document.value.get("services") if tenant.document else None
    for index, name in enumerate(named if isinstance(named, list) else ()):
        if isinstance(name, str) and name not in known and tenant.document:
            pointer: Pointer = ("services", index)
            message = f"tenant '{tenant.name}' names service '{name}', which does not exist"
            yield Hit(message, tenant.document.at(pointer), pointer, _hint(name, known))


def _hint(name: str, known: Sequence[str]) -> str:
    close = closest(name, known)
    new = f"If {name} is new, it needs its contract, and then: terrace schemas"
    return f"Did you mean '{close}'?" if close else f"There are: {', '.join(known)}. {new}"
