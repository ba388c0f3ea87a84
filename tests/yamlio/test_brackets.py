"""How deep brackets lie in one another, told without parsing: never too little, and seldom too much."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from terrace.yamlio.brackets import nesting

_PARTS = st.sampled_from([
    "[", "]", "{", "}", '"', "'", " ", ",", ", ", ": ", ":", " #", "\n", "\n ", "- ", "a", "x: ", "\\", "|\n ", '"a"',
    "'b'",
    ', "c"', '[a, "', '" ]', "? ", "1", "\t", "\r\n", "é", '"a": "b"', "it's",
])  # fmt: skip


def depth(text: str) -> int:
    """How deep the parser itself finds brackets in one another, as far as it comes."""
    most = 0
    opened: list[bool] = []
    seen: set[int] = set()
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.CollectionStartEvent):
                mark = "[" if isinstance(event, yaml.SequenceStartEvent) else "{"
                place = event.start_mark.index
                # A pair in a list is a map without brackets, which begins where its key does.
                bracket = text[place : place + 1] == mark and place not in seen
                seen.update([place] if bracket else [])
                opened.append(bracket)
                most = max(most, sum(opened))
            elif isinstance(event, yaml.CollectionEndEvent):
                opened.pop()
    except yaml.YAMLError:
        pass
    return most


@given(st.lists(_PARTS, min_size=3, max_size=40).map("".join))
def test_the_parser_never_finds_more_levels(text: str) -> None:
    # A comment glued to what is before it, and signs of other kinds, are for the exact way anyway.
    assume(text.count("#") == text.count(" #") and not set(text) & set("&*!%"))
    assert depth(text) <= nesting(text.encode())


@pytest.mark.parametrize(
    ("line", "levels"),
    [
        ("- {when: {all: [{plan: pro}, {app: {semver: '>=2.4.0'}}]}, serve: on}  # don't [\n", 5),
        ('- {email: {ends_with: "]@x.com"}, note: it\'s fine}\n', 2),
    ],
)
def test_lines_that_close_what_they_open_do_not_add_up(line: str, levels: int) -> None:
    assert nesting((line * 1000).encode()) == levels


@pytest.mark.parametrize(
    "text", ["[" * 2000, '["]",\n' * 2000, "[ # ]\n" * 2000, 'x," : ' + "[" * 2000 + '"', "[']',\n" * 2000]
)
def test_what_is_deep_is_known_to_be(text: str) -> None:
    assert nesting(text.encode()) >= 2000
