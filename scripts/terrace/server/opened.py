"""Secrets for callers that may see them: opened in memory, recorded with the caller's name each time they are given."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from terrace.errors import StoreError
from terrace.model.layers import leaves
from terrace.model.merge import merge
from terrace.model.reference import Reference, is_reference, parse
from terrace.model.secret import Secret
from terrace.model.source import Pointer
from terrace.model.typed import nest, typed
from terrace.opening import Keyholder, Scalar, by_place
from terrace.server.contents import MIB, Contents, Kept

if TYPE_CHECKING:
    from terrace.bundle import Bundle, Slice
    from terrace.refs.resolve import Resolver
    from terrace.server.stand import Snapshot


class Revealed(NamedTuple):
    """All values in the open, and the file of each that was sealed."""

    values: dict[str, Any]
    origins: Mapping[Pointer, str]

    def __repr__(self) -> str:
        return "Revealed(********)"


class Opener:
    """Opens what slices carry. A file is opened once; each time its values are given the audit log says to whom."""

    def __init__(self, contents: Contents, environ: Mapping[str, str]) -> None:
        self._contents = contents
        self._environ = environ
        self._keys = Keyholder("terrace serve", "", environ)
        self._files: Kept[dict[str, Any]] = Kept(8 * MIB)
        self._resolvers: dict[tuple[str, object], Resolver] = {}
        self._lock = threading.Lock()

    def revealed(self, snapshot: Snapshot, part: Slice, tenant: str, plain: dict[str, Any], caller: str) -> Revealed:
        """The values of a slice with its secrets. Raises a `TerraceError` where one cannot be opened or recorded."""
        reason = f"for {caller}"
        values, origins = plain, dict[Pointer, str]()
        for layer, name in part.secrets:
            opened = self._file(snapshot, layer, name, reason)
            mine = {section: inner for section, inner in opened.items() if section in snapshot.contract.sections}
            origins.update({pointer: layer for pointer, _ in leaves(mine)})
            values = merge(values, mine)
        found = {pointer: text for pointer, text in leaves(values) if is_reference(text)}
        stand_for = {pointer: self._ask(snapshot, text, tenant, pointer, reason) for pointer, text in found.items()}
        return Revealed(_open(merge(values, nest(stand_for))), origins)

    def _file(self, snapshot: Snapshot, layer: str, name: str, reason: str) -> dict[str, Any]:
        bundle = snapshot.bundle
        sha256 = bundle.manifest.files[name].sha256
        known = self._files.get(sha256)
        if known is not None:
            self._keys.release(layer, partial(by_place, known), snapshot.commit, reason=reason)
            return known
        text = self._contents.read(bundle, name).decode("utf-8")
        opened = self._keys.values(layer, text, snapshot.commit, reason=reason)
        return self._files.put(sha256, opened, len(text))

    def _ask(self, snapshot: Snapshot, text: str, tenant: str, pointer: Pointer, reason: str) -> Secret[Scalar]:
        reference = parse(text)
        if not isinstance(reference, Reference):
            raise StoreError("the reference is not well formed")
        resolver, policy = self._resolver(snapshot.bundle)
        # Which layer a reference stands in was judged when the bundle was sealed; here, what any may name.
        owner = tenant if policy.refuses(reference, server=True) and tenant else ""

        def give() -> dict[Pointer, Scalar]:
            return {pointer: resolver.resolve(reference, tenant=owner).value}

        value = str(self._keys.release(str(reference), give, snapshot.commit, reason=reason)[pointer])
        field = snapshot.contract.field(pointer)
        return typed(value, field, pointer) if field is not None else Secret(value)

    def _resolver(self, bundle: Bundle) -> tuple[Resolver, Any]:
        from terrace.refs.policy import Policy
        from terrace.refs.resolve import Resolver, stores_of

        facts = bundle.facts
        policy = Policy(bundle.ref.environment, facts.protected, facts.references)
        with self._lock:
            known = self._resolvers.get((bundle.ref.environment, policy))
            if known is None:
                stores = stores_of(self._environ, "/", server=True)
                known = self._resolvers[bundle.ref.environment, policy] = Resolver(stores, policy, server=True)
        return known, policy


def _open(value: Any) -> Any:
    if isinstance(value, Secret):
        plain = value.reveal()
        return plain.decode("utf-8", "backslashreplace") if isinstance(plain, bytes) else plain
    if isinstance(value, dict):
        return {key: _open(inner) for key, inner in value.items()}
    return [_open(inner) for inner in value] if isinstance(value, list) else value
