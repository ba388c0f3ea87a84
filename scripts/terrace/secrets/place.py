"""Where secrets of a service in an environment belong, what the contract says of them, and which targets get them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from terrace import load
from terrace.errors import RefusedError, UsageError
from terrace.layering import Layering, lineage
from terrace.model.closest import closest, named
from terrace.model.entities import Environment, Files, Repository, Tenant
from terrace.model.layers import Target
from terrace.model.service import Contract, Field
from terrace.model.source import Document, Pointer, dotted
from terrace.secrets import store
from terrace.secrets.readable import refuse_unread
from terrace.source import open_source

SHARED = "shared"


class Place(NamedTuple):
    """A service (or `shared`) in an environment, and perhaps of a tenant. `home` is the folder its secrets stand in."""

    root: Path
    repository: Repository
    service: str
    contracts: tuple[Contract, ...]
    environment: Environment
    tenant: Tenant | None
    home: str

    @property
    def main(self) -> str:
        """The path of the service's main secrets file."""
        return f"{self.home}/{self.service}.secrets.yaml"

    def reaching(self, pointer: Pointer) -> tuple[Contract, ...]:
        """The contracts that a value at `pointer` must suit: those that declare its section."""
        return tuple(each for each in self.contracts if pointer and pointer[0] in each.sections)

    def secret(self, pointer: Pointer) -> Field:
        """What the contract says of the secret at `pointer`. Raises for a path that is none, or of a whole section."""
        fields = [found for each in self.reaching(pointer) if (found := each.field(pointer)) is not None]
        secrets = [field for field in fields if field.secret and not field.is_section]
        if secrets and len(secrets) == len(fields):
            return secrets[0]
        if any(field.is_section for field in fields):
            raise UsageError(f"{dotted(pointer) or 'the top'} is a section", hint=self._there(pointer))
        if fields:
            raise RefusedError(
                f"{dotted(pointer)} is no secret by the contract of {self.service}",
                hint=f"Plain values are set with: terrace set {self.service} {dotted(pointer)} VALUE",
            )
        raise UsageError(f"there is no {dotted(pointer)} in {self.service}", hint=self._there(pointer))

    def _there(self, pointer: Pointer) -> str:
        every = [dotted(field.pointer) for each in self.contracts for field in each.root.walk()]
        known = [
            dotted(field.pointer)
            for each in self.contracts
            for field in each.root.walk()
            if field.secret and not field.is_section
        ]
        close = closest(dotted(pointer), known)
        if close and dotted(pointer) not in every:
            return f"Did you mean {close}?"
        known = [each for each in known if not pointer or each.startswith(f"{dotted(pointer)}.")] or known
        return f"Its secrets are {', '.join(sorted(set(known))) or 'none'}."

    @property
    def read(self) -> list[Files]:
        """What was read of the repository: what all share, and the tenant's own."""
        return [self.repository.files, *([self.tenant.files] if self.tenant else [])]

    def targets(self) -> list[Target]:
        """Every target whose secrets include this place's files."""
        services = {each.service for each in self.contracts}
        layering = Layering(self.repository)
        tree = load.Tree(open_source(self.root), only=None if self.tenant is None else [self.tenant.folder])
        found = []
        for tenant in (None, *load.tenants(tree, tree.tenants)):
            for target in layering.targets(tenant) if tenant or self.tenant is None else ():
                chain = lineage(self.repository, target.environment)
                if target.service in services and self.environment in chain:
                    found.append(target)
        return found

    def secrets(self) -> list[tuple[Document, bytes]]:
        """The secrets files of the place's own target, weakest first. One that cannot be read is not passed over."""
        refuse_unread(self.read, secrets_only=True)
        if self.service == SHARED:
            files = self.tenant.files if self.tenant else self.repository.files
            return [(document, files.sealed[document.path]) for document in files.secrets_of(self.home, SHARED)]
        target = Target(self.service, self.environment.name, self.tenant.name if self.tenant else None)
        return list(Layering(self.repository).secrets(target, self.tenant))


def place(root: Path, service: str, environment: str, tenant: str | None = None) -> Place:
    """The place that the options of a command name, in the work tree."""
    source = open_source(root)
    tree = load.Tree(source, only=load.folder_of_tenant(source, tenant))
    repository = load.common(tree)
    who = next(load.tenants(tree, tree.tenants), None)
    if environment == "base":
        raise RefusedError("secrets never stand in base: name an environment", hint="--env NAME")
    found = named(environment, repository.environments, "environment")
    home = store.home(repository, environment, who)
    contracts = repository.contracts
    chosen = tuple(contracts.values()) if service == SHARED else (named(service, contracts, "service"),)
    return Place(root, repository, service, chosen, found, who, home)
