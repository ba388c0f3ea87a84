"""Which secrets of an earlier release are not the ones in use now, and which of them were revoked since.

Needs no key: a value that is encrypted anew has another nonce. The days stand in the bundles, from the ledgers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import NamedTuple

from terrace.bundle import Bundle
from terrace.bundle.dates import SecretDates
from terrace.bundle.manifest import SHARED, SecretsFile
from terrace.model.source import Pointer, dotted

_SHOWN = 10
"""So many secrets are named; of more, their number."""


class Replaced(NamedTuple):
    """A secret of an earlier release that has another value now. The days are None where no ledger knew them.

    `rotated` is the day of the value in use; None also if the secret is not set any more.
    """

    path: str
    layer: str
    was: date | None
    rotated: date | None
    revoked: bool

    def __str__(self) -> str:
        of = f"of {self.was}" if self.was else "of a day that is not known"
        return f"{self.path} ({of}{f', replaced {self.rotated}' if self.rotated else ''})"


def named(found: Iterable[Replaced]) -> str:
    """Secrets in words, the first ones by name."""
    every = list(dict.fromkeys(map(str, found)))
    more = f" and {len(every) - _SHOWN} more" if len(every) > _SHOWN else ""
    return ", ".join(every[:_SHOWN]) + more


def replaced(old: Bundle, current: Bundle) -> list[Replaced]:
    """Every secret that an earlier release sets to another value than the current one, each once."""
    reading = _Reading(old), _Reading(current)
    pairs = {
        (part.secrets, (current.manifest.slices.get(name) or current.manifest.slices[SHARED]).secrets)
        for name, part in old.manifest.slices.items()
    }
    found = {each for mine, theirs in pairs if mine != theirs for each in _differing(*reading, mine, theirs)}
    return sorted(found, key=lambda each: (each.path, each.layer))


class _Leaf(NamedTuple):
    """One encrypted value: its nonce, and what the ledger says of the secret that it is, or is a part of."""

    iv: bytes
    layer: str
    secret: str
    days: SecretDates | None


class _Reading:
    """The encrypted values of a bundle's files; each file is read once, however many slices take it."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._files: dict[SecretsFile, dict[Pointer, _Leaf]] = {}

    def effective(self, files: Iterable[SecretsFile]) -> dict[Pointer, _Leaf]:
        """The values of a slice: of each, that of the strongest layer."""
        return {pointer: leaf for file in files for pointer, leaf in self._of_file(file).items()}

    def _of_file(self, file: SecretsFile) -> dict[Pointer, _Leaf]:
        from terrace.sops import inspect

        if file not in self._files:
            text = self._bundle.read(file.file).decode("utf-8", "replace")
            dates = self._bundle.dates.get(file.layer, {})
            self._files[file] = {
                leaf.pointer: _Leaf(leaf.iv, file.layer, *_secret(leaf.pointer, dates))
                for leaf in inspect(text).leaves
                if leaf.encrypted
            }
        return self._files[file]


def _secret(pointer: Pointer, dates: Mapping[str, SecretDates]) -> tuple[str, SecretDates | None]:
    """The path of the secret that a value is, or is a part of, with its days."""
    for depth in range(len(pointer), 0, -1):
        path = dotted(pointer[:depth])
        if path in dates:
            return path, dates[path]
    return dotted(pointer), None


def _differing(
    old: _Reading, current: _Reading, mine: Iterable[SecretsFile], theirs: Iterable[SecretsFile]
) -> Iterator[Replaced]:
    now = current.effective(theirs)
    known = {leaf.secret: leaf.days for leaf in now.values()}
    for pointer, leaf in old.effective(mine).items():
        there = now.get(pointer)
        if there is not None and there.iv == leaf.iv:
            continue
        if there is None and leaf.secret in known:
            continue  # a part of a secret that is there, as the value before, whose time is over
        days = there.days if there else None
        was = leaf.days.rotated if leaf.days else None
        revoked = days is not None and days.revoked is not None and (was is None or was <= days.revoked)
        yield Replaced(leaf.secret, leaf.layer, was, days.rotated if days else None, revoked)
