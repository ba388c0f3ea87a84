"""Secrets files tried with the keys at hand: each that opens is whole, and no key opens what it should not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from terrace.errors import SecretsError
from terrace.secrets.sync import Sealed

if TYPE_CHECKING:
    from terrace.model.recipients import Register
    from terrace.secrets.opening import Opener


class Tried(NamedTuple):
    """What came of a file: whether a key at hand opened it, and what is wrong, in words."""

    path: str
    opened: bool
    problems: tuple[str, ...]


def tried(files: Iterable[Sealed], register: Register, opener: Opener) -> Iterator[Tried]:
    """Each file opened with a key that should open it, its MAC verified; and tried with every other key at hand."""
    for file in files:
        problems = list(_strangers(file, register, opener))
        opened = False
        path = file.document.path
        if _may_open(file, opener):
            try:
                opener.open(path, file.document.text)
                opened = True
            except SecretsError as error:
                problems.append(error.message)
        yield Tried(path, opened, tuple(problems))


def _may_open(file: Sealed, opener: Opener) -> bool:
    """Whether a key at hand is one of those that should open the file; of an SSH key it is not always known."""
    wanted = {each.key for each in file.wanted}
    return any(not each.recipient or each.recipient in wanted for each in opener.identities.usable)


def _strangers(file: Sealed, register: Register, opener: Opener) -> Iterator[str]:
    """Keys at hand that open a file and should not, whatever the file says of itself: its data key is tried alone."""
    from terrace.sops import Identities, inspect
    from terrace.sops.keys import unwrap

    metadata = inspect(file.document.text).metadata
    if metadata is None:
        return
    wanted = {each.key for each in file.wanted}
    for identity in opener.identities.usable:
        if not identity.recipient or identity.recipient in wanted:
            continue
        try:
            unwrap(metadata, Identities((identity,)))
        except SecretsError:
            continue
        yield f"the key of {register.called(identity.recipient)} opens it, and should not"
