"""A SOPS file as lines that Git can compare: which secrets there are, and a mark that changes when one does.

Made without a key, and shows no value. What no other line shows, the last one does: it covers every byte.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from terrace.model.source import dotted
from terrace.sops.sealed import inspect

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from terrace.sops.metadata import Metadata
    from terrace.sops.sealed import SealedLeaf

_SHOWN = 8


def outline(data: bytes, names: Mapping[str, str]) -> str:
    """The lines of a file. `names` are those of recipients, by key. Any bytes have some: `git diff` must not stop."""
    return "".join(f"{printable(line)}\n" for line in (*_lines(data, names), f"all bytes  {_mark(data)}"))


def _lines(data: bytes, names: Mapping[str, str]) -> Iterator[str]:
    try:
        sealed = inspect(data.decode("utf-8"))
    except UnicodeDecodeError:
        yield "not UTF-8"
        return
    for leaf in sealed.leaves:
        yield _of_leaf(leaf)
    yield from (f"problem on line {problem.span.line}: {problem.message}" for problem in sealed.problems)
    if sealed.metadata is not None and sealed.is_encrypted:
        yield from _of_metadata(sealed.metadata, names)


def _of_leaf(leaf: SealedLeaf) -> str:
    where = f"document {leaf.document + 1}: " if leaf.document else ""
    if leaf.encrypted:
        # The nonce is new with each new value, and stays when only the data key is.
        return f"{where}{dotted(leaf.pointer)}  (encrypted {leaf.label})  {leaf.iv.hex()[:_SHOWN]}"
    kind = "null" if leaf.label == "null" else f"in the open, {leaf.label}" if leaf.size else "empty"
    return f"{where}{dotted(leaf.pointer)}  ({kind})"


def _of_metadata(metadata: Metadata, names: Mapping[str, str]) -> Iterator[str]:
    stanzas = [stanza for group in metadata.groups for stanza in group.age]
    for stanza in sorted(stanzas, key=lambda each: (names.get(each.recipient, "~"), each.recipient)):
        named = names.get(stanza.recipient)
        shown = f"{named} ({stanza.recipient})" if named else stanza.recipient
        yield f"recipient {shown}  {_mark(stanza.enc.encode())}"
    yield from (f"recipient {other}" for other in metadata.others)
    yield f"rule {metadata.selector}"
    yield f"lastmodified {metadata.lastmodified}"


def _mark(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:_SHOWN]


def printable(line: str) -> str:
    """The line with every character that is none for the eye written out: a key can hold any."""
    if line.isprintable():
        return line
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in line)
