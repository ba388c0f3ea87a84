"""A small table: aligned columns under a dim header, cut to the width of the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from terrace.report.cells import cut, one_line, pad, width
from terrace.report.style import PLAIN, Role, Style

_NARROWEST = 6


class Column(NamedTuple):
    """A column: its title (none anywhere: no header), the side it stands on, and its colour.

    `near` puts it one space from the column before, not two. Where the table is too wide, columns that are not
    `whole` are cut, the widest first.
    """

    title: str = ""
    right: bool = False
    near: bool = False
    whole: bool = False
    role: Role | None = None


def table(columns: Sequence[Column], rows: Sequence[Sequence[str]], style: Style = PLAIN, *, indent: int = 0) -> str:
    """The rows below each other, the header first; empty where there are no rows."""
    return "".join(line + "\n" for line in table_lines(columns, rows, style, indent=indent)) if rows else ""


def table_lines(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], style: Style = PLAIN, *, indent: int = 0
) -> list[str]:
    """The lines of a table: the header where a column has a title, then one line for each row."""
    titled = any(column.title for column in columns)
    shown = [[one_line(cell) for cell in row] for row in rows]
    header = [[column.title for column in columns]] if titled else []
    sizes = _sizes(columns, [*header, *shown], style.width - indent)
    lines = [style.paint("dim", _line(columns, row, sizes)) for row in header]
    lines += [_line(columns, row, sizes, style) for row in shown]
    return [" " * indent + line for line in lines]


def _sizes(columns: Sequence[Column], rows: Sequence[Sequence[str]], room: int) -> list[int]:
    sizes = [max((width(row[at]) for row in rows), default=0) for at in range(len(columns))]
    shrinkable = [at for at, column in enumerate(columns) if not column.whole]
    over = sum(sizes) + sum(map(_gap, columns[1:])) - room
    while over > 0 and shrinkable:
        widest = max(shrinkable, key=lambda at: sizes[at])
        if sizes[widest] <= _NARROWEST:
            break
        sizes[widest] -= 1
        over -= 1
    return sizes


def _line(columns: Sequence[Column], row: Sequence[str], sizes: Sequence[int], style: Style = PLAIN) -> str:
    last = max((at for at, cell in enumerate(row) if cell), default=-1)
    line = ""
    for at, (column, cell, size) in enumerate(zip(columns, row, sizes, strict=True)):
        if at > last:
            break
        text = pad(cut(cell, size), size, right=column.right)
        # No spaces at the end of a line, not even coloured ones.
        text = text.rstrip() if at == last else text
        line += " " * (_gap(column) if at else 0) + (style.paint(column.role, text) if column.role else text)
    return line


def _gap(column: Column) -> int:
    return 1 if column.near else 2
