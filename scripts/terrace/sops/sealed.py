"""What a file shows to somebody without a key: the basis of every check in a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from terrace.sops import selectors
from terrace.sops.document import NOT_ENCRYPTED, Leaf, Problem, Tree, read
from terrace.yamlio.untyped import ScalarNode, span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from terrace.model.source import Pointer, Span
    from terrace.sops.document import File
    from terrace.sops.metadata import Metadata
    from terrace.yamlio.untyped import MappingNode


class SealedLeaf(NamedTuple):
    """One value, unread. `label` is its type (`null` too), as the file says it for an encrypted one: no key, no proof.

    `selected`: the rule of the file encrypts it. `size` is the length of the encrypted value in bytes, which is that of
    the value itself; empty text is never encrypted and has 0, anything else in the open -1. The iv is made anew with
    each new value.
    """

    pointer: Pointer
    label: str
    encrypted: bool
    selected: bool
    size: int
    iv: bytes
    span: Span
    document: int


class Declared(NamedTuple):
    """A recipient as the file names it, and the kinds of the stanzas that its encrypted data key holds.

    A stanza names nobody: that it is the recipient's, only the recipient can tell. But it must be one, of its kind.
    """

    recipient: str
    stanzas: tuple[str, ...]
    group: int
    span: Span


class Sealed(NamedTuple):
    """A file without a key. `problems` keep it from being opened; `warnings` do not, and somebody should know them."""

    metadata: Metadata | None
    leaves: tuple[SealedLeaf, ...]
    recipients: tuple[Declared, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]

    @property
    def is_encrypted(self) -> bool:
        """Whether the file has SOPS metadata at all."""
        return self.metadata is not None and not any(problem.message == NOT_ENCRYPTED for problem in self.problems)


def inspect(text: str) -> Sealed:
    """What `text` shows without a key, with every problem at its place. Never raises for a bad file."""
    file = read(text)
    metadata = file.metadata
    leaves = tuple(_sealed(leaf, number) for number, tree in enumerate(file.trees) for leaf in _leaves(tree))
    recipients = tuple(
        Declared(stanza.recipient, stanza_kinds(stanza.enc), number, stanza.span)
        for number, group in enumerate(metadata.groups if metadata else ())
        for stanza in group.age
    )
    return Sealed(metadata, leaves, recipients, file.problems, tuple(_warnings(file, recipients)))


def _leaves(tree: Tree) -> Iterator[Leaf]:
    if isinstance(tree, Leaf):
        yield tree
    else:
        for inner in tree.values() if isinstance(tree, dict) else tree:
            yield from _leaves(inner)


def _sealed(leaf: Leaf, document: int) -> SealedLeaf:
    sealed = leaf.envelope
    label = sealed.label if sealed else leaf.found.kind if leaf.found else "unknown"
    size, iv = (len(sealed.data), sealed.iv) if sealed else (0 if leaf.found == ("str", "") else -1, b"")
    return SealedLeaf(leaf.pointer, label, sealed is not None, leaf.selected, size, iv, span(leaf.node), document)


def stanza_kinds(enc: str) -> tuple[str, ...]:
    """The kinds of the recipients in an age file's header (`X25519`, `ssh-ed25519`, ...); empty for a damaged one."""
    from base64 import b64decode

    lines = enc.strip().splitlines()
    if len(lines) < 3 or lines[0].strip() != _BEGIN or lines[-1].strip() != _END:
        return ()
    try:
        header = b64decode("".join(line.strip() for line in lines[1:-1]), validate=True)
    except ValueError:
        return ()
    head, ended, _ = header.partition(b"\n---")
    first, *rest = head.decode("latin-1").split("\n")
    if first != "age-encryption.org/v1" or not ended:
        return ()
    kinds = (line.split(" ")[1] for line in rest if line.startswith("-> "))
    # Some writers add stanzas without meaning, so that readers learn to pass over them.
    return tuple(kind for kind in kinds if not kind.endswith("-grease"))


_BEGIN = "-----BEGIN AGE ENCRYPTED FILE-----"
_END = "-----END AGE ENCRYPTED FILE-----"


_NEWEST = 3
"""The major version of SOPS whose format is known. What a later one means by the same words is not."""


def _warnings(file: File, recipients: tuple[Declared, ...]) -> Iterator[Problem]:
    if file.metadata is None:
        return
    notes = file.notes[0]
    selector = file.metadata.selector
    if selector.kind.endswith("regex") and not selector.by_comment and selectors.compiled(selector.pattern) is None:
        message = f"the regular expression of {selector.kind} is not valid: SOPS takes it as never matching"
        yield Problem("metadata", message, _field(notes, selector.kind))
    major, _, _ = file.metadata.version.partition(".")
    if major.isdecimal() and int(major) > _NEWEST:
        message = f"SOPS {file.metadata.version} made it, and the format of SOPS {_NEWEST} is the newest known here"
        yield Problem("metadata", message, _field(notes, "version"))
    for key, value in notes.value:
        if key.value == "lastmodified" and isinstance(value, ScalarNode) and not value.style:
            yield Problem("metadata", "lastmodified is not in quotes: SOPS 3.13 refuses that", span(value))
    for declared in recipients:
        if len(declared.stanzas) != 1:
            many = len(declared.stanzas)
            message = f"the data key of {declared.recipient} has {many} stanzas, and one is expected"
            yield Problem("metadata", message, declared.span)


def _field(notes: MappingNode, name: str) -> Span:
    return next((span(value) for key, value in notes.value if key.value == name), span(notes))
