"""Stale flags, for people and for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from terrace.flags.code.reference import Reference
from terrace.flags.removal import Removal
from terrace.flags.stale import WHYS, Mismatch, Stale
from terrace.report.cells import wrap
from terrace.report.formats.json import dump
from terrace.report.style import PLAIN, Style
from terrace.report.words import count
from terrace.stale import StaleFlags

WORDS = {
    "expired": "expired",
    "constant": "the same for everyone",
    "unused": "not evaluated",
    "uncalled": "not called",
    "undefined": "called and not defined",
}


def stale_text(said: StaleFlags, style: Style = PLAIN) -> str:
    """Each flag with its owner, the reasons, and what removes it; then what was looked at, in the last lines."""
    lines: list[str] = []
    for found, how in said.found:
        lines += [*_flag(found, how, style), ""]
    for each in said.mismatches:
        lines += [*_wrapped(f"{each.reference.place}: {mismatch(each)}", style), ""]
    return "".join(f"{line}\n" for line in [*lines, *_wrapped(summary(said), style), *left_out(said, style)])


def summary(said: StaleFlags) -> str:
    """A report in one sentence or two: `3 of 40 flags are stale: 2 expired, 1 not called. 200 files were searched.`"""
    defined = [found for found, _ in said.found if found.flag]
    counts = Counter(each.why for found, _ in said.found for each in found.reasons)
    parts = [f"{counts[why]:,} {WORDS[why]}" for why in WHYS if counts[why]]
    parts += [count(len(said.mismatches), "call") + " of another type"] if said.mismatches else []
    searched = f" {count(said.scan.files, 'file')} searched in {', '.join(said.scan.folders)}." if said.scan else ""
    if not parts:
        return f"None of {count(said.flags, 'flag')} is stale.{searched}"
    are = "is" if len(defined) == 1 else "are"
    return f"{len(defined):,} of {count(said.flags, 'flag')} {are} stale: {', '.join(parts)}.{searched}"


def mismatch(each: Mismatch) -> str:
    """A call of another type, in words."""
    asked = each.reference.type
    return (
        f"{each.flag.key} is {_article(each.flag.type)}, and {_article(asked)} is asked for: it always gets the default"
    )


def steps(how: Removal) -> Iterator[tuple[str, str]]:
    """Everything that is to be done, in its order: a place, and what to do there."""
    yield from ((each.place, each.text) for each in (*how.code, *how.others))
    for cut in how.cuts:
        lines = f"line {cut.first}" if cut.first == cut.last else f"lines {cut.first}-{cut.last}"
        yield (
            f"{cut.path}:{cut.first}",
            f"remove {f'from {lines} {cut.what} alone' if cut.shared else f'{lines}: {cut.what}'}",
        )
    if how.archive:
        yield how.archive_at, f"add below `archived:`: {how.archive}"


def stale_json(said: StaleFlags) -> str:
    """The same for programs: `stale`, each with `key`, `owner`, `reasons`, `since`, `references` and `removal`.

    `constant` is the variant that everyone gets, null where it is not proved, or is the application's own default:
    `default` says which. `calls_of_another_type` and `unread` tell of the code.
    """
    scan = said.scan
    return dump({
        "version": 1,
        "today": said.today.isoformat(),
        "days": said.days,
        "flags": said.flags,
        "environments": list(said.environments),
        "code": list(scan.folders) if scan else None,
        "usage": said.seen is not None,
        "stale": [_record(found, how) for found, how in said.found],
        "calls_of_another_type": [
            {"key": each.flag.key, "flag": each.flag.type, **_reference(each.reference)} for each in said.mismatches
        ],
        "computed_keys": [each._asdict() for each in scan.computed] if scan else [],
        "unread": [each._asdict() for each in scan.notes] if scan else [],
    })  # fmt: skip


def _flag(found: Stale, how: Removal, style: Style) -> Iterator[str]:
    owner = f"  {style.paint('dim', found.owner)}" if found.owner else ""
    yield style.paint("strong", found.key) + owner
    for each in found.reasons:
        yield from (f"  {line}" for line in wrap(each.message, style.width - 2, indent=2))
    for place, text in steps(how):
        yield from (f"    {line}" for line in wrap(f"{place}: {text}", style.width - 4, indent=2))


def left_out(said: StaleFlags, style: Style = PLAIN) -> list[str]:
    """What nobody looked at, so that it is not taken for clean."""
    lines: list[str] = []
    if said.scan is None:
        lines += _wrapped('No code was searched: --code DIR, or `code = ["src"]` in [tool.terrace].', style)
    if said.seen is None:
        lines += _wrapped("Nothing is known of evaluations: --usage FILE.", style)
    for note in said.scan.notes if said.scan else ():
        lines += _wrapped(f"{note.path} {note.message}.", style)
    return [style.paint("dim", line) for line in lines]


def _wrapped(text: str, style: Style) -> list[str]:
    return wrap(text, style.width, indent=2)


def _record(found: Stale, how: Removal) -> dict[str, Any]:
    flag, constant = found.flag, found.constant
    return {
        "key": found.key,
        "owner": found.owner or None,
        "since": found.since.isoformat() if found.since else None,
        "path": flag.document.path if flag else None,
        "line": _line(found),
        "reasons": [
            {"why": each.why, "message": each.message, "since": each.since.isoformat() if each.since else None}
            for each in found.reasons
        ],
        "constant": constant.always if constant else None,
        "default": bool(constant and constant.always is None),
        "given": list(constant.given) if constant else [],
        "references": [_reference(each) for each in found.references],
        "removal": {
            "code": [each._asdict() for each in how.code],
            "others": [each._asdict() for each in how.others],
            "cuts": [each._asdict() for each in how.cuts],
            "archive": {"at": how.archive_at, "text": how.archive} if how.archive else None,
        },
    }


def _reference(each: Reference) -> dict[str, Any]:
    kept = {"kind": each.kind, "path": each.path, "line": each.span.line, "language": each.language or None}
    return {**kept, "type": each.type or None, "default": each.default or None}


def _line(found: Stale) -> int | None:
    if found.flag is None:
        return None
    span = found.flag.document.at(found.flag.pointer, key=True).span
    return span.line if span else None


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
