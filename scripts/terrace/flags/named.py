"""What a condition names, for rules that look whether it is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from terrace.model.source import Pointer

Kind = Literal["attribute", "segment", "tenant", "group", "ring"]


class Named(NamedTuple):
    """Something that a condition names. `pointer` is the way to the name, from the condition on."""

    kind: Kind
    name: str
    pointer: Pointer


def named(when: Mapping[str, Any]) -> Iterator[Named]:
    """Everything that `when` names, in the order in which it stands there. What is misshapen is passed over.

    An attribute's pointer is that of its key. Raw JsonLogic names the attributes that its `var`s ask for.
    """
    return _of(when, ())


def _of(when: object, pointer: Pointer) -> Iterator[Named]:
    for key, said in when.items() if isinstance(when, Mapping) else ():
        here = (*pointer, key)
        if key in ("all", "any"):
            for index, each in enumerate(said if isinstance(said, list) else ()):
                yield from _of(each, (*here, index))
        elif key == "not":
            yield from _of(said, here)
        elif key == "jsonlogic":
            yield from _asked(said, here)
        elif key == "segment":
            yield from (Named("segment", name, (*here, *step)) for name, step in names_in(said))
        elif key in ("group", "ring"):
            yield from (Named(key, name, (*here, *step)) for name, step in names_in(said))
        elif key == "tenant":
            yield from _tenants(said, here)
        elif key != "now":
            yield Named("attribute", key, here)


def _tenants(said: object, pointer: Pointer) -> Iterator[Named]:
    yield from (Named("tenant", name, (*pointer, *step)) for name, step in names_in(said))
    if isinstance(said, Mapping):
        for operator in ("eq", "ne", "in", "not_in"):
            for name, step in names_in(said.get(operator)):
                yield Named("tenant", name, (*pointer, operator, *step))


def names_in(said: object) -> Iterator[tuple[str, Pointer]]:
    """A name, or each of a list of names, with the way to it."""
    if isinstance(said, str):
        yield said, ()
    elif isinstance(said, list):
        yield from ((name, (index,)) for index, name in enumerate(said) if isinstance(name, str))


def _asked(logic: object, pointer: Pointer) -> Iterator[Named]:
    if isinstance(logic, list):
        for index, each in enumerate(logic):
            yield from _asked(each, (*pointer, index))
    elif isinstance(logic, Mapping):
        for operator, arguments in logic.items():
            first = arguments[0] if isinstance(arguments, list) and arguments else arguments
            if operator != "var":
                yield from _asked(arguments, (*pointer, operator))
            elif isinstance(first, str) and first and not first.startswith("$flagd"):
                yield Named("attribute", first, (*pointer, operator))
