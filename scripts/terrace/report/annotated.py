"""One finding with its source line, as the best compilers show it."""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.findings import Finding, Severity
from terrace.model.source import Location
from terrace.report.cells import one_line, wrap
from terrace.report.preview import Hunk, fix_hunks
from terrace.report.snippet import Frame, snippet, window
from terrace.report.source import Sources
from terrace.report.style import Role, Style
from terrace.report.words import affected

ROLES: dict[Severity, Role] = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "info"}
_PREVIEW = 6
"""Of a longer hunk of a fix only so many lines are shown."""


def annotated(finding: Finding, sources: Sources, style: Style) -> Iterator[str]:
    """The lines of one finding: what is wrong, the source it stands in, and what to do."""
    role = ROLES[finding.severity]
    hunks = fix_hunks(finding, sources)
    frame = Frame(style, _digits(finding, sources, hunks))
    word = f"{finding.severity.word}[{one_line(finding.code)}]"
    yield from _prose(style, role, f"{word}:", finding.message, strong=True)
    yield from _place(finding.location, sources, frame, role, "^")
    for related in finding.related:
        yield from _prose(style, "info", "note:", related.message)
        yield from _place(related.location, sources, frame, "info", "-")
    if finding.affects:
        yield from _note(frame, affected(finding))
    if finding.hint:
        yield from _note(frame, finding.hint, "help:")
    if finding.fix is not None:
        yield from _note(frame, finding.fix.title, "fix:")
        for hunk in hunks:
            yield from _preview(frame, hunk, other=hunk.path != finding.location.path)


def _prose(style: Style, role: Role, label: str, text: str, *, strong: bool = False) -> Iterator[str]:
    """`label` and the words of `text`, wrapped; every line break in `text` is kept."""
    indent = len(label) + 1
    for number, part in enumerate(text.splitlines() or [""]):
        lines = wrap(part, style.width, first=indent if number == 0 else 2, indent=2)
        shown = [style.paint("strong", line) for line in lines] if strong else lines
        start = style.paint(role, label) + " " if number == 0 else "  "
        yield (start + shown[0]).rstrip()
        yield from shown[1:]


def _place(location: Location, sources: Sources, frame: Frame, role: Role, mark: str) -> Iterator[str]:
    arrow = frame.style.paint("frame", " " * frame.digits + "-->")
    yield f"{arrow} {one_line(str(location))}"
    span = sources.span(location)
    if span is not None:
        yield from snippet(frame, sources.lines(location.path), span, role, mark)


def _note(frame: Frame, text: str, label: str = "") -> Iterator[str]:
    """A line that begins with ` = `, under the source."""
    start = frame.digits + 3
    indent = start + (len(label) + 1 if label else 0)
    shown = frame.style.paint("help", label) + " " if label else ""
    lines = [line for part in text.splitlines() or [""] for line in wrap(part, frame.style.width - indent)]
    yield (frame.edge(mark="=") + " " + shown + lines[0]).rstrip()
    yield from (" " * indent + line for line in lines[1:])


def _preview(frame: Frame, hunk: Hunk, *, other: bool) -> Iterator[str]:
    if other:
        yield f"{frame.style.paint('frame', ' ' * frame.digits + '-->')} {one_line(hunk.path)}:{hunk.line}"
    yield frame.edge()
    yield from _side(frame, hunk.line, hunk.old, "-", "bad")
    yield from _side(frame, hunk.line, hunk.new, "+", "good")


def _side(frame: Frame, number: int, lines: tuple[str, ...], sign: str, role: Role) -> Iterator[str]:
    for offset, line in enumerate(lines[:_PREVIEW]):
        shown = f"{sign} {window(line, 0, 1, frame.room - 2).text}".rstrip()
        yield f"{frame.edge(number + offset)} {frame.style.paint(role, shown)}"
    if len(lines) > _PREVIEW:
        yield f"{frame.edge()} {frame.style.paint('dim', f'{sign} ... and {len(lines) - _PREVIEW:,} more')}"


def _digits(finding: Finding, sources: Sources, hunks: tuple[Hunk, ...]) -> int:
    spans = [sources.span(place) for place in (finding.location, *(related.location for related in finding.related))]
    ends = [span.end_line for span in spans if span is not None]
    ends += [hunk.line + max(len(hunk.old), min(len(hunk.new), _PREVIEW)) - 1 for hunk in hunks]
    return len(str(max(ends, default=1)))
