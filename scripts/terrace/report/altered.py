"""Which secrets a change alters, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from terrace.model.recipients import Register
from terrace.model.source import dotted
from terrace.report.cells import one_line, wrap
from terrace.report.formats.json import dump
from terrace.report.style import PLAIN, Style
from terrace.report.words import count
from terrace.secrets.changed import Altered


def altered_text(found: Sequence[Altered], register: Register, since: str, style: Style = PLAIN) -> str:
    """Each file with what is different in it, and a tally."""
    if not found:
        return f"No secrets file differs from {one_line(since)}.\n"
    lines = [line for each in found for line in (*_file(each, register, style), "")]
    secrets = sum(len(each.new) + len(each.changed) + len(each.gone) for each in found)
    return "".join(f"{line}\n" for line in lines) + f"{count(secrets, 'secret')} in {count(len(found), 'file')}\n"


def altered_json(found: Sequence[Altered], register: Register) -> str:
    """The same for programs: `files`, each with `path`; dotted paths that are `new`, `changed` and `gone`; and names of
    recipients that `joined` and `left`. A file in which all are empty was encrypted anew."""
    files = [
        {
            "path": each.path,
            "new": list(map(dotted, each.new)),
            "changed": list(map(dotted, each.changed)),
            "gone": list(map(dotted, each.gone)),
            "joined": list(map(register.called, each.joined)),
            "left": list(map(register.called, each.left)),
        }
        for each in found
    ]
    return dump({"version": 1, "files": files})


def _file(each: Altered, register: Register, style: Style) -> Iterator[str]:
    yield style.paint("strong", one_line(each.path))
    said = [
        *(("new", dotted(pointer)) for pointer in each.new),
        *(("changed", dotted(pointer)) for pointer in each.changed),
        *(("gone", dotted(pointer)) for pointer in each.gone),
    ]
    yield from (f"  {word:<8} {one_line(path)}" for word, path in said)
    readers = [f"{register.called(key)} can open it now" for key in each.joined]
    readers += [f"{register.called(key)} cannot any more" for key in each.left]
    notes = readers or ([] if said else ["encrypted anew, with the values that it had"])
    for note in notes:
        yield from (style.paint("dim", f"  {line}") for line in wrap(one_line(note), style.width - 2))
