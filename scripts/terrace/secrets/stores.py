"""The secret managers of a repository, as a rotation uses them: what its environments allow, read with a record."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from terrace import load
from terrace.errors import RefusedError, StoreError
from terrace.model.reference import Reference
from terrace.model.source import Pointer, dotted
from terrace.refs.policy import policy_of
from terrace.refs.resolve import stores_of
from terrace.refs.stores import Key, Store, value_in
from terrace.refs.versions import unpinned
from terrace.source import open_source

if TYPE_CHECKING:
    from terrace.model.entities import Repository
    from terrace.opening import Scalar
    from terrace.secrets.opening import Opener

References = Mapping[Pointer, Reference]


class Stores:
    """Every store that references of the repository at `root` name, opened when first needed."""

    def __init__(self, root: Path, environ: Mapping[str, str]) -> None:
        self._root = root
        self._openers = stores_of(environ, str(root.resolve()))
        self._opened: dict[str, Store] = {}

    @cached_property
    def _repository(self) -> Repository:
        return load.common(load.Tree(open_source(self._root), only=[]))

    def allow(self, environment: str, tenant: str, references: References) -> None:
        """Raise where the environment does not allow a place to be named, and so to be written."""
        policy = policy_of(self._repository.environments, environment)
        for reference in references.values():
            refused = policy.refuses(reference, tenant=tenant)
            if refused:
                hint = "See `references` in environment.yaml."
                raise RefusedError(f"{reference} is neither read nor written: {refused}", hint=hint)

    def values(self, references: References, opener: Opener) -> dict[Pointer, str]:
        """What the references stand for, each recorded as an opening."""
        found: dict[Pointer, Scalar] = {}
        for pointer, reference in references.items():

            def give(pointer: Pointer = pointer, reference: Reference = reference) -> dict[Pointer, Scalar]:
                return {pointer: value_in(self._of(reference).look(reference).content, reference)}

            found.update(opener.release(str(reference), give))
        return {pointer: str(value) for pointer, value in found.items()}

    def version(self, reference: Reference) -> str:
        """The name of the version that a reference means now."""
        version = self._of(reference).look(reference).version
        if not version:
            hint = "Vault keeps versions with KV version 2 only: MOUNT/data/..."
            raise StoreError(f"{reference}: what is kept there has no versions", hint=hint)
        return version

    def write(self, references: References, values: Mapping[Pointer, str], was: Mapping[Pointer, str]) -> str:
        """Make one new version with these values, if those of `was` are still the current ones. Returns its name."""
        place = place_of(references)
        keys: dict[Key, str] = {references[pointer].key: value for pointer, value in values.items()}
        before: dict[Key, str] = {references[pointer].key: value for pointer, value in was.items()}
        return self._of(place).write(place, keys, before)

    def _of(self, reference: Reference) -> Store:
        if reference.store not in self._opened:
            self._opened[reference.store] = self._openers[reference.store]()
        return self._opened[reference.store]


def place_of(references: References) -> Reference:
    """The one place that keeps all values of a secret, whatever is its current version; without a key."""
    places = {unpinned(reference)._replace(key=()) for reference in references.values()}
    if len(places) != 1:
        names = ", ".join(dotted(pointer) for pointer in references)
        hint = "Keep them as keys of one place: ...#/user and ...#/password."
        raise RefusedError(f"{names} are kept at several places, and could not change at once", hint=hint)
    return places.pop()
