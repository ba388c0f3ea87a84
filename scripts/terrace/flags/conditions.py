"""A condition as people write it, as JsonLogic for one environment. `docs/flags.md` says what each word means."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from terrace.errors import FlagError
from terrace.flags.logic import NOW, Expression, Logic, every, moment, negated, some, var
from terrace.flags.named import Named, named, names_in
from terrace.flags.words import in_words
from terrace.model.flag import Roster, Segment
from terrace.model.source import Document, Pointer

__all__ = ["Conditions", "Named", "in_words", "named"]

_LONG = 40
"""From how many texts on one text that holds them all is searched: evaluators walk through a list item by item."""

_DELIMITERS = ",|;\n"
_MOST_SEGMENTS = 1000
_DEEPEST = 30
_NUMBER_OPERATORS = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_PART = r"(?:0|[1-9]\d*)"
_COMPARED = re.compile(
    rf"(=|!=|<=|>=|<|>|\^|~|)\s*v?({_PART}(?:\.{_PART}){{0,2}})((?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)"
)
_SCALARS = (str, int, float, bool)


class SenselessError(ValueError):
    """What is asked of an attribute makes no sense; the place is added where it is known."""


class Conditions:
    """Every condition of one environment: who its tenants are, and what its segments mean, each worked out once."""

    def __init__(self, segments: Mapping[str, Segment], roster: Roster) -> None:
        self._segments = segments
        self._members = {"group": roster.groups, "ring": roster.rings}
        self._known: dict[str, tuple[Logic, int]] = {}
        self._open: list[str] = []
        self._size = 0

    def logic(self, when: Mapping[str, Any], document: Document, pointer: Pointer) -> Logic:
        """The condition `when`, which stands at `pointer` of `document`. Raises FlagError where it makes no sense."""
        return self._all(when, document, pointer)

    def _all(self, when: object, document: Document, pointer: Pointer) -> Logic:
        if not isinstance(when, Mapping) or not when:
            raise refused(document, pointer, "a condition must be a map that says something")
        return every([self._entry(key, said, document, (*pointer, key)) for key, said in when.items()])

    def _entry(self, key: str, said: object, document: Document, pointer: Pointer) -> Logic:
        if key in ("all", "any"):
            if not isinstance(said, list) or not said:
                raise refused(document, pointer, f"{key} must be a list of conditions")
            parts = [self._all(each, document, (*pointer, index)) for index, each in enumerate(said)]
            return every(parts) if key == "all" else some(parts)
        if key == "not":
            return negated(self._all(said, document, pointer))
        if key == "segment":
            return self._segment(said, document, pointer)
        if key == "jsonlogic":
            if not isinstance(said, dict) or len(said) != 1:
                raise refused(document, pointer, "jsonlogic must be one operation")
            return said
        if key in self._members:
            return _among("tenant", sorted(self._tenants(key, said, document, pointer)))
        try:
            return _attribute(key, said)
        except SenselessError as error:
            raise refused(document, pointer, str(error)) from None

    def _tenants(self, kind: str, said: object, document: Document, pointer: Pointer) -> set[str]:
        found: set[str] = set()
        for name, _ in names_in(said):
            if name not in self._members[kind]:
                raise refused(document, pointer, f"there is no {kind} {name!r}")
            found |= self._members[kind][name]
        return found

    def _segment(self, said: object, document: Document, pointer: Pointer) -> Logic:
        segment = self._segments.get(said) if isinstance(said, str) else None
        if segment is None:
            raise refused(document, pointer, f"there is no segment {said!r}")
        if segment.name in self._open:
            way = " uses ".join([*self._open[self._open.index(segment.name) :], segment.name])
            raise refused(document, pointer, f"segments go round in a circle: {way}")
        if segment.name not in self._known:
            self._known[segment.name] = self._worked_out(segment, document, pointer)
        logic, size = self._known[segment.name]
        self._size += size
        return logic

    def _worked_out(self, segment: Segment, document: Document, pointer: Pointer) -> tuple[Logic, int]:
        outside, self._size = self._size, 1
        self._open.append(segment.name)
        try:
            if len(self._open) > _DEEPEST:
                raise refused(document, pointer, f"segments use one another more than {_DEEPEST} deep")
            logic = self._all(segment.when, segment.document, (*segment.pointer, "when"))
            if self._size > _MOST_SEGMENTS:
                raise refused(document, pointer, f"segment {segment.name!r} comes to more than {_MOST_SEGMENTS} others")
            return logic, self._size
        finally:
            self._open.pop()
            self._size = outside


def refused(document: Document, pointer: Pointer, message: str) -> FlagError:
    """The error that says `message` of the place `pointer`."""
    return FlagError(f"{document.at(pointer)}: {message}", hint="terrace validate says all that is wrong with flags.")


def _attribute(name: str, said: object) -> Logic:
    """What is asked of one attribute. Raises SenselessError where it makes no sense."""
    if not name or name.startswith("$flagd"):
        raise SenselessError(f"{name!r} is not the name of an attribute")
    if name == "now":
        return _time(said)
    if isinstance(said, list):
        return _among(name, said)
    if not isinstance(said, dict):
        return _same(name, said)
    if not said:
        raise SenselessError(f"nothing is asked of {name}")
    parts: list[Logic] = []
    if said.keys() & _GUARDED:
        # NOTE: null < 5, null == 0, and a version that is missing is a traceback in the evaluator's log.
        parts.append({"!==": [var(name), None]})
    if said.keys() & _NUMBER_OPERATORS.keys():
        # NOTE: evaluators take text for a number, order it by its letters, or fail where it is none.
        parts.append(negated(_is_text(var(name))))
    for operator, value in said.items():
        if operator not in _OPERATORS:
            raise SenselessError(f"{operator!r} is not a comparison; there are {', '.join(_OPERATORS)}")
        parts.append(_OPERATORS[operator](name, value))
    return every(parts)


def _same(name: str, value: object) -> Logic:
    if not isinstance(value, _SCALARS):
        raise SenselessError(f"{name} is compared with what is not text, a number, true or false")
    return {"===": [var(name), value]}


def _among(name: str, values: Collection[Any]) -> Logic:
    for value in values:
        _same(name, value)
    if len(values) < 2:
        return _same(name, next(iter(values))) if values else False
    delimiter = _delimiter(values) if len(values) >= _LONG else None
    if delimiter is None:
        return {"in": [var(name), list(values)]}
    return every(_within(var(name), delimiter, values))


def _delimiter(values: Collection[Any]) -> str | None:
    if not all(isinstance(value, str) for value in values):
        return None
    return next((mark for mark in _DELIMITERS if not any(mark in value for value in values)), None)


def _within(asked: Expression, mark: str, values: Collection[str]) -> Iterator[Expression]:
    yield {"in": [{"cat": [mark, asked, mark]}, mark + mark.join(values) + mark]}
    # `a,b` lies within `,a,b,c,` and is none of them; neither is the list [a, b], which is joined by commas.
    yield {"!": [{"in": [mark, asked]}]}
    yield _is_text(asked)


def _number(operator: str) -> Callable[[str, object], Logic]:
    def compared(name: str, value: object) -> Logic:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise SenselessError(f"{name} is compared by {operator} with what is not a number")
        return {_NUMBER_OPERATORS[operator]: [var(name), value]}

    return compared


def _text(operator: str) -> Callable[[str, object], Logic]:
    def compared(name: str, value: object) -> Logic:
        if not isinstance(value, str) or not value:
            raise SenselessError(f"{operator} of {name} needs a text")
        if operator != "contains":
            return {operator: [var(name), value]}
        # NOTE: in JavaScript, to look for something in a number is an error, and the flag's value is lost.
        return {"if": [_is_text(var(name)), {"in": [value, var(name)]}, {"in": [value, {"merge": [var(name)]}]}]}

    return compared


def _is_text(asked: Expression) -> Expression:
    return {"===": [{"cat": [asked]}, asked]}


def _list(name: str, value: object) -> Logic:
    if not isinstance(value, list):
        raise SenselessError(f"{name} is looked for in what is not a list")
    return _among(name, value)


def _version(name: str, value: object) -> Logic:
    ranges = re.sub(r"([<>=^~])\s+", r"\1", value).split() if isinstance(value, str) else []
    parts: list[Logic] = []
    for each in ranges:
        found = _COMPARED.fullmatch(each)
        if found is None:
            raise SenselessError(f"{each!r} is not a comparison with a version, as >=2.4.0 is")
        operator, numbers, rest = found.groups()
        parts.append({"sem_ver": [var(name), operator or "=", numbers + ".0" * (2 - numbers.count(".")) + rest]})
    if not parts:
        raise SenselessError(f"{name} is compared with no version")
    return every(parts)


def _exists(name: str, value: object) -> Logic:
    if not isinstance(value, bool):
        raise SenselessError("exists must be true or false")
    return {"!==" if value else "===": [var(name), None]}


def _time(said: object) -> Logic:
    if not isinstance(said, dict) or not said or said.keys() - {"before", "after"}:
        raise SenselessError("of now only before and after can be asked")
    return every([{"<" if word == "before" else ">=": [NOW, seconds(text)]} for word, text in said.items()])


def seconds(text: object) -> int:
    """The seconds since 1970 of a moment. Raises SenselessError with what to write."""
    try:
        return moment(str(text))
    except ValueError:
        raise SenselessError(f"{text!r} is not a moment with its offset, as 2027-01-15T08:00:00Z is") from None


_GUARDED = frozenset(("ne", "not_in", "lt", "lte", "gt", "gte", "contains", "semver"))
_OPERATORS: dict[str, Callable[[str, object], Logic]] = {
    "eq": _same,
    "ne": lambda name, value: negated(_same(name, value)),
    "in": _list,
    "not_in": lambda name, value: negated(_list(name, value)),
    **{operator: _number(operator) for operator in _NUMBER_OPERATORS},
    **{operator: _text(operator) for operator in ("starts_with", "ends_with", "contains")},
    "semver": _version,
    "exists": _exists,
}
