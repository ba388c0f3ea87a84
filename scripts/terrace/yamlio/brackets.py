"""How deep brackets lie in one another, at most, told without parsing: a parser may not survive the answer.

Most files close their brackets in the line that opens them. What could hide an open one is a bracket that closes in
another sense, in quotes or in a comment: these are taken out where it is certain what they are. In a plain scalar there
is no bracket once one is open, and before that none of them opens anything.
"""

from __future__ import annotations

import re

# A quoted text begins where a value can begin, and is certain if it ends in its line. One with a bracket that opens is
# not taken out: a quote in the plain text of a key begins none, and that bracket could be a value's. After a letter a
# quote begins nothing. A comment begins after a space.
_CERTAIN = rb"""(?m:([\[{,]|: ) *(?:"[^"\\\r\n\[{]*"|'[^'\r\n\[{]*')|(?:^|[ \t])#[^\r\n]*|\w['"])"""
_PAIRS = rb"[\[{][\]}]"
_OTHERS = bytes(set(range(256)) - set(b"[]{}\r\n"))


def nesting(data: bytes) -> int:
    """A number of levels that the brackets of a text do not go beyond."""
    opened = data.count(b"[") + data.count(b"{")
    plain = re.sub(_CERTAIN, rb"\1", data)
    if b'"' in plain or b"'" in plain:
        return opened
    left = plain.translate(None, _OTHERS)
    for rounds in range(opened):
        left, pairs = re.subn(_PAIRS, b"", left)
        if not pairs:
            return rounds + left.count(b"[") + left.count(b"{")
    return opened
