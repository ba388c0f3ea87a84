"""How text for people looks: in colour or not, and how wide."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Literal, NamedTuple, TextIO

Role = Literal["error", "warning", "info", "strong", "dim", "frame", "good", "bad", "help"]

_CODES: dict[Role, str] = {
    "error": "1;31",
    "warning": "1;33",
    "info": "1;36",
    "strong": "1",
    "dim": "2",
    "frame": "34",
    "good": "32",
    "bad": "31",
    "help": "1;36",
}

# Longer lines of prose are hard to read, narrower ones fall apart.
_NARROWEST, _WIDEST, _WIDTH = 40, 120, 80


class Style(NamedTuple):
    """Colour or none, and the width in terminal cells."""

    color: bool = False
    width: int = _WIDTH

    def paint(self, role: Role, text: str) -> str:
        """`text` in the colour of `role`, or as it is where there are no colours."""
        return f"\x1b[{_CODES[role]}m{text}\x1b[0m" if self.color and text else text


PLAIN = Style()
"""No colours, 80 wide: for files, pipes and tests."""


def style_for(stream: TextIO, environ: Mapping[str, str]) -> Style:
    """The style that suits what `stream` leads to."""
    terminal = stream.isatty()
    return Style(wants_color(terminal, environ), _terminal_width(stream) if terminal else _WIDTH)


def wants_color(terminal: bool, environ: Mapping[str, str]) -> bool:
    """Whether to use colours: NO_COLOR, then FORCE_COLOR, then TERM=dumb, then whether it is a terminal.

    The order is that of Python itself. A variable that is set and empty counts as not set.
    """
    if environ.get("NO_COLOR"):
        return False
    if force := environ.get("FORCE_COLOR"):
        return force.lower() not in ("0", "false")
    return terminal and environ.get("TERM") != "dumb"


def _terminal_width(stream: TextIO) -> int:
    try:
        columns = os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return _WIDTH
    # A terminal that does not know its size says 0.
    return max(_NARROWEST, min(columns, _WIDEST)) if columns else _WIDTH
