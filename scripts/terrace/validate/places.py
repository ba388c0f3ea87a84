"""What a file is for, by its path: which layer it belongs to, which service and environment it speaks of."""

from __future__ import annotations

from typing import NamedTuple

from terrace.model.entities import Files, Repository, Tenant
from terrace.model.recipients import FILE as REGISTER
from terrace.model.sealed_files import main_of
from terrace.model.service import Contract
from terrace.model.source import Document
from terrace.validate.rule import LayerFile

DESCRIPTORS = ("environment.yaml", "tenant.yaml")
RESERVED = frozenset({"base", "shared", "environment", "tenant"})
"""Names that mean something to Terrace, and so nothing else."""

_GROUPS = "tenants/_groups/"


class _Place(NamedTuple):
    kind: str
    owner: str
    below: tuple[str, ...]


def layer_file(document: Document, repository: Repository, tenant: Tenant | None) -> LayerFile:
    """The document with its place in the repository. `kind` is `stray` where nothing reads a file of that path."""
    kind, owner, below = _place(document.path, tenant)
    service = main_of(below[-1]).removesuffix(".yaml").removesuffix(".secrets").removesuffix(".ledger")
    environment = None
    if kind == "environment":
        environment = owner
    elif kind in ("group", "tenant") and len(below) == 2:
        environment = below[0]
    if service.endswith(".local") and kind != "stray":
        service, kind = service.removesuffix(".local"), "local"
    return LayerFile(
        document, kind, service, environment, owner, _reached(service, document, repository), repository, tenant
    )


def is_descriptor(path: str, tenant: Tenant | None) -> bool:
    """Whether an environment's `environment.yaml`, this tenant's `tenant.yaml` or the register stands at `path`."""
    if path == REGISTER:
        return True
    kind, _, below = _place(path, tenant)
    return (kind, *below) in (("environment", "environment.yaml"), ("tenant", "tenant.yaml"))


def plain_documents(files: Files) -> list[Document]:
    """The documents of layers, in the order of their paths: descriptors and secrets left out."""
    return [
        document
        for path, document in files.documents.items()
        if path.rsplit("/", 1)[-1] not in DESCRIPTORS and path != REGISTER
    ]


def services(repository: Repository) -> list[str]:
    """Every service that may be named: also those without a contract, or with one that could not be read."""
    generated = "schemas/generated/"
    unread = {
        finding.location.path.removeprefix(generated).removesuffix(".schema.json")
        for finding in repository.files.findings
        if finding.location.path.startswith(generated)
    }
    return sorted({*repository.contracts, *repository.uncontracted, *unread})


def name_fault(name: str) -> str:
    """Why an environment, tenant or group cannot have a name, in words that follow it; empty if it can."""
    if name in RESERVED:
        return "means something else to Terrace"
    if name.startswith("_"):
        return "begins with '_', and such names are reserved"
    if not set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-"):
        return "has other characters than a-z, 0-9 and '-'"
    return "begins or ends with '-'" if name.strip("-") != name else ""


def _place(path: str, tenant: Tenant | None) -> _Place:
    """Which kind of folder owns a path, the owner's name, and the parts of the path below the owner's folder."""
    parts = tuple(path.split("/"))
    if tenant:
        place = _Place("tenant", tenant.name, tuple(path[len(tenant.folder) + 1 :].split("/")))
    elif path.startswith(_GROUPS) and len(parts) > 3:
        place = _Place("group", parts[2], parts[3:])
    elif parts[0] == "environments" and len(parts) == 3:
        place = _Place("base" if parts[1] == "base" else "environment", parts[1], parts[2:])
    else:
        return _Place("stray", "", parts[-1:])
    return place if len(place.below) < 3 else _Place("stray", place.owner, parts[-1:])


def _reached(service: str, document: Document, repository: Repository) -> tuple[Contract, ...]:
    contracts = repository.contracts
    if service == "shared":
        return tuple(contract for contract in contracts.values() if contract.sections & document.value.keys())
    return (contracts[service],) if service in contracts else ()
