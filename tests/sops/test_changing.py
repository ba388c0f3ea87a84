"""Files that exist are changed where they must be, and nowhere else."""

from __future__ import annotations

import difflib
from datetime import datetime
from typing import Any

import pytest

from terrace import sops
from terrace.model.secret import Secret
from terrace.sops import REMOVED, Selector
from terrace.sops.errors import (
    DamagedError,
    NoKeyError,
    NotEncryptedError,
    NotSelectedError,
    NotWritableError,
    TamperedError,
)
from terrace.sops.splice import same
from tests.sops.conftest import Keys

VALUES: dict[str, Any] = {
    "database": {"password": "s3cret", "port": 5432, "replicas": ["a", "b"]},
    "token": "abc",
    "url_unencrypted": "db.example.test",
}


@pytest.fixture
def text(alice: Keys, now: datetime) -> str:
    return sops.create(VALUES, [alice.recipient], now=now)


def lines(before: str, after: str) -> list[str]:
    """The lines that differ, without their values."""
    found = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return [line.split(": ")[0] for line in found if line[:3] not in ("---", "+++") and line[0] != "@"]


def test_a_new_file_holds_nothing_in_the_open(text: str, alice: Keys) -> None:
    assert not any(word in text for word in ("s3cret", "5432", "abc"))
    assert "db.example.test" in text
    assert same(sops.open_(text, alice.identities).values, VALUES)


def test_one_change_is_three_lines(text: str, alice: Keys, now: datetime) -> None:
    later = now.replace(year=2027)
    after = sops.open_(text, alice.identities).changed({("database", "password"): Secret("new")}, later)
    assert lines(text, after) == [
        "-    password", "+    password", "-    lastmodified", "-    mac", "+    lastmodified", "+    mac",
    ]  # fmt: skip
    assert sops.open_(after, alice.identities).values["database"]["password"].reveal() == "new"


def test_the_same_value_changes_nothing(text: str, alice: Keys, now: datetime) -> None:
    assert sops.open_(text, alice.identities).changed({("token",): "abc"}, now.replace(year=2027)) == text


def test_an_entry_is_added_behind_its_neighbours_and_taken_away_again(text: str, alice: Keys, now: datetime) -> None:
    opened = sops.open_(text, alice.identities)
    after = opened.changed({("database", "user"): "u", ("new", "deep"): [1, {"x": None}]}, now)
    assert list(sops.open_(after, alice.identities).values) == ["database", "token", "url_unencrypted", "new"]
    back = sops.open_(after, alice.identities).changed({("database", "user"): REMOVED, ("new", "deep"): REMOVED}, now)
    assert [line for line in back.splitlines() if "mac:" not in line] == [
        line for line in text.splitlines() if "mac:" not in line
    ]


def test_a_list_that_grows_keeps_what_it_had(text: str, alice: Keys, now: datetime) -> None:
    after = sops.open_(text, alice.identities).changed({("database", "replicas"): ["a", "b", "c"]}, now)
    added, *others = lines(text, after)
    assert added.startswith("+        - ENC[")
    assert others == ["-    mac", "+    mac"]


def test_a_secret_never_stands_in_the_open(text: str, alice: Keys, now: datetime) -> None:
    opened = sops.open_(text, alice.identities)
    place = ("url_unencrypted",)
    with pytest.raises(NotSelectedError, match="unencrypted_suffix: _unencrypted"):
        opened.changed({place: "x"}, now)
    with pytest.raises(NotSelectedError):
        opened.changed({place: Secret("x")}, now, in_the_open=True)
    assert "url_unencrypted: x\n" in opened.changed({place: "x"}, now, in_the_open=True)
    with pytest.raises(NotSelectedError):
        sops.create({"a": Secret("x")}, [alice.recipient], now=now, selector=Selector("encrypted_regex", "^b$"))


def test_other_layouts_and_line_breaks_are_kept(text: str, alice: Keys, now: datetime) -> None:
    text = "\ufeff" + text.replace("\n", "\r\n").replace("token: ", "# a note\r\ntoken:   ")
    after = sops.open_(text, alice.identities).changed({("token",): "new", ("more",): {"x": 1}}, now)
    assert after.startswith("\ufeff")
    assert "# a note\r\ntoken: ENC[" in after
    assert "\n" not in after.replace("\r\n", "")


def test_what_cannot_be_changed_safely_is_refused(text: str, alice: Keys, now: datetime) -> None:
    commented = text.replace("    port:", "    # a note\n    port:")
    for changes in (
        {("database",): "x"},  # would lose the comment
        {("sops", "version"): "1.0.0"},
        {("database", "password", "x"): 1},
        {("absent",): REMOVED},
        {("<<",): {"a": 1}},
        {("token",): 2**64},
        {("token",): "\ud800"},
        {(): {}},
    ):
        with pytest.raises(NotWritableError):
            sops.open_(commented, alice.identities).changed(changes, now)


def test_values_in_brackets_are_written_anew_as_a_block(alice: Keys, now: datetime) -> None:
    text = sops.create({"a": {}, "b": "x"}, [alice.recipient], now=now)
    after = sops.open_(text, alice.identities).changed({("a", "c"): "y"}, now)
    assert "a:\n    c: ENC[" in after


def test_recipients_change_without_a_value_changing(text: str, alice: Keys, bob: Keys) -> None:
    after = sops.rewrap(text, alice.identities, [alice.recipient, bob.recipient])
    assert [leaf.iv for leaf in sops.inspect(text).leaves] == [leaf.iv for leaf in sops.inspect(after).leaves]
    assert same(sops.open_(after, bob.identities).values, VALUES)
    assert sops.rewrap(after, bob.identities, [bob.recipient, alice.recipient]) == after
    with pytest.raises(NoKeyError, match=alice.recipient):
        sops.open_(text, bob.identities, name="x.yaml")


def test_a_new_data_key_keeps_the_nonces(text: str, alice: Keys, bob: Keys, now: datetime) -> None:
    after = sops.rotate_data_key(text, alice.identities, [bob.recipient], now)
    before = sops.inspect(text).leaves
    assert [leaf.iv for leaf in before] == [leaf.iv for leaf in sops.inspect(after).leaves]
    sealed = [line for line in text.splitlines() if "ENC[" in line]
    assert not any(line in after for line in sealed)
    assert same(sops.open_(after, bob.identities).values, VALUES)
    with pytest.raises(NoKeyError):
        sops.open_(after, alice.identities)


def test_without_a_key_everything_but_the_values_is_seen(text: str, alice: Keys) -> None:
    sealed = sops.inspect(text)
    assert not sealed.problems
    assert not sealed.warnings
    password, port = sealed.leaves[:2]
    assert (password.pointer, password.label, password.size, password.span.line) == (
        ("database", "password"), "str", len("s3cret"), 2,
    )  # fmt: skip
    assert (port.label, port.encrypted, sealed.leaves[-1].encrypted) == ("int", True, False)
    assert [declared.recipient for declared in sealed.recipients] == [alice.recipient]
    assert sealed.recipients[0].stanzas == ("X25519",)


BAD = (
    "", "a: 1\n", "[", "- a\n", "a: *b\n", "sops: 5\n", "sops: {}\na: 1\n", "a: &a [*a]\n", "\x00", "[" * 5000,
    "sops: {}\n---\n- x\n", "? [a]\n: b\n", "a: !!int x\nsops: {}\n", "sops: {a: 1, a: 2}\n", "sops: {age: [x]}\n",
)  # fmt: skip


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_file_is_described_and_never_opened(bad: str, alice: Keys) -> None:
    assert sops.inspect(bad).problems
    with pytest.raises((DamagedError, NotEncryptedError)):
        sops.open_(bad, alice.identities)


def test_aliases_that_multiply_are_bounded(text: str) -> None:
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9))
    assert any("too many" in problem.message for problem in sops.inspect(bomb + text).problems)


def test_each_bit_counts(text: str, alice: Keys) -> None:
    """A flipped bit anywhere in an encrypted value or the MAC, the unused ones of base64 among them, is refused."""
    import re

    for match in re.finditer(r"(?<=[:,])[A-Za-z0-9+/]+(?==*,)", text):
        for place in (match.start(), match.end() - 1):
            for bit in range(6):
                flipped = _flipped(text, place, bit)
                with pytest.raises((TamperedError, DamagedError)):
                    sops.open_(flipped, alice.identities)


def _flipped(text: str, place: int, bit: int) -> str:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return text[:place] + alphabet[alphabet.index(text[place]) ^ (1 << bit)] + text[place + 1 :]
