"""Text as a terminal shows it: the cells it takes, cut or wrapped to a width, with nothing that moves the cursor."""

from __future__ import annotations

import re
from unicodedata import category, east_asian_width

TAB = 4
"""Tab stops in source lines are this far apart."""

_INVISIBLE = ("Mn", "Me", "Cf")
# Characters that would reorder the text around them (the "Trojan source" trick), or that no encoding can write.
_TREACHEROUS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(text: str) -> str:
    """`text` with control characters, bidirectional controls and lone surrogates made visible; tabs and lines stay."""
    return text if text.isascii() and text.isprintable() else _TREACHEROUS.sub(_visible, text)


def one_line(text: str) -> str:
    """`text` made printable, on one line."""
    return " ".join(printable(text).split())


def width(text: str) -> int:
    """How many cells `text` takes."""
    return len(text) if text.isascii() else sum(map(_width, text))


def grid(text: str) -> list[str]:
    """`text` as one string a cell: the cell after a wide character is empty, marks stand with what they are put on."""
    cells: list[str] = []
    for character in text:
        if character == "\t":
            cells.extend(" " * (TAB - len(cells) % TAB))
            continue
        for shown in printable(character):
            taken = width(shown)
            if taken == 0 and cells:
                cells[next(at for at in range(len(cells) - 1, -1, -1) if cells[at] or not at)] += shown
            else:
                cells.append(shown)
                cells.extend([""] * (taken - 1))
    return cells


def cut(text: str, limit: int) -> str:
    """`text`, ending in `…` where it takes more than `limit` cells."""
    if width(text) <= limit:
        return text
    kept, room = "", limit - 1
    for character in text:
        room -= _width(character)
        if room < 0:
            break
        kept += character
    return kept + "…" if limit > 0 else ""


def pad(text: str, size: int, *, right: bool = False) -> str:
    """`text` filled up with spaces to `size` cells, on its left if it stands to the `right`."""
    fill = " " * (size - width(text))
    return fill + text if right else text + fill


def wrap(text: str, size: int, *, first: int = 0, indent: int = 0) -> list[str]:
    """The words of `text` in lines of `size` cells; words are never broken.

    The first line begins `first` cells in, after what the caller puts there; the others are indented.
    """
    lines: list[str] = []
    line, used = "", first
    for word in printable(text).split():
        taken = width(word)
        if line and used + 1 + taken > size:
            lines.append(line)
            line, used = " " * indent + word, indent + taken
        else:
            line, used = (f"{line} {word}", used + 1 + taken) if line else (word, used + taken)
    return [*lines, line]


def _width(character: str) -> int:
    if character.isascii():
        return 1
    if category(character) in _INVISIBLE:
        return 0
    return 2 if east_asian_width(character) in "WF" else 1


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else "�" if code >= 0xD800 else f"<U+{code:04X}>"
