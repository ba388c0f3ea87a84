"""What a repository holds beside layers: environments, tenants, groups, and the repository itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from terrace.model.findings import Finding
from terrace.model.private_keys import Exposure
from terrace.model.recipients import NOBODY, Register
from terrace.model.service import Contract
from terrace.model.source import Document

KINDS = ("development", "test", "staging", "production")
"""The kinds of environment, from the least to the most guarded."""


class Environment(NamedTuple):
    """One folder under `environments/`, as its `environment.yaml` describes it. `signers` are public keys by name."""

    name: str
    kind: str
    extends: str = ""
    order: int = 0
    protected: bool = False
    description: str = ""
    owners: tuple[str, ...] = ()
    destinations: tuple[dict[str, Any], ...] = ()
    recipients: tuple[str, ...] = ()
    configz: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    signers: Mapping[str, str] = MappingProxyType({})
    document: Document | None = None


def extended(environments: Mapping[str, Environment], name: str) -> Iterator[Environment]:
    """An environment, the one it extends, and so on. An unknown one or a circle ends it."""
    seen: set[str] = set()
    while name in environments and name not in seen:
        seen.add(name)
        yield environments[name]
        name = environments[name].extends


class Files:
    """What was read: plain documents, secrets documents and their bytes, ledgers, and every path that was there.

    `proposals` names those above each main secrets file, `exposed` private keys in files of any kind.
    """

    __slots__ = ("documents", "exposed", "findings", "ledgers", "paths", "proposals", "sealed", "secrets")

    def __init__(self) -> None:
        self.documents: dict[str, Document] = {}
        self.secrets: dict[str, Document] = {}
        self.sealed: dict[str, bytes] = {}
        self.ledgers: dict[str, Document] = {}
        self.proposals: dict[str, list[str]] = {}
        self.paths: list[str] = []
        self.findings: list[Finding] = []
        self.exposed: list[Exposure] = []

    def secrets_of(self, folder: str, service: str) -> Iterator[Document]:
        """The secrets files of a service (or `shared`) in a folder: the main one, then proposals by name."""
        main = f"{folder}/{service}.secrets.yaml"
        for path in (main, *sorted(self.proposals.get(main, ()))):
            if path in self.secrets:
                yield self.secrets[path]


class Group(NamedTuple):
    """Tenants that share an overlay: a folder under `tenants/_groups/`."""

    name: str
    folder: str


class Tenant(NamedTuple):
    """A customer with a configuration of its own. Its files are held here, not in the repository's common part."""

    name: str
    folder: str
    files: Files
    display_name: str = ""
    groups: tuple[str, ...] = ()
    contact: str = ""
    services: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    ring: str = ""
    recipients: tuple[str, ...] = ()
    document: Document | None = None


class Origin(NamedTuple):
    """Where a repository's content came from. `commit` and `time` (RFC 3339) are empty outside Git."""

    commit: str = ""
    time: str = ""
    dirty: tuple[str, ...] = ()
    revision: str = ""


class HasOrigin(Protocol):
    """Something that knows which commit its content is of, and finds out when it is asked."""

    @property
    def origin(self) -> Origin:
        """The commit, its time, and the paths that differ from it."""


class Repository(NamedTuple):
    """The common part of a repository (what every tenant shares), and its tenants by name.

    `folders` names every tenant's folder, also of tenants that are not held in `tenants`: a large repository is worked
    through one tenant at a time. `duplicates` holds folders whose tenant's name is taken, with the folder that has it.
    `uncontracted` names services that `pyproject.toml` lets in without a contract, for the time being. `sops_rules` is
    the text of `.sops.yaml`, None where there is none.
    """

    source: HasOrigin
    environments: dict[str, Environment]
    groups: dict[str, Group]
    contracts: dict[str, Contract]
    files: Files
    folders: dict[str, str]
    tenants: dict[str, Tenant]
    duplicates: dict[str, str]
    uncontracted: frozenset[str] = frozenset()
    register: Register = NOBODY
    sops_rules: str | None = None
