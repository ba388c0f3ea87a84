"""What a repository holds beside layers: environments, tenants, groups, and the repository itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from terrace.model.findings import Finding
from terrace.model.service import Contract
from terrace.model.source import Document

KINDS = ("development", "test", "staging", "production")
"""The kinds of environment, from the least to the most guarded."""


@dataclass(frozen=True, slots=True)
class Environment:
    """One folder under `environments/`, as its `environment.yaml` describes it."""

    name: str
    kind: str
    extends: str = ""
    order: int = 0
    protected: bool = False
    description: str = ""
    owners: tuple[str, ...] = ()
    destinations: tuple[dict[str, Any], ...] = ()
    recipients: tuple[str, ...] = ()
    document: Document | None = None


@dataclass(frozen=True, slots=True)
class Files:
    """What was read: plain documents, secrets documents and their bytes by path, and every path that was there."""

    documents: dict[str, Document] = field(default_factory=dict)
    secrets: dict[str, Document] = field(default_factory=dict)
    sealed: dict[str, bytes] = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Group:
    """Tenants that share an overlay: a folder under `tenants/_groups/`."""

    name: str
    folder: str


@dataclass(frozen=True, slots=True)
class Tenant:
    """A customer with a configuration of its own. Its files are held here, not in the repository's common part."""

    name: str
    folder: str
    display_name: str = ""
    groups: tuple[str, ...] = ()
    contact: str = ""
    services: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    ring: str = ""
    document: Document | None = None
    files: Files = field(default_factory=Files)


@dataclass(frozen=True, slots=True)
class Origin:
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


@dataclass(frozen=True, slots=True)
class Repository:
    """The common part of a repository (what every tenant shares), and its tenants by name.

    `folders` names every tenant's folder, also of tenants that are not held in `tenants`: a large repository is worked
    through one tenant at a time. `duplicates` holds folders whose tenant's name is taken, with the folder that has it.
    `uncontracted` names services that `pyproject.toml` lets in without a contract, for the time being.
    """

    source: HasOrigin
    environments: dict[str, Environment]
    groups: dict[str, Group]
    contracts: dict[str, Contract]
    files: Files
    folders: dict[str, str]
    tenants: dict[str, Tenant] = field(default_factory=dict)
    duplicates: dict[str, str] = field(default_factory=dict)
    uncontracted: frozenset[str] = frozenset()
