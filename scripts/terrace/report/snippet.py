"""A source line as compilers show it: its number, the line, and carets under exactly the part that is meant."""

from __future__ import annotations

from typing import NamedTuple

from terrace.model.source import Span
from terrace.report.cells import grid
from terrace.report.style import Role, Style


class Frame(NamedTuple):
    """The left edge of a finding: how wide its line numbers are."""

    style: Style
    digits: int

    def edge(self, number: int | str = "", mark: str = "|") -> str:
        """The start of a line: ` 12 |`."""
        return self.style.paint("frame", f"{number:>{self.digits}} {mark}")

    @property
    def room(self) -> int:
        """The cells that are left for source."""
        return max(10, self.style.width - self.digits - 3)


class _View(NamedTuple):
    """A line as far as it is shown: its text, and the cells that the span begins and ends at."""

    text: str
    start: int
    end: int


def snippet(frame: Frame, lines: list[str], span: Span, role: Role, mark: str = "^") -> list[str]:
    """The lines of `span`, which must lie in `lines`, with `mark` under it."""
    if span.end_line == span.line:
        view = window(lines[span.line - 1], span.column - 1, span.end_column - 1, frame.room)
        under = " " * view.start + frame.style.paint(role, mark * (view.end - view.start))
        body = [f"{frame.edge(span.line)} {view.text}".rstrip(), f"{frame.edge()} {under}"]
    else:
        body = _bracket(frame, lines, span, role, mark)
    return [frame.edge(), *body]


def window(line: str, start: int, end: int, room: int) -> _View:
    """What `room` cells show of `line` around its characters `start` to `end`; `…` stands where it was cut."""
    # A line may be a megabyte long: what is far from the span is dropped before anything is measured.
    first, last = max(0, start - 2 * room), start + 2 * room
    before, meant, after = line[first:start], line[start : min(end, last)], line[min(end, last) : last + room]
    cells = grid(before + meant + after)
    begin = len(grid(before))
    finish = max(begin + 1, len(grid(before + meant)))
    more_left, more_right = first > 0, len(line) > last + room
    if len(cells) <= room and not more_left and not more_right and begin < room:
        return _View("".join(cells), begin, min(finish, room))
    low = _left(begin, finish, max(len(cells), finish), room)
    shown = _slice(cells, low, room, more_left=more_left, more_right=more_right)
    left = 1 if shown[0] == "…" else 0
    return _View("".join(shown), max(begin - low, left), max(left + 1, min(finish - low, room)))


def _left(begin: int, finish: int, total: int, room: int) -> int:
    """The first cell to show, so that the span stands in the middle, or begins a third in if it is long."""
    context = max(room // 3, (room - (finish - begin)) // 2)
    return max(0, min(begin - context, total - room))


def _slice(cells: list[str], low: int, room: int, *, more_left: bool, more_right: bool) -> list[str]:
    shown = cells[low : low + room]
    # Half of a wide character cannot be shown.
    if low and shown and not shown[0]:
        shown[0] = " "
    if low + room < len(cells) and not cells[low + room]:
        shown[-1] = " "
    if low or more_left:
        shown = _marked(shown, 0)
    if low + room < len(cells) or more_right:
        shown = _marked(shown, -1)
    return shown


def _marked(shown: list[str], at: int) -> list[str]:
    """`shown` with its first (0) or last (-1) cell replaced by `…`, and no half character left beside it."""
    if at == 0:
        rest = shown[1:]
        return ["…", *([" ", *rest[1:]] if rest and not rest[0] else rest)]
    rest = shown[:-1]
    return [*([*rest[:-1], " "] if shown and not shown[-1] and rest else rest), "…"]


def _bracket(frame: Frame, lines: list[str], span: Span, role: Role, mark: str) -> list[str]:
    """A span of several lines: a line down its left side, from where it begins to where it ends."""
    paint, room = frame.style.paint, frame.room - 2
    first = window(lines[span.line - 1], span.column - 1, len(lines[span.line - 1]), room)
    last = window(lines[span.end_line - 1], max(0, span.end_column - 2), span.end_column - 1, room)
    begins_line = not lines[span.line - 1][: span.column - 1].strip()
    bar = paint(role, "|")
    body = [f"{frame.edge(span.line)} {paint(role, '/') if begins_line else ' '} {first.text}".rstrip()]
    if not begins_line:
        body.append(f"{frame.edge()} {paint(role, ' ' + '_' * (first.start + 1) + mark)}")
    between = span.end_line - span.line - 1
    if between == 1:
        text = window(lines[span.line], 0, 1, room).text
        body.append(f"{frame.edge(span.line + 1)} {bar} {text}".rstrip())
    elif between > 1:
        body.append(f"{frame.style.paint('frame', '.' * frame.digits)}   {bar}")
    body.append(f"{frame.edge(span.end_line)} {bar} {last.text}".rstrip())
    body.append(f"{frame.edge()} {paint(role, '|' + '_' * last.end + mark)}")
    return body
