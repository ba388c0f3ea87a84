"""What one caller gets of one snapshot: the values of a slice, what is withheld of them, and the tag for all that.

The tag is made from what the slice holds and from nothing else of the bundle: not its digest, not its commit, not its
other files. So the change of one tenant shows in no response to another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from terrace.bundle import Slice, canonical
from terrace.model.layers import leaves
from terrace.model.reference import is_reference
from terrace.model.source import Pointer, dotted
from terrace.server.callers import Caller
from terrace.server.contents import MIB, Kept
from terrace.server.forms import Told, written
from terrace.server.opened import Opener
from terrace.server.origins import Origins
from terrace.server.places import at, below, secrets_among, without
from terrace.server.problems import ProblemError, nothing
from terrace.server.shelf import Shelf
from terrace.server.stand import Key, Snapshot


class Question(NamedTuple):
    """What is asked. `tenant` is empty for none; `path` leads into the values, empty for all of them."""

    key: Key
    tenant: str = ""
    path: tuple[str, ...] = ()
    form: str = "json"
    provenance: bool = False


class Shown(NamedTuple):
    """The plain values of a slice without what is secret, the places of that, and whether secret managers have some."""

    values: dict[str, Any]
    withheld: tuple[Pointer, ...]
    refers: bool


class Found(NamedTuple):
    """A slice that is this caller's, in one snapshot.

    `tag` is its strong tag in the form that is asked for; empty where the values may change while the slice stays.
    """

    snapshot: Snapshot
    part: Slice
    shown: Shown
    origins: Mapping[Pointer, str] | None
    digest: str
    tag: str


class Answer(NamedTuple):
    """A body, and how many values were withheld from it."""

    body: bytes
    withheld: int


class Slices:
    """Answers questions about what is on a shelf."""

    def __init__(self, shelf: Shelf, opener: Opener, *, memory: int = 32 * MIB) -> None:
        self._shelf = shelf
        self._opener = opener
        self._origins = Origins(memory // 2)
        self._shown: Kept[Shown] = Kept(memory)
        self._names: Kept[tuple[Pointer, ...]] = Kept(memory // 8)
        self._bodies: Kept[Answer] = Kept(memory)

    def find(self, caller: Caller, question: Question) -> Found:
        """The slice that is asked for. Raises the same problem for one that is not there and one that is another's.

        Slow where provenance is asked for: that may have to be read from disk.
        """
        snapshot = self._shelf.served.get(question.key)
        part = snapshot.bundle.manifest.slices.get(question.tenant) if snapshot is not None else None
        allowed = caller.reaches(*question.key) & caller.has_tenant(question.tenant)
        if allowed and snapshot is None and self._shelf.is_unsure:
            raise ProblemError(503, "Something cannot be read now, and this may be it.", {"Retry-After": "1"})
        if not allowed or snapshot is None or part is None:
            raise nothing()
        shown = self._of(snapshot, part)
        origins = self._origins.of(snapshot, question.tenant, shown.values) if question.provenance else None
        digest = _digest(caller, question, snapshot, part, shown)
        places = sorted((dotted(pointer), origin) for pointer, origin in origins.items()) if origins else []
        tag = _hash([digest, question.form, list(question.path), question.provenance, places])
        # A secret manager has another value whenever it likes: no tag can stand for that.
        strong = "" if shown.refers and caller.sees_secrets else f'"{tag[:32]}"'
        return Found(snapshot, part, shown, origins, f"sha256:{digest}", strong)

    def answer(self, caller: Caller, question: Question, found: Found) -> Answer:
        """The response to a question. Slow where the caller gets secrets: they are opened, and that is recorded."""
        if caller.sees_secrets:
            return self._revealed(caller, question, found)
        kept = self._bodies.get(found.tag)
        if kept is not None:
            return kept
        values, place = at(found.shown.values, question.path, found.shown.withheld)
        withheld = below(found.shown.withheld, place)
        body = self._body(question, found, values, place, withheld, found.origins)
        return self._bodies.put(found.tag, Answer(body, len(withheld)), len(body) + 200)

    def _revealed(self, caller: Caller, question: Question, found: Found) -> Answer:
        plain = self._plain(found.snapshot, found.part)
        opened = self._opener.revealed(found.snapshot, found.part, question.tenant, plain, caller.name)
        values, place = at(opened.values, question.path, ())
        origins = {**found.origins, **opened.origins} if found.origins is not None else None
        return Answer(self._body(question, found, values, place, (), origins), 0)

    @staticmethod
    def _body(
        question: Question,
        found: Found,
        values: Any,
        place: Pointer,
        withheld: tuple[Pointer, ...],
        origins: Mapping[Pointer, str] | None,
    ) -> bytes:
        key = question.key
        told = Told(key.service, key.environment, question.tenant, place, found.digest, values, withheld, origins)
        return written(told, question.form, found.snapshot.contract)

    def _of(self, snapshot: Snapshot, part: Slice) -> Shown:
        manifest = snapshot.bundle.manifest
        sealed = tuple(manifest.files[file].sha256 for _, file in part.secrets)
        key = (manifest.files[part.config].sha256, manifest.schema_sha256, sealed)
        known = self._shown.get(key)
        if known is not None:
            return known
        plain = self._plain(snapshot, part)
        hidden = {name for _, file in part.secrets for name in self._names_in(snapshot, file)}
        hidden.update(secrets_among(plain, snapshot.contract, is_reference))
        withheld = tuple(sorted(hidden, key=dotted))
        refers = any(is_reference(value) for _, value in leaves(plain))
        shown = Shown(without(plain, withheld), withheld, refers)
        return self._shown.put(key, shown, 3 * manifest.files[part.config].size)

    def _plain(self, snapshot: Snapshot, part: Slice) -> dict[str, Any]:
        return snapshot.bundle.values_in(part.config, self._shelf.contents.read(snapshot.bundle, part.config))

    def _names_in(self, snapshot: Snapshot, file: str) -> tuple[Pointer, ...]:
        """The places of the secrets in a file: SOPS leaves the names readable."""
        from terrace.sops import inspect

        manifest = snapshot.bundle.manifest
        key = (manifest.files[file].sha256, manifest.schema_sha256)
        known = self._names.get(key)
        if known is None:
            sealed = inspect(self._shelf.contents.read(snapshot.bundle, file).decode("utf-8", "replace"))
            sections = snapshot.contract.sections
            found = tuple(leaf.pointer for leaf in sealed.leaves if leaf.pointer and leaf.pointer[0] in sections)
            known = self._names.put(key, found, 100 * len(found) + 100)
        return known


def _digest(caller: Caller, question: Question, snapshot: Snapshot, part: Slice, shown: Shown) -> str:
    """What stands for everything that this caller can see of the slice."""
    manifest = snapshot.bundle.manifest
    if caller.sees_secrets:
        seen: list[Any] = [[layer, manifest.files[file].sha256] for layer, file in part.secrets]
    else:
        seen = [dotted(pointer) for pointer in shown.withheld]
    config = manifest.files[part.config].sha256
    return _hash([*question.key, question.tenant, config, manifest.schema_sha256, caller.sees_secrets, seen])


def _hash(parts: list[Any]) -> str:
    return hashlib.sha256(canonical(parts)).hexdigest()
