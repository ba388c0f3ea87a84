"""Files that SOPS 1.7 to 3.13 and others wrote are read as SOPS reads them; tampered ones are refused."""

from __future__ import annotations

import struct
from datetime import UTC, datetime

import pytest

from terrace.sops import create, envelope, shamir
from terrace.sops.envelope import EnvelopeError
from terrace.sops.errors import NoKeyError, NotWritableError, SopsError, TamperedError
from terrace.sops.scalars import UntypableError, float_text, typed
from terrace.yamlio import load
from terrace.yamlio.untyped import UnreadableError, documents
from tests.sops.vectors import Vector, all_are_here, table, to_refuse, tree, vectors


def named(*words: str) -> list[object]:
    """The vectors whose expectation is one of `words`, as parameters."""
    return [pytest.param(vector, id=vector.name) for vector in vectors() if vector.expect in words]


def test_all_vectors_are_at_hand() -> None:
    if not all_are_here():
        pytest.skip("only the committed vectors ran; set TERRACE_TEST_DATA to the folder that holds all of them")
    assert len(vectors()) > 80


@pytest.mark.parametrize("vector", named("accept"))
def test_a_file_is_read_to_the_same_values(vector: Vector) -> None:
    opened = vector.open()
    assert vector.docs is None or tree(opened) == vector.docs
    assert not vector.keys or not vector.data_key or opened._data_key.hex() == vector.data_key


@pytest.mark.parametrize("vector", named("refuse"))
def test_a_damaged_or_tampered_file_is_refused(vector: Vector) -> None:
    with pytest.raises(SopsError) as refused:
        vector.open()
    assert vector.name in str(refused.value)


@pytest.mark.parametrize("vector", named("delegate-or-refuse"))
def test_what_only_the_program_reads_is_not_guessed(vector: Vector) -> None:
    with pytest.raises((SopsError, ValueError)):
        vector.open()


def test_the_kind_of_error_says_what_happened() -> None:
    kinds = {vector.name: vector for vector in vectors() if vector.expect == "refuse"}
    with pytest.raises(TamperedError, match="alpha: the encrypted value does not fit"):
        kinds["reject/D-value-flip.yaml"].open()
    with pytest.raises(TamperedError, match="the MAC does not fit"):
        kinds["reject/D-key-dropped.yaml"].open()
    if all_are_here():
        with pytest.raises(NoKeyError, match=r"it is encrypted for age1c6prhc0"):
            kinds["read/C-unencsuffix.enc.yaml"].open()


@pytest.mark.parametrize(
    "row",
    [pytest.param(row, id=row["yaml"]) for row in table("yaml_scalars")["rows"] if row.get("type") != "container"],
)
def test_a_spelling_has_the_type_that_go_gives_it(row: dict[str, str]) -> None:
    if "error" in row:
        with pytest.raises((UntypableError, UnreadableError)):
            typed(documents(f"k: {row['yaml']}\n")[0].value[0][1])  # type: ignore[union-attr]
        return
    found = typed(documents(f"k: {row['yaml']}\n")[0].value[0][1])  # type: ignore[union-attr]
    expected = row.get("text") or ""
    text = found.text if isinstance(found.text, str) else found.text.decode("latin-1")
    assert (found.kind, text) == (row["type"], expected)


@pytest.mark.parametrize("row", table("floats")["rows"])
def test_a_float_has_the_text_that_go_gives_it(row: dict[str, str]) -> None:
    assert float_text(struct.unpack(">d", bytes.fromhex(row["bits"]))[0]) == row["text"]


@pytest.mark.parametrize("row", table("cipher")["rows"])
def test_a_single_value_decrypts(row: dict[str, str]) -> None:
    sealed = envelope.parse(row["enc"])
    key = envelope.cipher(bytes.fromhex(row["key_hex"]))
    data = envelope.decrypt(sealed, key, row["aad"].encode())
    assert (sealed.label, data.decode()) == (row["type"], row["plaintext"])
    assert envelope.write(envelope.encrypt(data, row["type"], key, row["aad"].encode(), sealed.iv)) == row["enc"]
    with pytest.raises(EnvelopeError):
        envelope.decrypt(sealed, key, row["aad"].encode() + b"x:")


def test_parts_of_a_data_key_combine() -> None:
    parts = [bytes.fromhex(part) for part in table("shamir")["parts"]]
    for some in (parts, parts[:2], parts[1:], parts[::-2]):
        assert shamir.combine(some).hex() == table("shamir")["secret"]


@pytest.mark.parametrize("plain", [pytest.param(text, id=name) for name, text in to_refuse().items()])
def test_a_plain_text_that_sops_refuses_is_never_encrypted(plain: str) -> None:
    values, findings = load(plain)
    if not findings:
        with pytest.raises(NotWritableError):
            create(values, ["age1unused"], now=datetime(2026, 1, 1, tzinfo=UTC))  # type: ignore[arg-type]
