"""A file opened with a key: its MAC verified, its values at hand and out of sight."""

from __future__ import annotations

from hmac import compare_digest
from typing import TYPE_CHECKING, Any, NoReturn

from terrace.model.secret import Secret
from terrace.sops import envelope, keys, mac
from terrace.sops.document import NOT_ENCRYPTED, File, Leaf, Tree, read
from terrace.sops.envelope import EnvelopeError
from terrace.sops.errors import DamagedError, NeedsBinaryError, NotEncryptedError, SopsError, TamperedError
from terrace.sops.scalars import Typed, value_of
from terrace.yamlio.untyped import span

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    from terrace.model.source import Pointer
    from terrace.sops.identities import Identities
    from terrace.sops.metadata import Metadata

Values = dict[str, Any]


class Opened:
    """An opened file. Values that the file encrypts are `Secret`; comments are left out.

    `name` is the file's, for messages. The data key stays inside.
    """

    __slots__ = ("_data_key", "_plain", "documents", "file", "name")

    def __init__(self, file: File, name: str, data_key: bytes, plain: list[Typed | None]) -> None:
        self.file = file
        self.name = name
        self._data_key = data_key
        self._plain = plain
        self.documents: tuple[Values, ...] = tuple(
            {key: _value(inner, plain) for key, inner in tree.items()} for tree in file.trees
        )

    def __repr__(self) -> str:
        return f"Opened({self.name or 'a file'}, {len(self._plain)} values)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an opened file is not pickled")

    @property
    def values(self) -> Values:
        """The values of a file of one document, nested."""
        if len(self.documents) != 1:
            raise DamagedError(f"the file has {len(self.documents)} documents, and one is expected", file=self.name)
        return self.documents[0]

    @property
    def metadata(self) -> Metadata:
        """The file's own metadata."""
        assert self.file.metadata is not None
        return self.file.metadata

    def changed(self, changes: Mapping[Pointer, object], now: datetime, *, in_the_open: bool = False) -> str:
        """The file's text with `changes`, values or REMOVED by pointer; see `terrace.sops.splice.changed`."""
        from terrace.sops.splice import changed

        return changed(self, changes, now, in_the_open=in_the_open)

    def rotated(self, recipients: Iterable[str], now: datetime) -> str:
        """The file's text under a new data key for `recipients`; see `terrace.sops.rekey.rotated`."""
        from terrace.sops.rekey import rotated

        return rotated(self, tuple(recipients), now)

    def rewrapped(self, recipients: Iterable[str]) -> str:
        """The file's text with the same data key for other recipients; see `terrace.sops.rekey.rewrapped`."""
        from terrace.sops.rekey import rewrapped

        return rewrapped(self, tuple(recipients))


def open_(text: str, identities: Identities, *, name: str = "") -> Opened:
    """The values of an encrypted file, after its MAC has been verified.

    Raises a `terrace.sops.errors.SopsError`: NotEncryptedError, DamagedError, NoKeyError, TamperedError, or
    NeedsBinaryError where this file or this host is the `sops` program's (see `terrace.sops.program`).
    """
    file = read(text)
    try:
        _refuse(file)
        metadata = _ours(file, identities)
        return open_with(file, keys.unwrap(metadata, identities), name=name)
    except SopsError as error:
        raise _named(error, name) from None


def open_refusing(file: File, data_key: bytes, *, name: str = "") -> Opened:
    """The values of a file by its data key, however that was found. Raises for a file that has problems."""
    try:
        _refuse(file)
        return open_with(file, data_key, name=name)
    except SopsError as error:
        raise _named(error, name) from None


def open_with(file: File, data_key: bytes, *, name: str = "") -> Opened:
    """The values of a file that has no problems, by its data key."""
    assert file.metadata is not None
    key = envelope.cipher(data_key)
    plain = plain_of(file, key)
    _verify(file, key, plain)
    return Opened(file, name, data_key, plain)


def plain_of(file: File, key: AESGCM) -> list[Typed | None]:
    """The decrypted leaves of a file, None for a comment. Nothing is verified as a whole: for writing only."""
    return [_decrypted(leaf, key) for leaf in file.leaves]


def _named(error: SopsError, name: str) -> SopsError:
    if not name or error.file:
        return error
    message = error.message.removeprefix(f"line {error.span.line}: ") if error.span else error.message
    named = type(error)(message, file=name, span=error.span, hint=error.hint)
    named.pointer = error.pointer
    return named


def _refuse(file: File) -> None:
    """Raise for a file that must not be opened."""
    for problem in file.problems:
        kind = NotEncryptedError if problem.message == NOT_ENCRYPTED else DamagedError
        raise kind(problem.message, span=problem.span, pointer=problem.pointer, hint=problem.hint)


def _ours(file: File, identities: Identities) -> Metadata:
    """The metadata of a file that may be opened here, rather than by the `sops` program."""
    assert file.metadata is not None
    if identities.delegate:
        raise NeedsBinaryError(f"this host's files are opened by the sops program: {' and '.join(identities.delegate)}")
    selector = file.metadata.selector
    if selector.by_comment:
        raise NeedsBinaryError(f"which values are encrypted is decided by comments ({selector.kind})")
    return file.metadata


def _decrypted(leaf: Leaf, key: AESGCM) -> Typed | None:
    """The type and text of a leaf; None for a comment, which the MAC does not cover and nobody reads."""
    sealed = leaf.envelope
    if sealed is None:
        return leaf.found
    if leaf.is_comment:
        return None
    try:
        data = envelope.decrypt(sealed, key, envelope.aad(leaf.path))
        return envelope.read(data, sealed.label)
    except EnvelopeError as error:
        raise TamperedError(str(error), span=span(leaf.node), pointer=leaf.pointer) from None


def _verify(file: File, key: AESGCM, plain: list[Typed | None]) -> None:
    metadata = file.metadata
    assert metadata is not None
    try:
        bound_to = metadata.lastmodified.encode("ascii")
        expected = envelope.decrypt(envelope.parse(metadata.mac), key, bound_to)
    except EnvelopeError:
        message = "the MAC of the file does not decrypt: it, the data key, or lastmodified was changed"
        raise TamperedError(message) from None
    found = digest(file.leaves, plain, encrypted_only=metadata.mac_only_encrypted)
    if not compare_digest(expected, found.encode("ascii")):
        raise TamperedError(
            "the MAC does not fit: values were changed, added, moved or removed without the key",
            hint="Compare it with the last good version in Git.",
        )


def digest(leaves: Iterable[Leaf], plain: list[Typed | None], *, encrypted_only: bool) -> str:
    """The MAC over the leaves' plain texts. Nulls and comments add nothing."""
    texts = (
        text if isinstance(text, bytes) else text.encode("utf-8")
        for leaf, found in zip(leaves, plain, strict=True)
        if found is not None and (leaf.selected or not encrypted_only)
        for text in (found.text,)
    )
    return mac.digest(texts, encrypted_only=encrypted_only)


def _value(tree: Tree, plain: list[Typed | None]) -> Any:
    if isinstance(tree, Leaf):
        found = plain[tree.number]
        assert found is not None
        value = value_of(found)
        return Secret(value) if tree.envelope is not None or (tree.selected and value is not None) else value
    if isinstance(tree, dict):
        return {key: _value(inner, plain) for key, inner in tree.items()}
    return [_value(inner, plain) for inner in tree]
