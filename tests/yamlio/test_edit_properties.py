"""Random edits of random documents: the value is what was asked for, and everything else stays byte for byte."""

from __future__ import annotations

import copy
import difflib
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from terrace.model.source import Document, Pointer
from terrace.yamlio import read, set_value, unset
from tests.soak import rounds
from tests.yamlio.documents import KEYS, MAPS, SCALARS, VALUES, texts


def document(text: str) -> Document:
    found, findings = read("x.yaml", text.encode())
    assert found is not None, findings
    return found


def maps(value: Any, pointer: Pointer = ()) -> list[Pointer]:
    """The pointers of every map in `value`."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    here = [pointer] if isinstance(value, dict) else []
    return here + [found for part, below in inner for found in maps(below, (*pointer, part))]


def at(value: Any, pointer: Pointer) -> Any:
    for part in pointer:
        value = value[part]
    return value


def changes(before: str, after: str) -> tuple[list[str], list[str]]:
    """The lines that went and the lines that came."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    gone, came = [], []
    for tag, i, j, k, m in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            gone += old[i:j]
            came += new[k:m]
    return gone, came


@given(texts())
def test_a_written_document_reads_as_it_was_meant(written: tuple[str, dict[str, Any]]) -> None:
    text, value = written
    assert repr(document(text).value) == repr(value)


@settings(max_examples=rounds(300))
@given(texts(), st.data())
def test_setting_gives_the_value_and_keeps_the_rest(written: tuple[str, dict[str, Any]], data: st.DataObject) -> None:
    text, value = written
    parent = data.draw(st.sampled_from(maps(value)))
    key, new = data.draw(KEYS), data.draw(VALUES)
    expected = copy.deepcopy(value)
    at(expected, parent)[key] = new
    after = set_value(document(text), (*parent, key), new)
    assert repr(document(after).value) == repr(expected)
    comments = [line for line in text.splitlines() if line.lstrip().startswith("#")]
    old = at(value, parent).get(key)
    if not isinstance(old, (dict, list)):
        assert [line for line in after.splitlines() if line.lstrip().startswith("#")] == comments


@settings(max_examples=rounds(300))
@given(texts(st.dictionaries(KEYS, st.one_of(SCALARS, MAPS), min_size=1, max_size=5)), st.data())
def test_a_scalar_for_a_scalar_changes_one_line(written: tuple[str, dict[str, Any]], data: st.DataObject) -> None:
    text, value = written
    leaves = [(*p, k) for p in maps(value) for k, v in at(value, p).items() if not isinstance(v, (dict, list))]
    assume(leaves)
    pointer, new = data.draw(st.sampled_from(leaves)), data.draw(SCALARS)
    after = set_value(document(text), pointer, new)
    same = repr(at(value, pointer)) == repr(new)
    gone, came = changes(text, after)
    assert (len(gone), len(came)) == ((0, 0) if same else (1, 1))


@settings(max_examples=rounds(300))
@given(texts(), st.data())
def test_a_new_key_only_adds_lines(written: tuple[str, dict[str, Any]], data: st.DataObject) -> None:
    text, value = written
    assume(value)
    after = set_value(document(text), ("new", "deep"), data.draw(SCALARS))
    gone, came = changes(text, after)
    if text.endswith("\n"):
        assert (len(gone), len(came)) == (0, 2)
    else:
        # The last line gets a line break, unless lines behind it had none.
        assert (len(gone), len(came)) in ((1, 3), (0, 2))


@settings(max_examples=rounds(300))
@given(texts(), st.data())
def test_unsetting_takes_the_entry_and_nothing_else(written: tuple[str, dict[str, Any]], data: st.DataObject) -> None:
    text, value = written
    entries = [(*p, k) for p in maps(value) for k in at(value, p)]
    assume(entries)
    pointer = data.draw(st.sampled_from(entries))
    expected = copy.deepcopy(value)
    _drop(expected, pointer)
    after = unset(document(text), pointer)
    assert repr(document(after).value) == repr(expected)
    kept = after.splitlines()
    assert "# head" not in text.splitlines()[:1] or kept[0] == "# head"


@settings(max_examples=rounds(200))
@given(texts(), st.data())
def test_setting_a_new_key_and_unsetting_it_gives_the_text_back(
    written: tuple[str, dict[str, Any]], data: st.DataObject
) -> None:
    text, value = written
    assume(value)
    new = data.draw(VALUES)
    after = set_value(document(text), ("new",), new)
    assert unset(document(after), ("new",)) == text


def _drop(value: Any, pointer: Pointer) -> None:
    """Delete the entry, and the maps that it leaves empty."""
    parent = at(value, pointer[:-1])
    del parent[pointer[-1]]
    if not parent and len(pointer) > 1 and isinstance(pointer[-2], str):
        _drop(value, pointer[:-1])
