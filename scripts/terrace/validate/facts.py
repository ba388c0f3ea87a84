"""What rules ask of the whole repository rather than of one target: found when first asked, and kept for the run.

Everything here comes from the part that all tenants share, but for what `suspects` adds of the one tenant at hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from terrace.layering import Layering, lineage
from terrace.model.entities import Environment, Files, Tenant
from terrace.model.layers import EffectiveConfig, Layer, Target, contribution, leaves
from terrace.model.service import Contract, Field
from terrace.model.source import Document, Location, Pointer, dotted
from terrace.validate.identities import Identity, Places, identity, marked

_DEVELOPMENT = ("development", "test")


class Introduced(NamedTuple):
    """Where a layer of a development or test environment says something distinctive."""

    environment: str
    document: Document
    pointer: Pointer

    @property
    def location(self) -> Location:
        """The place in the layer's file."""
        return self.document.at(self.pointer)


class Foreign(NamedTuple):
    """An environment below production that a production environment extends.

    `heir` is the production environment that names it, `leaves` what it would decide there: (service, layer, place).
    """

    environment: Environment
    heir: Environment
    leaves: tuple[tuple[str, Layer, Pointer], ...]


class Facts:
    """One repository's facts."""

    def __init__(self, layering: Layering) -> None:
        self._layering = layering
        self._repository = layering.repository
        self._fields: dict[tuple[str, str], Places] = {}
        self._foreign: dict[str, tuple[Foreign, ...]] = {}
        self._shared: set[Identity] | None = None
        self._introduced: dict[Identity, Introduced] = {}
        self._suspects: tuple[str, Mapping[Identity, Introduced]] | None = None
        self._names: dict[tuple[str, str], frozenset[Identity]] = {}
        self._repeated: dict[str, frozenset[Pointer]] = {}

    def fields(self, contract: Contract, marker: str) -> Places:
        """The fields of a contract that have `marker` set (`identifies`, `must_differ`, `required_in`)."""
        key = (contract.service, marker)
        if key not in self._fields:
            self._fields[key] = Places(field for field in marked(contract.root, marker) if not field.secret)
        return self._fields[key]

    def config(self, service: str, environment: str) -> EffectiveConfig:
        """The effective config of an environment without a tenant."""
        return self._layering.effective(Target(service, environment))

    def identities(self, contract: Contract, values: Any) -> Iterator[tuple[Field, Pointer, Identity]]:
        """Everything in `values` that names one thing in the world."""
        for field, pointer, value in self.fields(contract, "identifies").find(values):
            named = [((*pointer, index), item) for index, item in enumerate(value)] if isinstance(value, list) else ()
            for place, text in named or ((pointer, value),):
                found = identity(field.identifies, text) if isinstance(text, str) else None
                if found:
                    yield field, place, found

    def names(self, contract: Contract, config: EffectiveConfig) -> Iterator[frozenset[Identity]]:
        """What a config's environment names, and what each of its own layers does: more than it has, perhaps."""
        key = (contract.service, config.target.environment)
        if key not in self._names:
            self._names[key] = self._names_in(contract, self.config(*key).values)
        yield self._names[key]
        yield from (self._names_in(contract, layer.values) for layer in config.overlays)

    def _names_in(self, contract: Contract, values: Any) -> frozenset[Identity]:
        return frozenset(name for _, _, name in self.identities(contract, values))

    def repeated(self, contract: Contract) -> frozenset[Pointer]:
        """The places of fields that must differ where two environments have one value, without any tenant."""
        service = contract.service
        if service not in self._repeated:
            configs = [self.config(service, name) for name in self._repository.environments]
            self._repeated[service] = frozenset(repeated(self.fields(contract, "must_differ"), configs))
        return self._repeated[service]

    # Environments that production must not take values from

    def foreign(self, environment: Environment) -> tuple[Foreign, ...]:
        """The environments of a lesser kind that a production environment takes values from."""
        if environment.name not in self._foreign:
            self._foreign[environment.name] = tuple(self._foreigners(environment))
        return self._foreign[environment.name]

    def _foreigners(self, environment: Environment) -> Iterator[Foreign]:
        chain = lineage(self._repository, environment.name)
        for index, ancestor in enumerate(chain):
            if ancestor.kind in ("", "production"):
                continue
            heir = next(later for later in chain[index + 1 :] if later.kind == "production")
            yield Foreign(ancestor, heir, tuple(self._decided(heir, ancestor)))

    def _decided(self, heir: Environment, ancestor: Environment) -> Iterator[tuple[str, Layer, Pointer]]:
        for service in self._repository.contracts:
            for layer, pointer in won(self.config(service, heir.name), ancestor.name):
                yield service, layer, pointer

    # Distinctive values

    def suspects(self, tenant: Tenant | None) -> Mapping[Identity, Introduced]:
        """What only development or test layers say: those of `environments/`, and those of the tenant itself."""
        folder = tenant.folder if tenant else ""
        if self._suspects is None or self._suspects[0] != folder:
            self._suspects = (folder, self._suspects_of(tenant))
        return self._suspects[1]

    def _suspects_of(self, tenant: Tenant | None) -> Mapping[Identity, Introduced]:
        if self._shared is None:
            self._shared = set(self._say_shared())
            self._introduced = dict(self._introduce(self._repository.files, "environments"))
        if tenant is None:
            return self._introduced
        mine = {name for _, _, name in self._said(tenant.files, tenant.folder)}
        own = dict(self._introduce(tenant.files, tenant.folder))
        if not own and mine.isdisjoint(self._introduced):
            return self._introduced
        return {name: place for name, place in {**own, **self._introduced}.items() if name not in mine}

    def _introduce(self, files: Files, folder: str) -> Iterator[tuple[Identity, Introduced]]:
        for environment in self._repository.environments.values():
            if environment.kind in _DEVELOPMENT:
                for document, pointer, name in self._said(files, f"{folder}/{environment.name}"):
                    if name not in (self._shared or ()):
                        yield name, Introduced(environment.name, document, pointer)

    def _say_shared(self) -> Iterator[Identity]:
        for contract in self._repository.contracts.values():
            yield from (name for _, _, name in self.identities(contract, contract.fill({})))
            for field in self.fields(contract, "identifies").fields:
                found = identity(field.identifies, field.default) if isinstance(field.default, str) else None
                if found:
                    yield found
        folders = ["environments/base", *(group.folder for group in self._repository.groups.values())]
        for folder in folders:
            yield from (name for _, _, name in self._said(self._repository.files, folder))

    def _said(self, files: Files, folder: str) -> Iterator[tuple[Document, Pointer, Identity]]:
        """Everything distinctive that the layers of one folder say."""
        for service, contract in self._repository.contracts.items():
            for path in (f"{folder}/shared.yaml", f"{folder}/{service}.yaml"):
                document = files.documents.get(path)
                if document is not None:
                    for _, pointer, name in self.identities(contract, document.value):
                        yield document, pointer, name


def repeated(fields: Places, configs: Iterable[EffectiveConfig]) -> Iterator[Pointer]:
    """The places of fields where two configs have one value; for nearly all fields there are none."""
    said: dict[Pointer, list[Any]] = {}
    for config in configs:
        for _, pointer, value in fields.find(config.values):
            others = said.setdefault(pointer, [])
            if value in others:
                yield pointer
            others.append(value)


def won(config: EffectiveConfig, environment: str) -> Iterator[tuple[Layer, Pointer]]:
    """The leaves of a target that layers of `environment` decide, none of the stronger layers saying anything."""
    for index, layer in enumerate(config.layers):
        if layer.environment == environment:
            stronger = config.layers[index + 1 :]
            for pointer, value in leaves(layer.values):
                if value is not None and all(contribution(above, pointer) is None for above in stronger):
                    yield layer, pointer


def named(foreign: Foreign, limit: int = 5) -> str:
    """The leaves that a foreign environment decides, in words: the first few by name, the others counted."""
    names = list(dict.fromkeys(f"{service} {dotted(pointer)}" for service, _, pointer in foreign.leaves))
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
