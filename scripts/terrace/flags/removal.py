"""How a flag goes: the lines of YAML, the entry that remembers it, and what stays of each place in the code."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import groupby
from typing import Any, NamedTuple

from terrace.flags.folding import Reach
from terrace.flags.stale import Stale, said
from terrace.flags.surviving import surviving, undefined
from terrace.model.flag import Flag, Flags, FlagTest
from terrace.model.source import Document, Pointer


class Cut(NamedTuple):
    """Lines of a file that go, and what they are. `shared`: other things stand in the same lines, and stay."""

    path: str
    first: int
    last: int
    what: str
    shared: bool = False


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


class _Others(NamedTuple):
    """What else speaks of flags, by key: tests, and flags that require them, each with its place there."""

    tests: Mapping[str, list[FlagTest]]
    requiring: Mapping[str, list[tuple[Flag, int]]]


def removals(found: Sequence[Stale], flags: Flags, today: date) -> list[Removal]:
    """What removes each stale flag; of one that no file knows, what becomes of its calls."""
    tests: dict[str, list[FlagTest]] = {}
    requiring: dict[str, list[tuple[Flag, int]]] = {}
    for area in flags.areas:
        for test in area.tests:
            tests.setdefault(test.flag, []).append(test)
    for other in flags.flags.values():
        for index, each in enumerate(other.requires):
            requiring.setdefault(each.flag, []).append((other, index))
    return [_removal(each, _Others(tests, requiring), today) for each in found]


def _removal(found: Stale, others: _Others, today: date) -> Removal:
    flag = found.flag
    if flag is None:
        return Removal(tuple(Step(each.place, undefined(each)) for each in found.references))
    return Removal(
        tuple(Step(each.place, surviving(each, flag, found.constant)) for each in found.references),
        tuple(_requirement(*each, found.constant) for each in others.requiring.get(flag.key, ())),
        tuple(_cuts(flag, others.tests.get(flag.key, ()))),
        _archive(flag, found, today),
        _archive_at(flag.document),
    )


def _cuts(flag: Flag, tests: Sequence[FlagTest]) -> Iterator[Cut]:
    yield _cut(flag.document, flag.pointer, "the flag")
    for document, own in groupby(tests, key=lambda each: each.document):
        pointers = [each.pointer for each in own]
        if len(pointers) == _size_at(document, ("tests",)):
            yield _cut(document, ("tests",), "its tests, the only ones here")
        else:
            yield from (_cut(document, pointer, "a test of it") for pointer in pointers)


def _cut(document: Document, pointer: Pointer, what: str) -> Cut:
    """The lines of an entry, with the comments right above it; those of the whole map, where it is alone in that."""
    while len(pointer) > 1 and _size_at(document, pointer[:-1]) == 1:
        pointer = pointer[:-1]
    key, value = document.spans[pointer]
    start, end = key or value, value
    lines = _lines(document.text)
    before = lines[start.line - 1][: start.column - 1].lstrip(" ")
    after = lines[end.end_line - 1][end.end_column - 1 :].strip()
    shared = before.strip("- ") != "" or (after != "" and not after.startswith("#"))
    first = start.line
    indent = " " * (start.column - 1 - len(before)) + "#"
    while not shared and first > 1 and lines[first - 2].startswith(indent):
        first -= 1
    return Cut(document.path, first, end.end_line, what, shared)


@lru_cache(maxsize=4)
def _lines(text: str) -> list[str]:
    return text.split("\n")


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


def _requirement(other: Flag, index: int, constant: Reach | None) -> Step:
    key, variant = other.requires[index]
    place = _place(other, ("requires", index))
    return Step(place, _of_requirement(other.key, f"{key}: {variant}", variant, constant))


def _of_requirement(other: str, written: str, variant: str, constant: Reach | None) -> str:
    if constant is None:
        return f"{other} requires {written}: put the rules that lead to it into {other} before the flag goes"
    if constant.always == variant:
        return f"{other} requires {written}, which always holds: remove the requirement"
    return f"{other} requires {written}, which never holds: everybody gets the off variant of {other}, so it can go too"


def _place(flag: Flag, inner: Pointer) -> str:
    location = flag.document.at((*flag.pointer, *inner))
    return f"{location.path}:{location.span.line}" if location.span else location.path
