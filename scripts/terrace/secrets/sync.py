"""Every secrets file encrypted for exactly those whom the register asks for.

A file that only gains somebody keeps its data key; one that loses somebody gets a new one, since whoever goes has the
old one, and its ledger says that its secrets are due: also where no key at hand opens the file. Each file is replaced
as a whole, so that a run that was interrupted is made up for by the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from terrace.errors import SecretsError, TerraceError
from terrace.model.entities import Files, Tenant
from terrace.model.layers import leaves
from terrace.model.recipients import Recipient, asked, canonical
from terrace.model.source import Document, Pointer
from terrace.secrets import left, store
from terrace.secrets.ledger import Entry, path_of

if TYPE_CHECKING:
    from terrace.secrets.opening import Opener
    from terrace.secrets.register import Whole
    from terrace.secrets.store import Held


class Sealed(NamedTuple):
    """A secrets file, those who should open it, and the keys for which it says that it is encrypted."""

    document: Document
    environment: str
    tenant: Tenant | None
    wanted: tuple[Recipient, ...]
    keys: tuple[str, ...]

    @property
    def missing(self) -> tuple[Recipient, ...]:
        """Those who cannot open it, and should."""
        return tuple(each for each in self.wanted if each.key not in self.keys)

    @property
    def too_many(self) -> tuple[str, ...]:
        """Keys that should not open it."""
        wanted = {each.key for each in self.wanted}
        return tuple(key for key in dict.fromkeys(self.keys) if key not in wanted)

    @property
    def is_right(self) -> bool:
        """Whether each who should open it can, once, and nobody else."""
        return sorted(self.keys) == sorted(each.key for each in self.wanted)

    @property
    def places(self) -> list[Pointer]:
        """Where its secrets stand."""
        return [pointer for pointer, _ in leaves(self.document.value) if pointer and pointer[0] != "sops"]


class Outcome(NamedTuple):
    """What became of a file: `problem` is empty where it is right now."""

    file: Sealed
    problem: str = ""


def sealed_files(found: Whole) -> Iterator[Sealed]:
    """Every secrets file that is encrypted and lies where secrets may."""
    from terrace.sops import inspect

    repository = found.repository
    owners: list[tuple[Tenant | None, str, Files]] = [(None, "environments", repository.files)]
    owners += [(each, each.folder, each.files) for each in found.tenants]
    homes = [(f"{top}/{name}", name, each, files) for each, top, files in owners for name in repository.environments]
    for folder, environment, tenant, files in homes:
        for path, document in files.secrets.items():
            if path.rpartition("/")[0] != folder:
                continue
            shown = inspect(document.text)
            if shown.is_encrypted:
                keys = tuple(canonical(each.recipient) for each in shown.recipients)
                yield Sealed(document, environment, tenant, asked(repository, environment, tenant), keys)


def synced(
    root: Path, files: Iterable[Sealed], readable: Mapping[str, Mapping[Pointer, Entry]], opener: Opener, now: datetime
) -> Iterator[Outcome]:
    """Each of the files encrypted for those who should open it, one after the other, with what came of it.

    `readable` are the secrets of the files that lose somebody: they are due from now on.
    """
    for file in files:
        path = file.document.path
        try:
            with store.editing(root, path) as held:
                dates = left.due(held.before.ledger, readable.get(path, {}), now.date(), name=path_of(path))
                problem = _synced(file, held, dates, opener, now)
        except TerraceError as error:
            problem = error.message
        yield Outcome(file, problem)


def _synced(file: Sealed, held: Held, dates: str, opener: Opener, now: datetime) -> str:
    """What keeps a file from being encrypted for the right ones; empty where it is now. The ledger says the dates."""
    from terrace.sops.rekey import rewrapped, rotated

    keys = tuple(each.key for each in file.wanted)
    try:
        opened = opener.open(file.document.path, held.before.secrets)
    except SecretsError as error:
        if dates != held.before.ledger:
            held.replace(held.before.secrets, dates)
        return error.message
    held.replace(rotated(opened, keys, now) if file.too_many else rewrapped(opened, keys), dates)
    return ""
