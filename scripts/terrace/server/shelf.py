"""What is served: a snapshot for each environment and service, exchanged one by one as releases come."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from terrace.bundle.signers import ANYBODY, Signers
from terrace.errors import BundleError, TerraceError
from terrace.model.flag import STREAM
from terrace.runtime.follow import LOOK, Follower
from terrace.server.contents import Contents
from terrace.server.stand import Key, Snapshot, Stand, holds_bundle

log = logging.getLogger("terrace.server")
Served = Mapping[Key, Snapshot]


class Health(NamedTuple):
    """How a shelf is. `state` is `ok`, `degraded` (something newer was refused, or is away) or `empty`."""

    state: str
    stands: tuple[Stand, ...]


class Shelf:
    """Everything below `source`: a bundle, a destination's folder, or a folder of destinations.

    With `signers` only what one of them signed is served. `served` is one immutable mapping at any moment, and so is
    `flags`. `close` ends the threads that follow.
    """

    def __init__(
        self, source: Path, *, look: float = LOOK, memory: int | None = None, signers: Signers = ANYBODY
    ) -> None:
        self.source = source.absolute()
        self.contents = Contents() if memory is None else Contents(memory)
        self._served: Served = MappingProxyType({})
        self._flags: Mapping[str, Snapshot] = MappingProxyType({})
        self._stands: dict[Path, Stand] = {}
        self._owners: dict[Key, Path] = {}
        self._followers: list[Follower] = []
        self._told: list[Callable[[Key], None]] = []
        self._lock = threading.RLock()
        self._look = look
        self._signers = signers
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        if not self.source.is_dir():
            raise TerraceError(f"{source} is not a folder", hint="Name a destination, a folder of them, or a bundle.")
        self.look()

    @property
    def served(self) -> Served:
        """What is served now, by environment and service."""
        return self._served

    @property
    def flags(self) -> Mapping[str, Snapshot]:
        """The releases of flags that are served now, by environment. They are no service's, and not among `served`."""
        return self._flags

    def reload(self, key: Key) -> None:
        """Look now whether something newer is there under a name, and not when it is noticed."""
        owner = self._owners.get(key)
        if owner is not None:
            self._stands[owner].refresh()

    @property
    def health(self) -> Health:
        """How it is now. No part of it holds a value."""
        stands = tuple(stand for _, stand in sorted(self._stands.items()))
        if not self._served and not self._flags:
            return Health("empty", stands)
        return Health("degraded" if any(stand.troubled for stand in stands) else "ok", stands)

    @property
    def is_unsure(self) -> bool:
        """Whether nothing good of something was seen since the start: what is not served may be there."""
        return any(stand.snapshot is None for stand in list(self._stands.values()))

    def subscribe(self, told: Callable[[Key], None]) -> Callable[[], None]:
        """Call `told` after each exchange, in the thread that noticed it; what comes back ends that."""
        with self._lock:
            self._told.append(told)

        def end() -> None:
            with self._lock:
                if told in self._told:
                    self._told.remove(told)

        return end

    def follow(self) -> None:
        """Begin to follow: each service's folder by itself, and the source for new ones."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="terrace-shelf", daemon=True)
            # Without the lock: a stand has its own when it asks for that of the shelf.
            for stand in list(self._stands.values()):
                self._follow(stand)
            self._thread.start()

    def close(self) -> None:
        """Stop following. What is served stays what it is."""
        self._stop.set()
        for follower in self._followers:
            follower.stop()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def look(self) -> None:
        """Take up services that are new below the source."""
        for folder in service_folders(self.source):
            if folder in self._stands:
                continue
            stand = Stand(folder, self.contents, self._claim, self._exchanged, self._signers)
            with self._lock:
                self._stands[folder] = stand
            stand.refresh()
            if self._thread is not None:
                self._follow(stand)

    def _follow(self, stand: Stand) -> None:
        follower = Follower(stand, look=self._look)
        self._followers.append(follower)
        # What is there by now and is not what was read a moment ago must not count as seen.
        follower.start()
        stand.refresh()

    def _run(self) -> None:
        while not self._stop.wait(self._look):
            try:
                self.look()
            except Exception:
                log.exception("looking for new services failed, and goes on")

    def _claim(self, key: Key, folder: Path) -> None:
        with self._lock:
            owner = self._owners.setdefault(key, folder)
        if owner != folder:
            raise BundleError(f"{owner} is already {key.service} in {key.environment}")

    def _exchanged(self, new: Snapshot) -> None:
        with self._lock:
            if new.flags is not None:
                self._flags = MappingProxyType({**self._flags, new.key.environment: new})
            else:
                self._served = MappingProxyType({**self._served, new.key: new})
            told = list(self._told)
        for call in told:
            call(new.key)


def service_folders(source: Path) -> Iterator[Path]:
    """The folders of services, and bundles, at `source` or at most two levels below, in order."""
    if holds_bundle(source):
        yield source
        return
    for folder in _folders(source):
        if holds_bundle(folder):
            yield folder
        else:
            yield from (inner for inner in _folders(folder) if holds_bundle(inner))


def _folders(folder: Path) -> list[Path]:
    try:
        found = [each for each in folder.iterdir() if not each.name.startswith(".") and each.is_dir()]
        # Who has flags alone is not ready yet.
        return sorted(found, key=lambda each: (each.name == STREAM, each.name))
    except OSError:
        return []
