"""A folder or Git revision, read into a repository. What is wrong with a file becomes a finding; the others still load.

A large repository is worked through one tenant at a time: `common` reads what all tenants share, `tenant` one tenant's
files, and `load` everything at once for those who need it in memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from terrace import yamlio
from terrace.model.entities import KINDS, Environment, Files, Group, Repository, Tenant
from terrace.model.findings import Finding, Severity
from terrace.model.service import Contract
from terrace.model.source import Document, Location
from terrace.source import Entry, Source, Unreadable

ENVIRONMENTS = "environments"
TENANTS = "tenants"
GROUPS = "tenants/_groups"
GENERATED = "schemas/generated"
ENVIRONMENT_FILE = "environment.yaml"
TENANT_FILE = "tenant.yaml"


class Tree:
    """What a source holds, sorted into environments, groups and tenants, before any file is read."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.environments = source.entries(ENVIRONMENTS)
        self.schemas = [entry for entry in source.entries(GENERATED) if entry.path.endswith(".schema.json")]
        entries = source.entries(TENANTS)
        owners = {parent_of(entry.path) for entry in entries if name_of(entry.path) == TENANT_FILE}
        self.groups = [entry for entry in entries if entry.path.startswith(GROUPS + "/")]
        self.tenants: dict[str, list[Entry]] = {folder: [] for folder in sorted(owners)}
        self.strays: list[Entry] = []
        for entry in entries:
            if entry.path.startswith(GROUPS + "/"):
                continue
            owner = _owner(parent_of(entry.path), owners)
            (self.tenants[owner] if owner else self.strays).append(entry)

    @property
    def shared(self) -> list[Entry]:
        """Every entry that all tenants share: when one of them changes, every verdict is out of date."""
        return [*self.environments, *self.groups, *self.schemas, *self.strays]


def name_of(path: str) -> str:
    """The last part of a path."""
    return path[path.rfind("/") + 1 :]


def parent_of(path: str) -> str:
    """The folder of a path, empty at the top."""
    return path[: max(path.rfind("/"), 0)]


def load(source: Source) -> Repository:
    """The whole repository in memory, every tenant with its files."""
    tree = Tree(source)
    repository = common(tree)
    for folder in tree.tenants:
        found = tenant(tree, folder)
        repository.tenants.setdefault(found.name, found)
    return repository


def common(tree: Tree) -> Repository:
    """What all tenants share: environments, base, groups and contracts. No tenant is read yet, only named."""
    files = Files()
    _read(tree.source, tree.environments, files)
    _read(tree.source, tree.groups, files)
    _read(tree.source, tree.strays, files)
    environments = {
        name: _environment(name, files.documents.get(f"{ENVIRONMENTS}/{name}/{ENVIRONMENT_FILE}"))
        for name in _folders(tree.environments, ENVIRONMENTS)
        if name != "base"
    }
    groups = {name: Group(name, f"{GROUPS}/{name}") for name in _folders(tree.groups, GROUPS)}
    folders: dict[str, str] = {}
    for folder in tree.tenants:
        folders.setdefault(name_of(folder), folder)
    repository = Repository(tree.source, environments, groups, _contracts(tree, files), files, folders)
    repository.duplicates.update(
        {folder: folders[name_of(folder)] for folder in tree.tenants if folders[name_of(folder)] != folder}
    )
    return repository


def tenant(tree: Tree, folder: str) -> Tenant:
    """The tenant in `folder`, with its files read."""
    files = Files()
    _read(tree.source, tree.tenants[folder], files)
    document = files.documents.get(f"{folder}/{TENANT_FILE}")
    said = document.value if document else {}
    return Tenant(
        name=name_of(folder),
        folder=folder,
        display_name=_text(said.get("display_name")) or name_of(folder),
        groups=_texts(said.get("groups")),
        contact=_text(said.get("contact")),
        services=_texts(said.get("services")),
        environments=_texts(said.get("environments")),
        ring=_text(said.get("ring")),
        document=document,
        files=files,
    )


def _owner(folder: str, owners: set[str]) -> str:
    while folder and folder not in owners:
        folder = parent_of(folder)
    return folder


def _folders(entries: Iterable[Entry], root: str) -> list[str]:
    """The names of the folders directly below `root` that hold anything."""
    start = len(root) + 1
    return sorted({entry.path[start:].split("/", 1)[0] for entry in entries if "/" in entry.path[start:]})


def _read(source: Source, entries: Iterable[Entry], files: Files) -> None:
    """Read every YAML file of `entries` into `files`, and find what keeps a file from being read."""
    wanted = [entry for entry in entries if entry.path.endswith((".yaml", ".yml"))]
    for entry in entries:
        files.paths.append(entry.path)
    for entry, data in zip(wanted, source.read(wanted), strict=True):
        if isinstance(data, Unreadable):
            files.findings.append(_unreadable(entry, data))
            continue
        document, findings = yamlio.read(entry.path, data)
        files.findings.extend(findings)
        if entry.path.endswith(".secrets.yaml"):
            files.sealed[entry.path] = data
        if document is not None:
            (files.secrets if entry.path.endswith(".secrets.yaml") else files.documents)[entry.path] = document


def _unreadable(entry: Entry, reason: Unreadable) -> Finding:
    code = "SYN015" if entry.kind == "link" else "SYN016"
    return Finding(code, Severity.ERROR, f"{entry.path} {reason.reason}", Location(entry.path), hint=reason.hint)


def _environment(name: str, document: Document | None) -> Environment:
    said = document.value if document else {}
    order = said.get("order")
    destinations = said.get("destinations")
    return Environment(
        name=name,
        kind=said["kind"] if said.get("kind") in KINDS else "",
        extends=_text(said.get("extends")),
        order=order if isinstance(order, int) else 0,
        protected=said.get("protected") is True,
        description=_text(said.get("description")),
        owners=_texts(said.get("owners")),
        destinations=tuple(entry for entry in destinations if isinstance(entry, dict))
        if isinstance(destinations, list)
        else (),
        recipients=_texts(said.get("recipients")),
        document=document,
    )


def _contracts(tree: Tree, files: Files) -> dict[str, Contract]:
    contracts: dict[str, Contract] = {}
    for entry, data in zip(tree.schemas, tree.source.read(tree.schemas), strict=True):
        service = name_of(entry.path).removesuffix(".schema.json")
        if isinstance(data, Unreadable):
            files.findings.append(_unreadable(entry, data))
            continue
        schema = _schema(data)
        if schema is None:
            message = f"{entry.path} is not a JSON Schema"
            hint = "Make it anew: terrace schemas"
            files.findings.append(Finding("SCH008", Severity.ERROR, message, Location(entry.path), hint=hint))
            continue
        contracts[service] = Contract(service, schema, path=entry.path)
    return contracts


def _schema(data: bytes) -> dict[str, Any] | None:
    import orjson

    try:
        schema = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    return schema if isinstance(schema, dict) else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()
