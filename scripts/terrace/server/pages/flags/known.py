"""What is known of flags: of the releases that are served, and of the repository where one is followed.

What is served says what counts now. The repository says it in words, with who owns what, whatever is served of it yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypedDict

import orjson

from terrace.flags.about import written as as_written
from terrace.server.callers import Caller
from terrace.server.flags.served import Flags
from terrace.server.flags.who import bound
from terrace.server.pages import reach
from terrace.server.pages.flags import cells
from terrace.server.pages.flags.cells import Cell
from terrace.server.pages.flags.told import Said
from terrace.server.problems import ProblemError
from terrace.server.shelf import Shelf

Definition = Mapping[str, Mapping[str, Any]]


class Place(NamedTuple):
    """An environment whose flags are served, with their definitions by key."""

    name: str
    protected: bool
    commit: str
    flags: Flags
    definition: Definition


class About(NamedTuple):
    """What people say of a flag. `at` is where it is written; empty where no repository is known."""

    key: str
    type: str
    kind: str = "release"
    owner: str = ""
    description: str = ""
    created: str = ""
    expires: str = ""
    permanent: bool = False
    tags: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    requires: tuple[tuple[str, str], ...] = ()
    at: str = ""


class Served:
    """The flags that are served, for one caller: environments from development to production."""

    def __init__(self, places: Sequence[Place]) -> None:
        self.places = {place.name: place for place in places}

    def keys(self) -> set[str]:
        """The key of every flag in any of them."""
        return {key for place in self.places.values() for key in place.definition}

    def about(self, key: str) -> About | None:
        """What is said of a flag, by the environment nearest to production that has it."""
        for place in reversed(self.places.values()):
            if key in place.definition:
                return _about(key, place.flags.set.types[key], place.definition[key].get("metadata", {}))
        return None

    def variants(self, key: str) -> dict[str, Any]:
        """The variants of a flag by name, in their order."""
        found: dict[str, Any] = {}
        for place in reversed(self.places.values()):
            for name, value in place.definition.get(key, {}).get("variants", {}).items():
                found.setdefault(name, value)
        # Of on and off, on comes first: so it has the same tone everywhere.
        return dict(sorted(found.items(), key=lambda each: each[1] is not True))

    def cell(self, environment: str, key: str, said: Said | None) -> Cell:
        """What a flag is in an environment. `said` is what the repository's process tells of that."""
        place = self.places.get(environment)
        now = cells.served(environment, place.definition.get(key) if place else None)
        return cells.written(environment, said, now) if said else now

    def given(self, environment: str, key: str, context: dict[str, Any]) -> Cell:
        """What somebody gets of a flag in an environment."""
        return cells.resolved(environment, self.places[environment].flags.set.resolve(key, context))


class Known:
    """Knows flags. What it read of a release it keeps as long as that is served."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._read: dict[str, tuple[Flags, Definition]] = {}

    def served(self, caller: Caller) -> Served:
        """What is served of flags that are for this caller."""
        refuse_others(caller)
        places = []
        for name, snapshot in self._shelf.flags.items():
            if snapshot.flags is not None and caller.evaluates(name):
                kind, protected = reach.kind_of(snapshot)
                place = Place(name, protected, snapshot.commit, snapshot.flags, self._definition(name, snapshot.flags))
                places.append((reach.rank(kind), place))
        return Served([place for _, place in sorted(places, key=lambda each: (each[0], each[1].name))])

    def _definition(self, environment: str, flags: Flags) -> Definition:
        held = self._read.get(environment)
        if held is None or held[0] is not flags:
            held = self._read[environment] = flags, orjson.loads(flags.document)["flags"]
        return held[1]

    def tenants(self, caller: Caller, environment: str) -> list[str]:
        """The tenants of an environment that this caller may know of, sorted: those that have configuration there."""
        found = (each for each in self._shelf.served.values() if each.key.environment == environment)
        names = {name for each in found for name in each.bundle.manifest.slices if name}
        return sorted(name for name in names | set(_own(caller)) if caller.has_tenant(name))


def refuse_others(caller: Caller) -> None:
    """Keep whoever may not ask for flags out."""
    if "flags" not in caller.scopes.may:
        raise ProblemError(403, "Your token is not for flags: it does not have that right.")


def context_for(caller: Caller, context: dict[str, Any]) -> dict[str, Any]:
    """`context` as this caller may ask for it: who is for tenants asks for one of these, else for the first."""
    own = _own(caller)
    if own and context.get("tenant") not in own:
        context["tenant"] = own[0]
    return bound(caller, context)


def about_said(said: Said) -> About:
    """What the repository's process says of a flag."""
    return About(
        **_texts(said), permanent=bool(said.get("permanent")), tags=tuple(map(str, said.get("tags") or ())),
        links=tuple((str(name), str(link)) for name, link in (said.get("links") or {}).items()),
        requires=tuple(_required(each) for each in said.get("requires") or ()), at=str(said.get("at") or ""),
    )  # fmt: skip


class _Texts(TypedDict):
    key: str
    type: str
    kind: str
    owner: str
    description: str
    created: str
    expires: str


def _texts(said: Said) -> _Texts:
    key, kind, sort, owner, description, created, expires = (
        str(said.get(name) or "") for name in _Texts.__annotations__
    )
    return _Texts(
        key=key, type=kind, kind=sort or "release", owner=owner, description=description, created=created,
        expires=expires,
    )  # fmt: skip


def _required(said: object) -> tuple[str, str]:
    if isinstance(said, Mapping):
        return str(said.get("flag")), str(said.get("variant"))
    flag, variant = said if isinstance(said, Sequence) and len(said) == 2 else (said, "")
    return str(flag), str(variant)


def _about(key: str, kind: str, metadata: Mapping[str, Any]) -> About:
    said = as_written(metadata)
    return about_said({**said, "key": key, "type": kind})


def _own(caller: Caller) -> list[str]:
    """The tenants that a caller is for; none for who is for all of them."""
    return [] if caller.sees_all_tenants else [name for name in caller.scopes.tenants if name]
