"""One service in one environment as it is served: the last bundle of its folder in which every byte was right."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from terrace.bundle import Bundle, open_bundle, verify
from terrace.bundle.manifest import MANIFEST
from terrace.bundle.reader import DATA
from terrace.bundle.signers import ANYBODY, Signers, check
from terrace.errors import BundleError, TerraceError
from terrace.model.flag import STREAM
from terrace.model.service import Contract
from terrace.server.contents import Contents

if TYPE_CHECKING:
    from terrace.server.flags.served import Flags

log = logging.getLogger("terrace.server")


class Key(NamedTuple):
    """What is served under one name."""

    environment: str
    service: str


class Snapshot(NamedTuple):
    """One verified release. It never changes: who made a response from it, made it from nothing else."""

    bundle: Bundle
    contract: Contract
    since: datetime
    root: Path | None
    """The destination, which holds the release log; None for a bundle by itself."""
    flags: Flags | None = None
    """The flags of the environment, ready to be asked, where it is a release of these."""

    @property
    def key(self) -> Key:
        """The environment and service that it says it is of."""
        return Key(self.bundle.ref.environment, self.bundle.ref.service)

    @property
    def commit(self) -> str:
        """The commit it was built from; empty where it does not say."""
        return str(self.bundle.provenance.get("commit") or "")


class Refused(NamedTuple):
    """A newer bundle that is not served. `digest` is empty where it could not be known."""

    digest: str
    reason: str
    since: datetime


class Stand:
    """The folder of one service, followed. With `signers` only what one of them signed is served.

    `claim` raises `BundleError` where another folder has the same name already. `told` is called, in the follower's
    thread, with each snapshot that is served from now on.
    """

    def __init__(
        self,
        folder: Path,
        contents: Contents,
        claim: Callable[[Key, Path], None],
        told: Callable[[Snapshot], None],
        signers: Signers = ANYBODY,
    ) -> None:
        self.folder = folder
        self.snapshot: Snapshot | None = None
        self.refused: Refused | None = None
        self.reloads = self.refusals = 0
        self._contents = contents
        self._claim = claim
        self._told = told
        self._signers = signers
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Stand({str(self.folder)!r})"

    @property
    def troubled(self) -> bool:
        """Whether what is at the folder now was refused, or the folder is away."""
        return self.refused is not None

    def place(self) -> Path:
        """The folder to follow. Raises `BundleError` while it is away."""
        if not holds_bundle(self.folder):
            raise BundleError(f"there is no bundle at {self.folder}")
        return self.folder

    def refresh(self) -> bool:
        """Look at the folder again; whether another bundle is served now. One that is not right is refused."""
        with self._lock:
            digest = ""
            try:
                self.place()
                bundle = open_bundle(self.folder)
                digest = bundle.ref.digest
                if self._is_served(bundle):
                    self.refused = None
                    return False
                new = self._verified(bundle)
            except TerraceError as error:
                self._refuse(digest, error.message)
                return False
            self.snapshot, self.refused = new, None
            self.reloads += 1
        log.info("%s in %s: %s is served", new.key.service, new.key.environment, digest)
        self._told(new)
        return True

    def renew(self) -> bool:
        """Nothing is renewed here: references are asked for when somebody who may see them asks."""
        return False

    def _is_served(self, bundle: Bundle) -> bool:
        now = self.snapshot
        # A release that was damaged and mended has the same digest, and another folder.
        return now is not None and (now.bundle.ref.digest, now.bundle.folder) == (bundle.ref.digest, bundle.folder)

    def _verified(self, bundle: Bundle) -> Snapshot:
        problems = verify(bundle.folder)
        if problems:
            more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
            raise BundleError(f"{problems[0]}{more}")
        if self._signers:
            check(bundle, self._signers)
        self._claim(Key(bundle.ref.environment, bundle.ref.service), self.folder)
        if self.snapshot is not None and self.snapshot.key != (bundle.ref.environment, bundle.ref.service):
            raise BundleError(f"it is of {bundle.ref.service} in {bundle.ref.environment} now")
        self._contents.warm(bundle)
        destination = self.folder.parent if (self.folder / DATA).is_symlink() else None
        contract = Contract(bundle.ref.service, bundle.schema)
        new = Snapshot(bundle, contract, datetime.now(UTC), destination)
        _ = new.commit, bundle.signature  # Read now, while the release is certainly there.
        return new._replace(flags=_flags(new)) if bundle.ref.service == STREAM else new

    def _refuse(self, digest: str, reason: str) -> None:
        if self.refused is None or (self.refused.digest, self.refused.reason) != (digest, reason):
            self.refused = Refused(digest, reason, datetime.now(UTC))
            self.refusals += 1
            kept = self.snapshot.bundle.ref.digest if self.snapshot else "nothing"
            log.error("%s: %s is refused, %s is served: %s", self.folder, digest or "what is there", kept, reason)


def _flags(snapshot: Snapshot) -> Flags:
    """The flags of a release, made ready before anybody is served of it. Raises `TerraceError` if one is not right."""
    from terrace.server.flags.served import Flags

    made = str(snapshot.bundle.provenance.get("time") or "")
    return Flags(snapshot.bundle.values(), snapshot.bundle.ref, snapshot.commit, made)


def holds_bundle(folder: Path) -> bool:
    """Whether `folder` is a bundle, or the folder of a service at a destination."""
    return (folder / DATA).is_symlink() or (folder / MANIFEST).is_file()
