"""Secrets files tried with the keys at hand: each that opens is whole, and no key opens what it should not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from terrace.errors import SecretsError
from terrace.model.recipients import canonical
from terrace.model.secret import Secret
from terrace.model.source import Location, Pointer
from terrace.model.tried import Scalar, Trial, Tried
from terrace.opening import by_place
from terrace.secrets.sync import Sealed

if TYPE_CHECKING:
    from terrace.model.recipients import Register
    from terrace.secrets.opening import Opener

NO_KEY = "no key at hand opens"
ONLY_SOPS = "only the sops program could open"
"""Why a file is not opened, in words that `it` or `them` follows."""


def tried(files: Iterable[Sealed], register: Register, opener: Opener) -> Iterator[Tried]:
    """Each file opened once with a key that should, its MAC verified; and tried with every other key at hand."""
    for file in files:
        strangers = tuple(_strangers(file, register, opener))
        values, trial = None, Trial(unchecked=NO_KEY)
        mine = _mine(file, opener)
        if mine or any(not each.recipient for each in opener.identities.usable):
            values, trial = _opened(file, opener, is_mine=mine)
        yield Tried(file.document, file.environment, file.tenant, values, trial._replace(strangers=strangers))


def _mine(file: Sealed, opener: Opener) -> bool:
    """Whether a key at hand should open the file, and the file says that it does."""
    keys = {each.key for each in file.wanted} & set(file.keys)
    return any(canonical(each.recipient) in keys for each in opener.identities.usable)


def _opened(file: Sealed, opener: Opener, *, is_mine: bool) -> tuple[dict[Pointer, Secret[Scalar]] | None, Trial]:
    from terrace.sops.errors import NeedsBinaryError, NoKeyError, SopsError

    path = file.document.path
    try:
        opened = opener.open(path, file.document.text)
    except NeedsBinaryError:
        return None, Trial(unchecked=ONLY_SOPS)
    except NoKeyError:
        # Of several groups of keys more than one may be needed; of an SSH key it is not always known whose it is.
        if not is_mine or _has_groups(file):
            return None, Trial(unchecked=NO_KEY)
        problem = "a key at hand is one of those that it says it is encrypted for, and does not open it"
        return None, Trial(problem, hint="Encrypt it anew: terrace secrets recipients sync")
    except SopsError as error:
        # The finding has the place already.
        said = error.message.removeprefix(f"{Location(path, error.span)}: ")
        return None, Trial(said, error.span, error.pointer or None, error.hint)
    except SecretsError as error:
        return None, Trial(error.message, hint=error.hint)
    return {pointer: Secret(value) for pointer, value in by_place(opened.values).items()}, Trial()


def _has_groups(file: Sealed) -> bool:
    from terrace.sops import inspect

    metadata = inspect(file.document.text).metadata
    return metadata is not None and len(metadata.groups) > 1


def _strangers(file: Sealed, register: Register, opener: Opener) -> Iterator[str]:
    """Keys at hand that open a file and should not, whatever the file says of itself: its data key is tried alone."""
    from terrace.sops import Identities, inspect
    from terrace.sops.keys import unwrap

    metadata = inspect(file.document.text).metadata
    if metadata is None:
        return
    wanted = {each.key for each in file.wanted}
    for identity in opener.identities.usable:
        if not identity.recipient or canonical(identity.recipient) in wanted:
            continue
        try:
            unwrap(metadata, Identities((identity,)))
        except SecretsError:
            continue
        yield register.called(identity.recipient)
