"""What a rule is given to look at: a file, a leaf, a tenant, an effective config, and the repository around it.

`on` in `validate/rule.py` says which rule is given which of these.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from terrace.model.entities import Environment, Files, Repository, Tenant
from terrace.model.layers import EffectiveConfig, Layer, Target
from terrace.model.service import Contract, Field
from terrace.model.source import Document, Location, Pointer
from terrace.model.witness import Seen
from terrace.validate.facts import Facts

if TYPE_CHECKING:
    from terrace.load_flags import Rosters
    from terrace.model.flag import Flag, Flags, FlagTest, Segment

Witness = Mapping[str, Mapping[Pointer, Seen]]
"""What Git knows of secrets: by secrets file, and by place in it."""


class LayerFile(NamedTuple):
    """One file of a layer: what it says, for which service and environment, and who may write it.

    `kind` is base, environment, group, tenant or local; `service` is `shared` for a shared.yaml, and `contracts` are
    those the file reaches. `environment` is None where all environments share the file.
    """

    document: Document
    kind: str
    service: str
    environment: str | None
    owner: str
    contracts: tuple[Contract, ...]
    repository: Repository
    tenant: Tenant | None = None

    def entries(self, into: Callable[[Field], bool]) -> Iterator[tuple[Pointer, Any, Field]]:
        """Every entry that a contract knows, with what it says of it; only those whose field `into` agrees to."""
        for contract in self.contracts:
            stack: list[tuple[Pointer, Any, Field]] = []
            if into(contract.root):
                stack.append(((), self.document.value, contract.root))
            while stack:
                pointer, value, field = stack.pop()
                if pointer:
                    yield pointer, value, field
                if isinstance(value, dict):
                    for name, inner in value.items():
                        below = field.child(name)
                        if below is not None and into(below):
                            stack.append(((*pointer, name), inner, below))


class FilesView(NamedTuple):
    """The files of one tenant, or (`tenant` None) those of environments, groups and wherever no tenant is.

    `plain` and `sealed` are the plain and the secrets files among them that could be read, `ledgers` what says of the
    latter when each secret was made; `today` is the day that they are judged on. `seen` is what Git's history says of
    the age of each secret: nothing where it was not asked.
    """

    files: Files
    plain: tuple[LayerFile, ...]
    sealed: tuple[LayerFile, ...]
    tenant: Tenant | None
    repository: Repository
    today: date
    ledgers: tuple[LayerFile, ...] = ()
    seen: Witness = MappingProxyType({})


class Below(NamedTuple):
    """What an overlay's leaf lies over in one target: the value without the overlay, and the layer that gives it.

    `value` is `NOTHING` where there is none; `layer` is None for the schema's default.
    """

    value: Any
    layer: Layer | None


NOTHING: Any = object()
"""In place of a value where there is none; null would be one."""


class Overlay(NamedTuple):
    """One leaf of an overlay's file, and what it lies over in each target that the file reaches.

    `services` counts the services that take the leaf: more than one only in a `shared.yaml`. `others` says whether a
    layer that comes into some of these targets without being in this list (another group's) sets the leaf too.
    """

    document: Document
    pointer: Pointer
    value: Any
    field: Field | None
    below: tuple[Below, ...]
    services: int
    others: bool


class Unjudged(NamedTuple):
    """A contract whose rules across fields are not run, since its Python is not this revision's to run."""

    contract: Contract


class Generated(NamedTuple):
    """A generated file that is not what the contracts lead to."""

    path: str


class FlagsView(NamedTuple):
    """All flags, and what they may name. `flags` and `segments` are those whose form is right.

    `keys` and `names` are those of every flag and segment that a file holds, whatever its form; `complete` says that
    every file could be read, so that what is in none of them is nowhere. `types` is what was kept of earlier flags.
    `misshapen` has the flags, segments and tests that are not judged: path and pointer.
    """

    every: Flags
    flags: tuple[Flag, ...]
    segments: tuple[Segment, ...]
    keys: frozenset[str]
    names: frozenset[str]
    complete: bool
    types: Mapping[str, str] | None
    repository: Repository
    rosters: Rosters
    today: date
    misshapen: frozenset[tuple[str, Pointer]] = frozenset()


class TriedFlag(NamedTuple):
    """A test of a flag, and what came of it: a variant, or (None) the application's own default; or an error."""

    test: FlagTest
    came: str | None
    error: str


class Leaf(NamedTuple):
    """One scalar of a layer's file (or an item of a list, or a default of the schema), on its way to production.

    `values` is everything that the file says.
    """

    value: Any
    pointer: Pointer
    field: Field | None
    at: Callable[[Pointer], Location]
    values: Mapping[str, Any] = MappingProxyType({})

    @property
    def location(self) -> Location:
        """The place of the leaf in its file; found only when asked for."""
        return self.at(self.pointer)

    @property
    def beside(self) -> Collection[str]:
        """The keys of the map that the leaf stands in; none for an item of a list."""
        inner: Any = self.values
        for part in self.pointer[:-1]:
            inner = inner[part]
        return inner.keys() if isinstance(inner, Mapping) else ()

    @property
    def text(self) -> str:
        """The value as YAML writes it: what a rule's coarse `values` pattern was matched against."""
        return self.value if isinstance(self.value, str) else str(self.value).lower()

    @property
    def name(self) -> str:
        """The last key on the way: `host` of `database.host`, `origins` of `cors.origins[0]`."""
        return next((part for part in reversed(self.pointer) if isinstance(part, str)), "")


class TenantView(NamedTuple):
    """One tenant with the repository around it."""

    tenant: Tenant
    repository: Repository


class TargetView(NamedTuple):
    """One effective config, its environment and contract, and the day it is judged on."""

    config: EffectiveConfig
    contract: Contract
    environment: Environment
    tenant: Tenant | None
    repository: Repository
    today: date
    facts: Facts

    @property
    def production(self) -> bool:
        """Whether the target's environment is of kind production."""
        return self.environment.kind == "production"

    def supply(self, pointer: Pointer) -> Location:
        """Where a value for `pointer` should be written: in the file of the target's own environment."""
        return supply(self.repository, self.config.target, pointer)


def supply(repository: Repository, target: Target, pointer: Pointer) -> Location:
    """Where a value for `pointer` should be written: in the file of the target's own environment."""
    path = f"environments/{target.environment}/{target.service}.yaml"
    document = repository.files.documents.get(path)
    return document.at(pointer) if document else Location(path)


class Family(NamedTuple):
    """The effective configs of one service and tenant (None: no tenant), by environment."""

    service: str
    tenant: Tenant | None
    configs: Mapping[str, EffectiveConfig]
    repository: Repository
    facts: Facts

    @property
    def contract(self) -> Contract:
        """The service's contract."""
        return self.repository.contracts[self.service]

    def kind(self, environment: str) -> str:
        """The kind of an environment."""
        return self.repository.environments[environment].kind


class SchemaProblem(NamedTuple):
    """One thing a JSON Schema found wrong.

    `keyword` is the schema's keyword (`type`, `additionalProperties`, `minimum`, ...), `pointer` the place of the
    value, `name` the key that is too much or missing. `target` is None for a problem of a single file.
    """

    keyword: str
    message: str
    pointer: Pointer
    value: Any
    expected: Any
    name: str
    field: Field | None
    known: tuple[str, ...]
    location: Location
    target: TargetView | None = None
