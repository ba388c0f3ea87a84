"""A place in source code that asks for a flag, or names one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from terrace.model.flag import FlagType
from terrace.model.source import Span

Kind = Literal["call", "name", "test"]
Word = Literal["if", "elif", "while", "expression"]


class Branch(NamedTuple):
    """A decision that a call makes by itself: an `if`, `while` or conditional expression that tests nothing else.

    The whole stands in `span`. `body` and `otherwise` are what follows where the test holds, and where it does not;
    None where there is no such part; `chained`: that is an `elif`. The test holds where the flag's value is (`negated`:
    is not) `equals`.
    """

    word: Word
    equals: object
    negated: bool
    span: Span
    body: Span
    otherwise: Span | None
    chained: bool = False


class Reference(NamedTuple):
    """One place. A `call` asks for the flag; a `name` is its key in quotes, for whatever purpose; in a `test` a helper
    of ours gives the flag a variant.

    `type` is the one that the call asks for (`number`: integer or float), `default` what it gives as the default, as
    written; both are empty where nothing is said. `text` is the call itself, on one line.
    """

    key: str
    kind: Kind
    path: str
    span: Span
    language: str
    type: str = ""
    default: str = ""
    text: str = ""
    branch: Branch | None = None

    @property
    def place(self) -> str:
        """Path and line, as editors open them."""
        return f"{self.path}:{self.span.line}"


class Computed(NamedTuple):
    """A call whose key is made as the program runs, so that it is not known here."""

    path: str
    line: int
    text: str


class Note(NamedTuple):
    """What could not be read as it should, and what was done instead."""

    path: str
    message: str


class Found(NamedTuple):
    """What one file says."""

    references: tuple[Reference, ...] = ()
    computed: tuple[Computed, ...] = ()
    notes: tuple[Note, ...] = ()


_SUITS: dict[str, frozenset[FlagType]] = {
    "boolean": frozenset({"boolean"}),
    "string": frozenset({"string"}),
    "integer": frozenset({"integer"}),
    "float": frozenset({"float", "integer"}),
    "number": frozenset({"float", "integer"}),
    "object": frozenset({"object"}),
}


def suits(asked: str, type_: FlagType) -> bool:
    """Whether a call that asks for one type can be answered by a flag of another. A whole number serves as a float."""
    return not asked or type_ in _SUITS[asked]


def together(found: Iterable[Found]) -> Found:
    """What several files say."""
    every = list(found)
    return Found(
        tuple(each for one in every for each in one.references),
        tuple(each for one in every for each in one.computed),
        tuple(each for one in every for each in one.notes),
    )
