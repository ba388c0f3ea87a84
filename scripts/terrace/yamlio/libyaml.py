"""libyaml's parser as PyYAML wraps it, stripped of every Python callback and of YAML 1.1's types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from yaml._yaml import CParser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from yaml.events import Event
    from yaml.nodes import Node as YamlNode
    from yaml.tokens import Token


class Mark(Protocol):
    """A position as libyaml counts: characters, lines and columns from 0."""

    index: int
    line: int
    column: int


class _Parser(CParser):
    # The composer calls these three for every node. A method written in C costs a quarter of one in Python, and
    # formatting an empty string takes any arguments and gives an empty string: every node's tag, unless it has its own.
    resolve = "".format
    descend_resolver = "".format
    ascend_resolver = "".format


def compose(data: bytes) -> YamlNode | None:
    """The only document of `data`, None if there is none. Recursive: bound the depth first."""
    node: YamlNode | None = _Parser(data).get_single_node()
    return node


def events(text: str) -> Iterator[Event]:
    """Every event of `text`; raises YAMLError where it stops being YAML."""
    parser = _Parser(text)
    while (event := parser.get_event()) is not None:
        yield event


def tokens(text: str) -> Iterator[Token]:
    """Every token of `text`; raises YAMLError where it stops being YAML."""
    parser = _Parser(text)
    while (token := parser.get_token()) is not None:
        yield token


def marks(part: Event | Token) -> tuple[Mark, Mark]:
    """Where an event or a token begins and ends."""
    return cast("Mark", part.start_mark), cast("Mark", part.end_mark)
