"""Resolving: what references stand for, kept for a while, renewed, and kept on when a store is gone.

Values live in this process's memory and nowhere else. A problem names the reference and the store, never a value.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from random import random
from typing import NamedTuple

from terrace.errors import StoreError
from terrace.model.reference import STORES, Reference
from terrace.refs.policy import LOCAL, Policy
from terrace.refs.stores import Content, Store, UnavailableError, value_in

_AT_ONCE = 8


class Resolved(NamedTuple):
    """The value of one reference. `problem` says why it is an older one than it should be; `age` is in seconds."""

    value: str
    age: float = 0.0
    problem: str = ""

    def __repr__(self) -> str:
        return f"Resolved(value='********', age={self.age!r}, problem={self.problem!r})"


class Renewal(NamedTuple):
    """What renewing came to: the references whose value is another one now, and what could not be renewed."""

    changed: tuple[Reference, ...]
    problems: tuple[str, ...]


class _Kept(NamedTuple):
    content: Content
    since: float

    def __repr__(self) -> str:
        return "_Kept(********)"


class Resolver:
    """Asks the stores, each place once for all its keys.

    `policy` is that of the environment. What was asked less than `ttl` seconds ago is not asked again. `attempts` are
    made in all where a store gives no answer, with pauses that double from `pause` seconds on. `server` refuses the
    stores that are the machine's own.
    """

    def __init__(
        self,
        stores: Mapping[str, Store | Callable[[], Store]],
        policy: Policy,
        *,
        ttl: float = 300.0,
        attempts: int = 3,
        pause: float = 0.2,
        server: bool = False,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._stores = dict(stores)
        self._policy = policy
        self._ttl, self._attempts, self._pause, self._server = ttl, attempts, pause, server
        self._clock, self._sleep = clock, sleep
        self._kept: dict[Reference, _Kept] = {}
        self._used: dict[Reference, None] = {}
        self._lock = threading.Lock()

    def resolve(self, reference: Reference, *, tenant: str = "") -> Resolved:
        """The value of one reference that stands in a layer of the environment, or of `tenant` in it."""
        self._refuse(reference, tenant)
        kept, problem = self._content(reference._replace(key=()))
        value = value_in(kept.content, reference)
        with self._lock:
            self._used[reference] = None
        return Resolved(value, self._clock() - kept.since, problem)

    def resolve_all(self, references: Iterable[Reference], *, tenant: str = "") -> dict[Reference, Resolved]:
        """The value of each reference. Several places are asked for at once; what fails first is raised."""
        wanted = list(dict.fromkeys(references))
        for each in wanted:
            self._refuse(each, tenant)
        places = list(dict.fromkeys(each._replace(key=()) for each in wanted))
        if len(places) > 1:
            from concurrent.futures import ThreadPoolExecutor

            with ThreadPoolExecutor(min(_AT_ONCE, len(places))) as pool:
                list(pool.map(self._content, places))
        return {each: self.resolve(each, tenant=tenant) for each in wanted}

    def renew(self) -> Renewal:
        """Ask again for everything that was resolved so far, whatever its age."""
        with self._lock:
            used, before = list(self._used), dict(self._kept)
        problems = {}
        for place in dict.fromkeys(each._replace(key=()) for each in used):
            try:
                self._keep(place, self._fetch(place))
            except StoreError as error:
                problems[place] = error.message
        changed = tuple(each for each in used if _differs(before.get(each._replace(key=())), self._kept, each))
        return Renewal(changed, tuple(problems.values()))

    def _refuse(self, reference: Reference, tenant: str) -> None:
        refused = self._policy.refuses(reference, tenant=tenant, server=self._server)
        if refused:
            raise StoreError(f"{reference} is not resolved: {refused}", hint="See `references` in environment.yaml.")

    def _content(self, place: Reference) -> tuple[_Kept, str]:
        """What is kept at a place, and why it is old, if it is."""
        with self._lock:
            kept = self._kept.get(place)
        if kept is not None and self._clock() - kept.since < self._ttl:
            return kept, ""
        try:
            return self._keep(place, self._fetch(place)), ""
        except StoreError as error:
            if kept is None:
                raise
            return kept, error.message

    def _keep(self, place: Reference, content: Content) -> _Kept:
        kept = _Kept(content, self._clock())
        with self._lock:
            self._kept[place] = kept
        return kept

    def _fetch(self, place: Reference) -> Content:
        store = self._store(place)
        for attempt in range(1, self._attempts + 1):
            try:
                return store.fetch(place)
            except UnavailableError as error:
                if attempt == self._attempts:
                    tries = f"{attempt} times" if attempt > 1 else "once"
                    raise StoreError(f"{error.message}; asked {tries}", hint=error.hint) from None
                self._sleep(self._pause * 2 ** (attempt - 1) * (1 + random() / 2))
        raise AssertionError("attempts are at least one")

    def _store(self, place: Reference) -> Store:
        with self._lock:
            store = self._stores.get(place.store)
            if store is None:
                raise StoreError(f"{place}: there is no store {place.store} here")
            if callable(store):
                store = self._stores[place.store] = store()
            return store


def stores_of(environ: Mapping[str, str], root: str, *, server: bool = False) -> dict[str, Callable[[], Store]]:
    """Every store by name, to be opened when a reference first names it; `root` is where relative files begin."""

    def vault() -> Store:
        from terrace.refs.vault import from_environment

        return from_environment(environ)

    def secrets_manager() -> Store:
        from terrace.refs.aws import SecretsManager

        return SecretsManager()

    def parameters() -> Store:
        from terrace.refs.ssm import Parameters

        return Parameters()

    def files() -> Store:
        from terrace.refs.local import Files

        return Files(root)

    def variables() -> Store:
        from terrace.refs.local import Variables

        return Variables(environ)

    opened = dict(zip(STORES, (vault, secrets_manager, parameters, files, variables), strict=True))
    return {name: store for name, store in opened.items() if not (server and name in LOCAL)}


def _differs(before: _Kept | None, kept: Mapping[Reference, _Kept], reference: Reference) -> bool:
    after = kept.get(reference._replace(key=()))
    if before is None or after is None or before is after:
        return False
    try:
        return value_in(before.content, reference) != value_in(after.content, reference)
    except StoreError:
        return True
