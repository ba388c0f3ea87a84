"""How values are encrypted into a file, and how the whole is signed with its MAC."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from terrace.model.secret import Secret
from terrace.sops import emit, envelope, selectors
from terrace.sops.document import BOM, File, read
from terrace.sops.errors import DamagedError, NotSelectedError, NotWritableError
from terrace.sops.opened import Opened, digest, open_with, plain_of
from terrace.sops.place import Splice, apply, entry, value_region
from terrace.sops.scalars import Typed, UntypableError, typed_value

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from terrace.sops.selectors import Selector
    from terrace.yamlio.untyped import MappingNode

PENDING = "ENC[pending]"
"""Stands for the MAC until it is known."""


class Sealer:
    """Writes values as a file's rule asks: encrypted where it selects them, else in the open.

    `known` are encrypted values that are there already, by path and value: they are written as they are, so that what
    did not change does not look changed. `openly` allows values in the open; a Secret never stands there.
    """

    def __init__(
        self,
        data_key: bytes,
        selector: Selector,
        *,
        openly: bool,
        known: Mapping[tuple[tuple[str, ...], Typed], str] | None = None,
    ) -> None:
        self.key = envelope.cipher(data_key)
        self.selector = selector
        self.selects = selectors.decider(selector)
        self.openly = openly
        self.known = known or {}

    def __call__(self, path: tuple[str, ...], value: object) -> str:
        """The scalar for a value at a path."""
        bare = value.reveal() if isinstance(value, Secret) else value
        try:
            found = typed_value(bare)
        except UntypableError as error:
            raise NotWritableError(str(error), pointer=path) from None
        if found.kind == "null":
            return "null"
        if not self.selects(path):
            if isinstance(value, Secret) or not self.openly:
                raise NotSelectedError(
                    f"the value would stand in the open, by the file's own rule ({self.selector})", pointer=path
                )
            return emit.in_the_open(found)
        return self.known.get((path, found)) or self.sealed(path, found)

    def sealed(self, path: tuple[str, ...], found: Typed) -> str:
        """A value encrypted for its path, whatever the rule says. Empty text stays as it is: so does SOPS."""
        if not found.text:
            return '""'
        data = found.text if isinstance(found.text, bytes) else found.text.encode("utf-8")
        label = "str" if found.kind == "bytes" else found.kind
        return envelope.write(envelope.encrypt(data, label, self.key, envelope.aad(path)))


def instant(now: datetime) -> str:
    """A point in time as the metadata have it."""
    if now.tzinfo is None:
        raise ValueError("a time without a zone")
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def signed(text: str, data_key: bytes, now: datetime, name: str = "") -> Opened:
    """The file in `text` with a new time and MAC, read back and verified: `opened.file.text` is its new text.

    The MAC that `text` has is not looked at: it is for the caller to know that its values are right.
    """
    file = readable(read(text), name)
    assert file.metadata is not None
    key = envelope.cipher(data_key)
    plain = plain_of(file, key)
    time = instant(now)
    hashed = digest(file.leaves, plain, encrypted_only=file.metadata.mac_only_encrypted)
    sealed = envelope.write(envelope.encrypt(hashed.encode("ascii"), "str", key, time.encode("ascii")))
    splices = [
        splice
        for notes in file.notes
        for field, value in (("lastmodified", f'"{time}"'), ("mac", sealed))
        if (splice := _field(file, notes, field, value)) is not None
    ]
    return open_with(readable(read(bom(file) + apply(file.body, splices)), name), data_key, name=name)


def _field(file: File, notes: MappingNode, field: str, value: str) -> Splice | None:
    found = entry(notes, field)
    if found is None:
        return None
    start, end = value_region(file.body, *found)
    if notes.flow_style and not value.startswith('"'):
        value = f'"{value}"'
    return Splice(start, end, f" {value}")


def bom(file: File) -> str:
    """The byte order mark that the file begins with, if it does."""
    return BOM if file.text.startswith(BOM) else ""


def readable(file: File, name: str) -> File:
    """The file itself. Raises DamagedError if something is wrong with what we made."""
    for problem in file.problems:
        raise DamagedError(
            f"the change would damage the file ({problem.message})",
            file=name,
            span=problem.span,
            pointer=problem.pointer,
            hint="Nothing was written. Make it with `sops edit`.",
        )
    return file
