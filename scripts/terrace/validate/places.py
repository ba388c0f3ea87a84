"""What a file is for, by its path: which layer it belongs to, which service and environment it speaks of."""

from __future__ import annotations

from terrace.model.entities import Files, Repository, Tenant
from terrace.model.service import Contract
from terrace.model.source import Document
from terrace.validate.rule import LayerFile

DESCRIPTORS = ("environment.yaml", "tenant.yaml")


def layer_file(document: Document, repository: Repository, tenant: Tenant | None) -> LayerFile:
    """The document with its place in the repository. `kind` is `stray` where nothing reads a file of that path."""
    path = document.path
    folder, parts = _place(path, tenant)
    kind = "tenant" if tenant else "group" if path.startswith("tenants/_groups/") else "environment"
    environment: str | None = None
    service = parts[-1].removesuffix(".yaml")
    for suffix in (".secrets", ".local"):
        if service.endswith(suffix):
            service = service.removesuffix(suffix)
            kind = "local" if suffix == ".local" else kind
    if kind in ("environment", "local") and not tenant and path.startswith("environments/"):
        owner = folder.rsplit("/", 1)[-1]
        environment = None if owner == "base" else owner
        kind = "base" if owner == "base" else kind
        stray = len(parts) != 1 or folder == "environments"
    else:
        owner = folder.rsplit("/", 1)[-1]
        environment = parts[0] if len(parts) == 2 else None
        stray = len(parts) > 2 or folder in ("tenants", "tenants/_groups")
    if stray or not path.endswith(".yaml"):
        kind = "stray"
    return LayerFile(document, kind, service, environment, owner, _reached(service, document, repository), repository)


def plain_documents(files: Files) -> list[Document]:
    """The documents of layers, in the order of their paths: descriptors and secrets left out."""
    return [document for path, document in files.documents.items() if path.rsplit("/", 1)[-1] not in DESCRIPTORS]


def _place(path: str, tenant: Tenant | None) -> tuple[str, list[str]]:
    """The folder that owns a path, and the parts of the path below it."""
    if tenant:
        folder = tenant.folder
    else:
        depth = 3 if path.startswith("tenants/_groups/") else 2
        folder = "/".join(path.split("/")[:-1][:depth])
    return folder, path[len(folder) + 1 :].split("/")


def _reached(service: str, document: Document, repository: Repository) -> tuple[Contract, ...]:
    contracts = repository.contracts
    if service == "shared":
        return tuple(contract for contract in contracts.values() if contract.sections & document.value.keys())
    return (contracts[service],) if service in contracts else ()
