"""A folder or Git revision, read into a repository. What is wrong with a file becomes a finding; the others still load.

A large repository is worked through one tenant at a time: `common` reads what all tenants share, `tenant` one tenant's
files, and `load` everything at once for those who need it in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

from terrace.model.closest import named
from terrace.model.entities import KINDS, Environment, Files, Group, Repository, Tenant
from terrace.model.findings import Finding, Severity
from terrace.model.private_keys import exposures
from terrace.model.recipients import FILE as REGISTER
from terrace.model.recipients import register_of
from terrace.model.sealed_files import is_ledger, is_proposal, is_secrets, main_of
from terrace.model.service import Contract
from terrace.model.source import Document, Location, Pointer, Spans
from terrace.model.variants import made_from
from terrace.source import Entry, Source, Unreadable

ENVIRONMENTS = "environments"
TENANTS = "tenants"
GROUPS = "tenants/_groups"
FLAGS = "flags"
LOADED = (ENVIRONMENTS, TENANTS, FLAGS)
"""The folders of which every file is read."""
SCHEMAS = "schemas"
GENERATED = "schemas/generated"
ENVIRONMENT_FILE = "environment.yaml"
TENANT_FILE = "tenant.yaml"
SETTINGS = "pyproject.toml"
SOPS_RULES = ".sops.yaml"
FLAG_TYPES = "schemas/generated/flags.json"
"""The type of every flag that there ever was, but those that are archived."""
DESCRIPTORS = ("environment.schema.json", "tenant.schema.json", "recipients.schema.json", "flags.schema.json")


class Tree:
    """What a source holds, sorted into environments, groups and tenants, before any file is read.

    `only` names the folders of tenants to look at, for those who know which ones they need; by default all of them.
    """

    def __init__(self, source: Source, *, only: Sequence[str] | None = None) -> None:
        self.source = source
        self.is_part = only is not None
        self.environments = source.entries(ENVIRONMENTS)
        schemas = source.entries(SCHEMAS)
        self.schemas = [entry for entry in schemas if entry.path != FLAG_TYPES]
        self.flag_types = [entry for entry in schemas if entry.path == FLAG_TYPES]
        self.flags = source.entries(FLAGS)
        self.settings = source.entries(SETTINGS)
        self.register = source.entries(REGISTER)
        self.sops_rules = source.entries(SOPS_RULES)
        if only is None:
            entries = source.entries(TENANTS)
            self.groups = [entry for entry in entries if entry.path.startswith(GROUPS + "/")]
            below = [entry for entry in entries if not entry.path.startswith(GROUPS + "/")]
        else:
            self.groups = source.entries(GROUPS)
            below = [entry for folder in only for entry in source.entries(folder)]
        owners = {parent_of(entry.path) for entry in below if name_of(entry.path) == TENANT_FILE}
        self.tenants: dict[str, list[Entry]] = {folder: [] for folder in sorted(owners)}
        self.strays: list[Entry] = []
        for entry in below:
            owner = _owner(parent_of(entry.path), owners)
            (self.tenants[owner] if owner else self.strays).append(entry)

    @property
    def shared(self) -> list[Entry]:
        """Every entry that all tenants share: when one of them changes, every verdict is out of date.

        Flags are not among them: no configuration follows from them.
        """
        top = [*self.settings, *self.register, *self.sops_rules]
        return [*top, *self.environments, *self.groups, *self.schemas, *self.strays]


def name_of(path: str) -> str:
    """The last part of a path."""
    return path[path.rfind("/") + 1 :]


def is_of_flags(path: str) -> bool:
    """Whether a file is one of flags, or the register of their types: no configuration follows from it."""
    return path.startswith(f"{FLAGS}/") or path == FLAG_TYPES


def parent_of(path: str) -> str:
    """The folder of a path, empty at the top."""
    return path[: max(path.rfind("/"), 0)]


def load(source: Source) -> Repository:
    """The whole repository in memory, every tenant with its files."""
    tree = Tree(source)
    repository = common(tree)
    for tenant in tenants(tree, tree.tenants):
        repository.tenants.setdefault(tenant.name, tenant)
    return repository


def common(tree: Tree) -> Repository:
    """What all tenants share: environments, base, groups and contracts. No tenant is read yet, only named."""
    files = Files()
    read_into(tree.source, tree.environments, files)
    read_into(tree.source, tree.groups, files)
    read_into(tree.source, tree.strays, files)
    read_into(tree.source, tree.register, files)
    environments = {
        name: _environment(name, files.documents.get(f"{ENVIRONMENTS}/{name}/{ENVIRONMENT_FILE}"))
        for name in _folders(tree.environments, ENVIRONMENTS)
        if name != "base"
    }
    groups = {name: Group(name, f"{GROUPS}/{name}") for name in _folders(tree.groups, GROUPS)}
    folders: dict[str, str] = {}
    for folder in tree.tenants:
        folders.setdefault(name_of(folder), folder)
    return Repository(
        source=tree.source,
        environments=environments,
        groups=groups,
        contracts=_contracts(tree, files),
        files=files,
        folders=folders,
        tenants={},
        duplicates={folder: folders[name_of(folder)] for folder in tree.tenants if folders[name_of(folder)] != folder},
        uncontracted=_uncontracted(tree),
        register=register_of(files.documents.get(REGISTER)),
        sops_rules=_sops_rules(tree),
    )


def tenants(tree: Tree, folders: Iterable[str]) -> Iterator[Tenant]:
    """The tenants in `folders`, one after the other: what is read of one can be let go before the next."""
    names = list(folders)
    contents = tree.source.read([entry for folder in names for entry in tree.tenants[folder]])
    for folder in names:
        files = Files()
        entries = tree.tenants[folder]
        files.paths.extend(entry.path for entry in entries)
        for entry, data in zip(entries, islice(contents, len(entries)), strict=True):
            take(entry, data, files)
        yield tenant_of(folder, files)


def folder_of_tenant(source: Source, tenant: str | None) -> list[str]:
    """The folder of a tenant: `tenants/<name>` as a rule, else found by looking through all of them."""
    if tenant is None:
        return []
    direct = f"tenants/{tenant}"
    if any(entry.path == f"{direct}/{TENANT_FILE}" for entry in source.entries(direct)):
        return [direct]
    folders = {name_of(folder): folder for folder in Tree(source).tenants}
    return [named(tenant, folders, "tenant")]


def tenant_of(folder: str, files: Files) -> Tenant:
    """The tenant in a folder, by its `tenant.yaml`."""
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
        recipients=_texts(said.get("recipients")),
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


def _is_read(entry: Entry) -> bool:
    """Whether it is read. What is no file may hide a whole folder, whatever its name: reading it says so."""
    return entry.path.endswith(".yaml") or entry.kind != "file"


def read_into(source: Source, entries: Sequence[Entry], files: Files) -> None:
    """Read every YAML file of `entries` into `files`, and find what keeps a file from being read."""
    files.paths.extend(entry.path for entry in entries)
    for entry, data in zip(entries, source.read(entries), strict=True):
        take(entry, data, files)


def take(entry: Entry, data: bytes | Unreadable, files: Files) -> None:
    """Read one file into `files`, or find what keeps it from being read."""
    if isinstance(data, Unreadable):
        if _is_read(entry):
            files.findings.append(_unreadable(entry, data))
        return
    files.exposed.extend(exposures(entry.path, data))
    if not _is_read(entry):
        return
    from terrace import yamlio  # not needed where every verdict is known

    document, findings = yamlio.read(entry.path, data)
    files.findings.extend(findings)
    sealed = is_secrets(entry.path)
    if sealed:
        files.sealed[entry.path] = data
        if is_proposal(entry.path):
            files.proposals.setdefault(main_of(entry.path), []).append(entry.path)
    if document is not None:
        kept = files.secrets if sealed else files.ledgers if is_ledger(entry.path) else files.documents
        kept[entry.path] = document


def _unreadable(entry: Entry, reason: Unreadable) -> Finding:
    code = "SYN015" if entry.kind == "link" else "SYN016"
    return Finding(code, Severity.ERROR, f"{entry.path} {reason.reason}", Location(entry.path), hint=reason.hint)


def _environment(name: str, document: Document | None) -> Environment:
    said = document.value if document else {}
    order = said.get("order")
    destinations, configz, signers = said.get("destinations"), said.get("configz"), said.get("signers")
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
        configz={name: _texts(urls) for name, urls in configz.items()} if isinstance(configz, dict) else {},
        signers={name: _text(key) for name, key in signers.items()} if isinstance(signers, dict) else {},
        document=document,
    )


def stale_schemas(tree: Tree, repository: Repository) -> Iterator[str]:
    """The paths of generated schemas that their contract, as it is in this source, does not lead to any more."""
    written = [entry for entry in tree.schemas if parent_of(entry.path) == SCHEMAS and _service_of(entry.path)]
    for entry, data in zip(written, tree.source.read(written), strict=True):
        service = _service_of(entry.path)
        contract = repository.contracts.get(service)
        if contract is None or isinstance(data, Unreadable):
            continue  # a file of a service without a schema is a finding of its own
        if contract.schema.get("$comment") != made_from(entry.path, data, contract.schema):
            yield f"{GENERATED}/{service}.schema.json"


def _service_of(path: str) -> str:
    """The service whose contract a file in `schemas/` is; empty if it is none."""
    name = name_of(path)
    if name.startswith("_") or not name.endswith((".py", ".schema.json")):
        return ""
    return name.removesuffix(".py").removesuffix(".schema.json")


def _contracts(tree: Tree, files: Files) -> dict[str, Contract]:
    contracts: dict[str, Contract] = {}
    schemas = [
        entry
        for entry in tree.schemas
        if parent_of(entry.path) == GENERATED
        and entry.path.endswith(".schema.json")
        and name_of(entry.path) not in DESCRIPTORS
    ]
    for entry, data in zip(schemas, tree.source.read(schemas), strict=True):
        service = name_of(entry.path).removesuffix(".schema.json")
        if isinstance(data, Unreadable):
            files.findings.append(_unreadable(entry, data))
            continue
        contract = _contract(service, entry.path, data)
        if isinstance(contract, str):
            files.findings.append(_unreadable(entry, Unreadable(contract, "Make it anew: terrace schemas")))
        else:
            contracts[service] = contract
    return contracts


@lru_cache(maxsize=64)  # a command loads twice, and a process that follows a repository does again and again
def _contract(service: str, path: str, data: bytes) -> Contract | str:
    """The contract in `data`, or why there is none."""
    schema = _schema(data)
    if isinstance(schema, str):
        return schema
    return Contract(service, schema, path=path, document=Document(path, data.decode(), schema, _locate))


def _uncontracted(tree: Tree) -> frozenset[str]:
    """The services that `pyproject.toml` lets in without one: `[tool.terrace.services.NAME]` `contract = "none"`."""
    for data in tree.source.read(tree.settings):
        if isinstance(data, bytes) and b"contract" in data:
            return _without_contract(data)
    return frozenset()


def _sops_rules(tree: Tree) -> str | None:
    for data in tree.source.read(tree.sops_rules):
        return data.decode("utf-8", "replace") if isinstance(data, bytes) else ""
    return None


def _without_contract(settings: bytes) -> frozenset[str]:
    import tomllib

    try:
        said: Any = tomllib.loads(settings.decode())
    except ValueError:  # not our file to judge: every tool of the project reads it, and says so
        return frozenset()
    for part in ("tool", "terrace", "services"):
        said = said.get(part, {}) if isinstance(said, dict) else {}
    services = said.items() if isinstance(said, dict) else ()
    return frozenset(name for name, about in services if isinstance(about, dict) and about.get("contract") == "none")


def _locate(text: str) -> dict[Pointer, Spans]:
    from terrace.yamlio.positions import locate  # JSON is YAML

    return locate(text)


def _schema(data: bytes) -> dict[str, Any] | str:
    """The JSON Schema in `data`, or why there is none."""
    import json  # orjson is faster, but takes longer to import than it saves here

    import jsonschema_rs

    try:
        schema = json.loads(data.decode(), parse_constant=_refuse)
    except (ValueError, RecursionError):
        return "is not a JSON Schema"
    if not isinstance(schema, dict):
        return "is not a JSON Schema"
    try:
        jsonschema_rs.validator_for(schema, retriever=_nothing)
    except ValueError as error:
        return f"is not a JSON Schema: {str(error).splitlines()[0]}"
    return schema


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _nothing(address: str) -> Any:
    """What stands elsewhere is not looked up: a schema is whole in its own file."""
    raise ValueError(f"{address} is in another file")


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()
