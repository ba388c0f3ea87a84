"""What changed from one release to another: values once for all tenants that share them, tenants, secrets, contract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from terrace.bundle import Bundle, open_bundle
from terrace.bundle.manifest import Manifest
from terrace.errors import BundleError
from terrace.model.layers import leaves
from terrace.model.service import Contract
from terrace.model.source import Pointer, dotted
from terrace.server.pages import reach
from terrace.server.pages.drawing import Drawing, Text, text_of
from terrace.server.pages.lists import Page, asked_number, asked_text, page
from terrace.server.pages.released import History, Step, history
from terrace.server.pages.rows import Slicing
from terrace.server.problems import nothing
from terrace.server.shelf import Shelf
from terrace.server.stand import Snapshot

_AT_ONCE = 100
"""How many pairs of configurations a page compares; those of which the same changed are shown once."""


class Leaf(NamedTuple):
    """One value that changed; None where it was not, or is no more."""

    path: str
    before: Text | None
    after: Text | None


class Group(NamedTuple):
    """One change of values, and whose they are. `shared`: also those for no tenant."""

    tenants: list[str]
    shared: bool
    leaves: tuple[Leaf, ...]


class Changes(NamedTuple):
    """What changed of one service. `state` is `changed`, `added`, `removed`, `same` or `gone`: not kept any more."""

    service: str
    state: str
    before: str
    after: str
    contract: tuple[str, str] | None = None
    added: Sequence[str] = ()
    removed: Sequence[str] = ()
    secrets: Sequence[tuple[str, str]] = ()
    groups: Page[Group] | None = None


class Between:
    """The page of what changed between two releases."""

    def __init__(self, shelf: Shelf, slicing: Slicing, drawing: Drawing) -> None:
        self._shelf = shelf
        self._slicing = slicing
        self._drawing = drawing

    def routes(self) -> list[Route]:
        """What changed between two releases of an environment."""
        return [Route("/environments/{environment}/releases/changes", self.changes)]

    def changes(self, request: Request) -> Response:
        """Each service that the two releases have."""
        environment = request.path_params["environment"]
        found = history(self._shelf.served, reach.caller_of(request), environment)
        older, newer = (found.step(asked_number(request, name, 0)) for name in ("from", "to"))
        if older is None or newer is None:
            raise nothing()
        tenant, number = asked_text(request, "tenant"), asked_number(request)
        services = [self._service(found, older, newer, each, tenant, number) for each in sorted(found.snapshots)]
        context = {
            "environment": environment, "older": older, "newer": newer, "tenant": tenant,
            "services": [each for each in services if each is not None],
        }  # fmt: skip
        return self._drawing.page(request, "changes.html", context)

    def _service(
        self, found: History, older: Step, newer: Step, service: str, tenant: str, number: int
    ) -> Changes | None:
        before, after = older.ran.get(service, ""), newer.ran.get(service, "")
        if before == after:
            return Changes(service, "same", before, after) if before else None
        if not before or not after:
            return Changes(service, "removed" if before else "added", before, after)
        first, second = (_kept(found.snapshots[service], digest) for digest in (before, after))
        if first is None or second is None:
            return Changes(service, "gone", before, after)
        try:
            return self._changes(first, second, tenant, number)
        except BundleError:
            return Changes(service, "gone", before, after)

    def _changes(self, first: Bundle, second: Bundle, tenant: str, number: int) -> Changes:
        old, new = first.manifest, second.manifest
        names = [name for name in new.slices if name in old.slices and (not tenant or name == tenant)]
        moved: dict[tuple[str, str], list[str]] = {}
        for name in names:
            pair = old.slices[name].config, new.slices[name].config
            if old.files[pair[0]].sha256 != new.files[pair[1]].sha256:
                moved.setdefault(pair, []).append(name)
        # Values for no tenant first, then what most tenants have.
        chosen = page(sorted(moved.values(), key=lambda each: ("" not in each, -len(each), each)), number, _AT_ONCE)
        groups = self._groups(first, second, chosen.items)
        versions = old.schema_version, new.schema_version
        return Changes(
            first.ref.service, "changed", first.ref.digest, second.ref.digest,
            contract=versions if old.schema_sha256 != new.schema_sha256 else None,
            added=_only(new, old, tenant), removed=_only(old, new, tenant),
            secrets=list(_secrets(old, new, names)), groups=Page(groups, *chosen[1:]),
        )  # fmt: skip

    def _groups(self, first: Bundle, second: Bundle, moved: Sequence[list[str]]) -> list[Group]:
        sides = [(bundle, Contract(bundle.ref.service, bundle.schema)) for bundle in (first, second)]
        found: dict[tuple[Leaf, ...], list[str]] = {}
        for names in moved:
            found.setdefault(self._differing(sides, names[0]), []).extend(names)
        return [
            Group(sorted(name for name in names if name), "" in names, leaves)
            for leaves, names in found.items()
            # What is left of a change that was in hidden values alone, or in an order.
            if leaves
        ]

    def _differing(self, sides: list[tuple[Bundle, Contract]], name: str) -> tuple[Leaf, ...]:
        before, after = (self._leaves(bundle, contract, name) for bundle, contract in sides)
        paths = [*before, *(pointer for pointer in after if pointer not in before)]
        return tuple(
            Leaf(dotted(pointer), before.get(pointer), after.get(pointer))
            for pointer in paths
            if before.get(pointer) != after.get(pointer)
        )

    def _leaves(self, bundle: Bundle, contract: Contract, name: str) -> Mapping[Pointer, Text]:
        """The values of a slice that are no secrets, in the order of the contract."""
        values, _ = self._slicing.plain(bundle, contract, bundle.manifest.slices[name])
        return {pointer: text_of(value) for pointer, value in leaves(contract.ordered(values))}


def _kept(snapshot: Snapshot, digest: str) -> Bundle | None:
    """The bundle with a digest, if its destination has it still."""
    if snapshot.bundle.ref.digest == digest:
        return snapshot.bundle
    if snapshot.root is None:
        return None
    for folder in _folders(snapshot.root / snapshot.key.service, digest.removeprefix("sha256:")):
        try:
            found = open_bundle(folder)
        except BundleError:
            continue
        if found.ref.digest == digest:
            return found
    return None


def _folders(service: Path, digits: str) -> list[Path]:
    """Where a release with this digest may lie; docs/bundles.md promises these names."""
    return sorted(service.glob(f"..sha256-{digits}*")) if digits.isalnum() else []


def _only(one: Manifest, other: Manifest, tenant: str) -> list[str]:
    return sorted(name for name in one.slices if name not in other.slices and (not tenant or name == tenant))


def _secrets(old: Manifest, new: Manifest, names: list[str]) -> Iterator[tuple[str, str]]:
    """The secrets files that changed, by their paths in the repository, and how."""
    before, after = _sealed(old, names), _sealed(new, names)
    for layer in sorted(before.keys() | after.keys()):
        if layer not in before or layer not in after:
            yield layer, "added" if layer in after else "removed"
        elif before[layer] != after[layer]:
            yield layer, "changed"


def _sealed(manifest: Manifest, names: list[str]) -> dict[str, str]:
    return {layer: manifest.files[file].sha256 for name in names for layer, file in manifest.slices[name].secrets}
