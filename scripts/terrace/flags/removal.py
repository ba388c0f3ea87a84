"""How a flag goes: the lines of YAML, the entry that remembers it, and what stays of each place in the code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

from terrace.flags.folding import Reach
from terrace.flags.stale import Stale, said
from terrace.flags.surviving import surviving, undefined
from terrace.model.flag import Flag, Flags
from terrace.model.source import Document, Pointer


class Cut(NamedTuple):
    """Lines of a file that go, and what they are."""

    path: str
    first: int
    last: int
    what: str


class Step(NamedTuple):
    """What is to be done in one place: a path with a line, and the words."""

    place: str
    text: str


class Removal(NamedTuple):
    """Everything that ends a flag, in the order in which it is safe: code first, then what others require, then YAML.

    `archive` is a line below `archived:` of the file at `archive_at`.
    """

    code: tuple[Step, ...] = ()
    others: tuple[Step, ...] = ()
    cuts: tuple[Cut, ...] = ()
    archive: str = ""
    archive_at: str = ""


def removal(found: Stale, flags: Flags, today: date) -> Removal:
    """What removes a stale flag; of one that no file knows, what becomes of its calls."""
    flag = found.flag
    if flag is None:
        return Removal(tuple(Step(each.place, undefined(each)) for each in found.references))
    return Removal(
        tuple(Step(each.place, surviving(each, flag, found.constant)) for each in found.references),
        tuple(_required(flag, found.constant, flags)),
        tuple(_cuts(flag, flags)),
        _archive(flag, found, today),
        _archive_at(flag.document),
    )


def _cuts(flag: Flag, flags: Flags) -> Iterator[Cut]:
    yield _cut(flag.document, flag.pointer, "the flag")
    for area in flags.areas:
        for test in area.tests:
            if test.flag == flag.key:
                yield _cut(test.document, test.pointer, "a test of it")


def _cut(document: Document, pointer: Pointer, what: str) -> Cut:
    spans = document.spans[pointer]
    first = spans.key.line if spans.key else spans.value.line
    # The only entry of a map goes with the map's own key, or that would be left with nothing.
    parent = document.spans.get(pointer[:-1])
    if parent and parent.key and _size_at(document, pointer[:-1]) == 1:
        first = parent.key.line
    return Cut(document.path, first, spans.value.end_line, what)


def _size_at(document: Document, pointer: Pointer) -> int:
    value: Any = document.value
    for part in pointer:
        value = value[part]
    return len(value)


def _archive(flag: Flag, found: Stale, today: date) -> str:
    reason = said(found.constant) if found.constant else found.reasons[0].message
    return f"{flag.key}: {{type: {flag.type}, day: {today}, reason: {json.dumps(reason, ensure_ascii=False)}}}"


def _archive_at(document: Document) -> str:
    spans = document.spans.get(("archived",))
    return f"{document.path}:{spans.key.line}" if spans and spans.key else document.path


def _required(flag: Flag, constant: Reach | None, flags: Flags) -> Iterator[Step]:
    for other in flags.flags.values():
        for index, each in enumerate(other.requires):
            if each.flag == flag.key:
                place = _place(other, ("requires", index))
                yield Step(place, _of_requirement(other.key, f"{each.flag}: {each.variant}", each.variant, constant))


def _of_requirement(other: str, written: str, variant: str, constant: Reach | None) -> str:
    if constant is None:
        return f"{other} requires {written}: put the rules that lead to it into {other} before the flag goes"
    if constant.always == variant:
        return f"{other} requires {written}, which always holds: remove the requirement"
    return f"{other} requires {written}, which never holds: everybody gets the off variant of {other}, so it can go too"


def _place(flag: Flag, inner: Pointer) -> str:
    location = flag.document.at((*flag.pointer, *inner))
    return f"{location.path}:{location.span.line}" if location.span else location.path
