"""Which secrets a change alters, without a key: a new value has a new nonce, a new data key leaves nonces alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from terrace import load
from terrace.model.recipients import canonical
from terrace.model.source import Pointer
from terrace.secrets.history import nonces
from terrace.source import open_source


class Altered(NamedTuple):
    """One secrets file that is not as it was. Values are named by their places, recipients by their keys.

    Where nothing else is said, the file was encrypted anew and holds what it held.
    """

    path: str
    new: tuple[Pointer, ...] = ()
    changed: tuple[Pointer, ...] = ()
    gone: tuple[Pointer, ...] = ()
    joined: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


def altered(root: Path, since: str, at: str | None = None) -> Iterator[Altered]:
    """The secrets files that differ between two revisions (`at` None: the work tree), in the order of their paths."""
    before, after = _texts(root, since), _texts(root, at)
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path, ""), after.get(path, "")
        if old != new:
            yield _compared(path, old, new)


def _compared(path: str, old: str, new: str) -> Altered:
    was, now = nonces(old), nonces(new)
    readers_before, readers = _readers(old), _readers(new)
    return Altered(
        path,
        tuple(sorted(now.keys() - was.keys())),
        tuple(sorted(pointer for pointer in now.keys() & was.keys() if now[pointer] != was[pointer])),
        tuple(sorted(was.keys() - now.keys())),
        tuple(sorted(readers - readers_before)),
        tuple(sorted(readers_before - readers)),
    )


def _readers(text: str) -> set[str]:
    from terrace.sops import inspect

    return {canonical(each.recipient) for each in inspect(text).recipients}


def _texts(root: Path, at: str | None) -> Mapping[str, str]:
    """Every secrets file of a revision, as text."""
    repository = load.load(open_source(root, at))
    every = [repository.files, *(tenant.files for tenant in repository.tenants.values())]
    return {path: data.decode("utf-8", "replace") for files in every for path, data in files.sealed.items()}
