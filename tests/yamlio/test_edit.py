"""Edits change the bytes they must and no others; each example shows the whole text before and after."""

from __future__ import annotations

from typing import Any

import pytest

from terrace.errors import TerraceError
from terrace.model.source import Document, Pointer
from terrace.yamlio import read, set_value, unset


def document(text: str) -> Document:
    found, findings = read("x.yaml", text.encode())
    assert found is not None, findings
    return found


SET: dict[str, tuple[str, Pointer, Any, str]] = {
    "a plain scalar keeps its comment": ("a: 1   # why\nb: 2\n", ("a",), 5, "a: 5   # why\nb: 2\n"),
    "quotes stay": ("a: 'x'\nb: \"y\"\n", ("a",), "it's", "a: 'it''s'\nb: \"y\"\n"),
    "double quotes stay": ('a: "x" # c\n', ("a",), 'say "hi"', 'a: "say \\"hi\\"" # c\n'),
    "a number replaces a quoted text without quotes": ("a: '1'\n", ("a",), 1, "a: 1\n"),
    "text that reads as a boolean elsewhere is quoted": ("a: x\n", ("a",), "no", 'a: "no"\n'),
    "an empty value is filled in": ("a:\nb: # c\n", ("a",), 1, "a: 1\nb: # c\n"),
    "an empty value keeps its comment": ("a:\nb: # c\n", ("b",), 1, "a:\nb: 1 # c\n"),
    "line breaks stay CRLF": ("a: 1\r\nb:\r\n  c: 2\r\n", ("b", "d"), 3, "a: 1\r\nb:\r\n  c: 2\r\n  d: 3\r\n"),
    "a missing final newline stays missing": ("a: 1", ("b",), 2, "a: 1\nb: 2"),
    "a key goes behind the last entry, not behind the next section's comment": (
        "a:\n  b: 1 # one\n\n# about c\nc: 2\n",
        ("a", "d"),
        3,
        "a:\n  b: 1 # one\n  d: 3\n\n# about c\nc: 2\n",
    ),
    "odd indentation is kept": ("a:\n     b: 1\n", ("a", "c"), 2, "a:\n     b: 1\n     c: 2\n"),
    "missing parents are made": ("a: 1\n", ("b", "c", "d"), True, "a: 1\nb:\n  c:\n    d: true\n"),
    "brackets take a new key": ("a: {b: 1}  # c\n", ("a", "d"), "x, y", 'a: {b: 1, d: "x, y"}  # c\n'),
    "empty brackets open up": ("a: {}  # c\nz: 1\n", ("a", "d"), 2, "a:  # c\n  d: 2\nz: 1\n"),
    "an empty root opens up": ("# head\n{}\n", ("a",), 2, "# head\na: 2\n"),
    "a list item": ("a:\n- 1 # one\n- 2\n", ("a", 0), 7, "a:\n- 7 # one\n- 2\n"),
    "a list keeps its brackets": ("a: [1, 2] # c\n", ("a",), [3], "a: [3] # c\n"),
    "a list in its key's column": ("a:\n- 1\n- 2\nb: 1\n", ("a",), [3], "a:\n- 3\nb: 1\n"),
    "a map in the place of a list in its key's column": ("a:\n- 1\nb: 1\n", ("a",), {"c": 1}, "a:\n  c: 1\nb: 1\n"),
    "a map in the place of a scalar": ("a: 1 # c\nb: 2\n", ("a",), {"x": [1]}, "a: # c\n  x:\n    - 1\nb: 2\n"),
    "a scalar in the place of a map": ("a: # c\n  x: 1\n  y: 2\nb: 2\n", ("a",), 1, "a: 1 # c\nb: 2\n"),
    "a key of a map in a list": ("a:\n  - b: 1\n  - b: 2\n", ("a", 0, "c"), 3, "a:\n  - b: 1\n    c: 3\n  - b: 2\n"),
    "a literal block stays one": ("a: |\n  x\n  y\nb: 1\n", ("a",), "p\nq\n", "a: |\n  p\n  q\nb: 1\n"),
    "a key behind a literal block": (
        "a:\n  b: |\n    x\n\nc: 1\n",
        ("a", "d"),
        1,
        "a:\n  b: |\n    x\n  d: 1\n\nc: 1\n",
    ),
    "a key behind a block that keeps its empty lines": ("b: |+\n  x\n\n", ("d",), 1, "b: |+\n  x\n\nd: 1\n"),
    "the same value changes nothing": ("a:   'x'   # c\n", ("a",), "x", "a:   'x'   # c\n"),
    "JSON stays JSON": ('{\n  "a": 1\n}\n', ("b",), 2, '{\n  "a": 1, b: 2\n}\n'),
}

UNSET: dict[str, tuple[str, Pointer, str]] = {
    "an entry and its comment": ("a: 1\nb: 2 # two\nc: 3\n", ("b",), "a: 1\nc: 3\n"),
    "comment lines directly above": ("a: 1\n\n# about b\n# more\nb: 2\nc: 3\n", ("b",), "a: 1\n\nc: 3\n"),
    "not a comment behind an empty line": ("a: 1\n# section\n\nb: 2\nc: 3\n", ("b",), "a: 1\n# section\n\nc: 3\n"),
    "not the head of the file": ("# head\na: 1\nb: 2\n", ("a",), "# head\nb: 2\n"),
    "not a comment in another column": ("a: 1\n  # odd\nb: 2\n", ("b",), "a: 1\n  # odd\n"),
    "parents that become empty": ("a:\n  b:\n    c: 1\nd: 2\n", ("a", "b", "c"), "d: 2\n"),
    "the last entry leaves an empty map": ("# head\na:\n  b: 1\n", ("a", "b"), "# head\n{}\n"),
    "in brackets, first": ("a: {b: 1, c: 2}\n", ("a", "b"), "a: {c: 2}\n"),
    "in brackets, last": ("a: {b: 1, c: 2 }\n", ("a", "c"), "a: {b: 1 }\n"),
    "the first key of a list's item": ("a:\n  - b: 1\n    c: 2\n", ("a", 0, "b"), "a:\n  - c: 2\n"),
    "the only key of a list's item": ("a:\n  - b: 1\n  - 2\n", ("a", 0, "b"), "a:\n  - {}\n  - 2\n"),
    "the only key of an item in a line of its own": ("a:\n-\n  # why\n  b: 1\n", ("a", 0, "b"), "a:\n-\n  {}\n"),
    "a whole map": ("a: 1\r\nb:\r\n  c: 1\r\n  d: 2\r\ne: 3\r\n", ("b",), "a: 1\r\ne: 3\r\n"),
    "a missing final newline stays missing": ("a: 1\nb: 2", ("b",), "a: 1"),
    "a block with its empty lines": ("a: |+\n  x\n\nb: 1\n", ("a",), "b: 1\n"),
}


@pytest.mark.parametrize("name", SET)
def test_set_changes_only(name: str) -> None:
    before, pointer, value, after = SET[name]
    assert set_value(document(before), pointer, value) == after


@pytest.mark.parametrize("name", UNSET)
def test_unset_removes_only(name: str) -> None:
    before, pointer, after = UNSET[name]
    assert unset(document(before), pointer) == after


@pytest.mark.parametrize("text", ["", "# only a comment", "# only a comment\n"])
def test_a_new_file_gets_its_first_key(text: str) -> None:
    fresh = Document("x.yaml", text, {}, lambda _: {})
    lines = text if not text or text.endswith("\n") else text + "\n"
    assert set_value(fresh, ("a", "b"), 1) == lines + "a:\n  b: 1\n"


@pytest.mark.parametrize(
    ("pointer", "value", "message"),
    [
        ((), 1, "a whole document"),
        (("a", "b"), 1, "a is a value, not a map"),
        (("l", 2), 1, "l is a list of 2"),
        (("l", "x"), 1, "l is a list of 2"),
        (("m", 0), 1, "m is not a list"),
        (("a",), float("nan"), "not finite"),
        (("a",), 2**63, "64 bits"),
        (("a",), "\ud800", "surrogate"),
        (("k" * 2000,), 1, "without touching more"),
    ],
)
def test_what_cannot_be_set_says_why(pointer: Pointer, value: Any, message: str) -> None:
    with pytest.raises(TerraceError, match=message):
        set_value(document("a: 1\nl: [1, 2]\nm: {x: 1}\n"), pointer, value)


@pytest.mark.parametrize("pointer", [(), ("l", 0), ("nope",), ("m", "nope")])
def test_what_cannot_be_unset_says_so(pointer: Pointer) -> None:
    with pytest.raises(TerraceError):
        unset(document("a: 1\nl: [1, 2]\nm: {x: 1}\n"), pointer)
