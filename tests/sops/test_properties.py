"""Whatever can be written is read back the same, and stays so through changes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyrage
from hypothesis import given, settings
from hypothesis import strategies as st

from terrace import sops
from terrace.sops import Selector, identities
from terrace.sops.errors import NotWritableError
from terrace.sops.splice import same

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEY = pyrage.x25519.Identity.generate()
ALICE = identities.of(str(KEY))
WORDS = st.text(st.characters(codec="utf-8"), max_size=20)
SCALARS = st.one_of(
    WORDS, st.integers(-(2**63), 2**63 - 1), st.floats(), st.booleans(), st.none(), st.binary(min_size=1, max_size=9)
)
KEYS = st.one_of(st.sampled_from(["a", "b", "x_unencrypted", "1", "true", ""]), WORDS)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3))
FILES = st.dictionaries(KEYS.filter(lambda key: key != "sops"), VALUES, max_size=5)
SELECTORS = st.sampled_from(
    [
        Selector("unencrypted_suffix", "_unencrypted"),
        Selector("encrypted_regex", "^[ab]$"),
        Selector("encrypted_suffix", "a"),
    ]
)


@given(FILES, SELECTORS, st.booleans())
@settings(max_examples=150, deadline=None)
def test_what_is_written_is_read_back(values: dict[str, Any], selector: Selector, mac_only: bool) -> None:
    try:
        text = sops.create(values, [str(KEY.to_public())], now=NOW, selector=selector, mac_only_encrypted=mac_only)
    except NotWritableError:
        return
    assert same(sops.open_(text, ALICE).values, values)
    assert not sops.inspect(text).problems


@given(FILES, st.lists(KEYS.filter(lambda key: key != "sops"), min_size=1, max_size=3), VALUES)
@settings(max_examples=150, deadline=None)
def test_a_change_is_that_change_alone(values: dict[str, Any], path: list[str], value: Any) -> None:
    try:
        opened = sops.open_(sops.create(values, [str(KEY.to_public())], now=NOW), ALICE)
        text = opened.changed({tuple(path): value}, NOW, in_the_open=True)
    except NotWritableError:
        return
    changed = sops.open_(text, ALICE)
    assert same({**changed.values, path[0]: 0}, {**opened.values, path[0]: 0})
    found: Any = changed.values
    for key in path:
        found = found[key]
    assert same(found, value)
