"""Signatures of bundles: what they cover, who is believed, and that others can verify them."""

from __future__ import annotations

import json
import shutil
import subprocess
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from terrace.bundle import Bundle, BundleWriter, Facts, open_bundle, recompose, verify
from terrace.bundle.keys import SigningKey
from terrace.bundle.packed import open_packed, pack
from terrace.bundle.signers import Signers, check, in_variable, signers_of
from terrace.errors import SignatureError
from tests.bundle.conftest import SCHEMA, Make
from tests.signing import key_in, signed, told


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    return key_in(tmp_path)


@pytest.fixture
def trusted(key: SigningKey) -> Signers:
    return signers_of([f"{key.name}.pub"], "a test")


@pytest.fixture
def folder(bundle: Bundle, key: SigningKey) -> Path:
    return signed(bundle.folder, key)


def refused(folder: Path, signers: Signers) -> str:
    with pytest.raises(SignatureError) as caught:
        check(open_bundle(folder), signers)
    return f"{caught.value.message} {caught.value.hint}"


def test_a_bundle_that_somebody_trusted_signed_is_taken(folder: Path, trusted: Signers) -> None:
    assert "key.pub (sha256:" in check(open_bundle(folder), trusted)
    assert verify(folder) == []


def test_a_bundle_that_is_sealed_with_a_key_is_signed(tmp_path: Path, key: SigningKey, trusted: Signers) -> None:
    facts = Facts("production", protected=True)
    writer = BundleWriter(
        tmp_path / "b", environment="production", service="backend", tenancy="pooled", schema=SCHEMA, facts=facts
    )
    writer.add(None, {"pool": 1})
    ref = writer.seal({"commit": "abc"}, key)
    assert check(open_bundle(tmp_path / "b"), trusted)
    assert open_bundle(tmp_path / "b").ref == ref


def test_the_digest_does_not_change_with_a_signature(bundle: Bundle, key: SigningKey) -> None:
    assert open_bundle(signed(bundle.folder, key)).ref == bundle.ref


def test_the_same_bundle_and_key_give_the_same_signature(folder: Path, key: SigningKey) -> None:
    before = told(folder)
    assert told(signed(folder, key)) == before


def test_what_is_written_is_what_the_specifications_say(folder: Path, key: SigningKey) -> None:
    said = json.loads(told(folder))
    assert said["mediaType"] == "application/vnd.dev.sigstore.bundle.v0.3+json"
    assert said["verificationMaterial"].keys() == {"publicKey"}
    envelope = said["dsseEnvelope"]
    assert envelope["payloadType"] == "application/vnd.in-toto+json"
    assert [each.keys() for each in envelope["signatures"]] == [{"sig"}]
    statement = json.loads(b64decode(envelope["payload"]))
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert [each["name"] for each in statement["subject"]] == ["manifest.json", "provenance.json"]
    digest = open_bundle(folder).ref.digest
    assert statement["subject"][0]["digest"] == {"sha256": digest.removeprefix("sha256:")}
    assert statement["predicate"] == {"format": 1, "environment": "production", "service": "backend"}


def test_openssl_verifies_it_without_any_of_our_code(folder: Path, key: SigningKey, tmp_path: Path) -> None:
    envelope = json.loads(told(folder))["dsseEnvelope"]
    payload, kind = b64decode(envelope["payload"]), envelope["payloadType"].encode()
    data, signature = tmp_path / "data", tmp_path / "signature"
    data.write_bytes(b" ".join([b"DSSEv1", str(len(kind)).encode(), kind, str(len(payload)).encode(), payload]))
    signature.write_bytes(b64decode(envelope["signatures"][0]["sig"]))
    command = ["openssl", "dgst", "-sha256", "-verify", f"{key.name}.pub", "-signature", str(signature), str(data)]
    assert subprocess.run(command, capture_output=True, check=False).stdout == b"Verified OK\n"
    data.write_bytes(data.read_bytes() + b" ")
    assert subprocess.run(command, capture_output=True, check=False).stdout != b"Verified OK\n"


def test_one_that_nobody_signed_is_refused(bundle: Bundle, trusted: Signers) -> None:
    assert "is not signed, and a signature is wanted" in refused(bundle.folder, trusted)


def test_one_that_a_stranger_signed_is_refused(bundle: Bundle, trusted: Signers, tmp_path: Path) -> None:
    stranger = key_in(tmp_path, "stranger")
    said = refused(signed(bundle.folder, stranger), trusted)
    assert "none of those who are trusted" in said
    assert "key.pub" in said


def rewritten(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    said = json.loads(told(folder))
    change(said)
    (folder / "signature.json").write_text(json.dumps(said))


def test_a_strangers_signature_with_the_hint_of_somebody_trusted_is_refused(
    folder: Path, trusted: Signers, tmp_path: Path
) -> None:
    hint = json.loads(told(folder))["verificationMaterial"]
    signed(folder, key_in(tmp_path, "stranger"))
    rewritten(folder, lambda said: said.update(verificationMaterial=hint))
    assert "none of those who are trusted" in refused(folder, trusted)


@pytest.mark.parametrize("name", ["manifest.json", "provenance.json"])
def test_what_was_changed_after_it_was_signed_is_refused(folder: Path, trusted: Signers, name: str) -> None:
    text = (folder / name).read_text()
    (folder / name).write_text(text.replace("environments/production", "environments/productioN").replace("0000", "1"))
    assert (folder / name).read_text() != text
    assert f"{name} is not the one that was signed" in refused(folder, trusted)
    # Also without any key it can be seen that they do not belong together.
    assert any("is not the one that was signed" in problem for problem in verify(folder))


def test_provenance_that_was_taken_away_or_laid_beside_is_refused(
    folder: Path, trusted: Signers, key: SigningKey
) -> None:
    provenance = (folder / "provenance.json").read_bytes()
    (folder / "provenance.json").unlink()
    assert "provenance.json was signed, and is missing" in refused(folder, trusted)
    shutil.move(signed(folder, key) / "signature.json", folder / "signature.json")
    assert check(open_bundle(folder), trusted)
    (folder / "provenance.json").write_bytes(provenance)
    assert "provenance.json is not among what was signed" in refused(folder, trusted)


@pytest.mark.parametrize("name", ["config.json", "schema.json", "environment.json", "origins.json"])
def test_every_other_file_is_covered_by_what_was_signed(folder: Path, trusted: Signers, name: str) -> None:
    (folder / name).write_bytes((folder / name).read_bytes().replace(b"1", b"2", 1) + b" ")
    bundle = open_bundle(folder)
    check(bundle, trusted)
    with pytest.raises(Exception, match="is not what was sealed"):
        bundle.origins() if name == "origins.json" else bundle.read(name)


def test_the_signature_of_another_bundle_is_refused(
    make: Make, folder: Path, trusted: Signers, key: SigningKey, tmp_path: Path
) -> None:
    other = signed(make(tmp_path / "other", pool=9).folder, key)
    shutil.copy(other / "signature.json", folder / "signature.json")
    assert "manifest.json is not the one that was signed" in refused(folder, trusted)


def test_a_statement_for_another_environment_is_refused(folder: Path, trusted: Signers, key: SigningKey) -> None:
    bundle = open_bundle(folder)
    other = key.sign(replace(bundle.ref, environment="staging"), bundle.provenance_data)
    (folder / "signature.json").write_bytes(other)
    assert "backend in staging, not of backend in production" in refused(folder, trusted)


def _payload(said: dict[str, Any]) -> None:
    said["dsseEnvelope"]["payload"] = b64encode(b64decode(said["dsseEnvelope"]["payload"]) + b" ").decode()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_payload, "none of those who are trusted"),
        (lambda said: said["dsseEnvelope"].update(payload="%%%"), "is no signature of a bundle"),
        (lambda said: said["dsseEnvelope"].update(signatures=[]), "is no signature of a bundle"),
        (lambda said: said["dsseEnvelope"]["signatures"][0].update(sig="AAAA"), "none of those who are trusted"),
        (lambda said: said["dsseEnvelope"]["signatures"][0].update(sig=7), "is no signature of a bundle"),
        (lambda said: said["dsseEnvelope"].update(payloadType="text/plain"), "of a kind that is not known"),
        (lambda said: said.update(mediaType="application/x"), "of a kind that is not known"),
        (lambda said: said.clear(), "is no signature of a bundle"),
    ],
)
def test_an_envelope_that_is_not_right_is_refused_in_words(
    folder: Path, trusted: Signers, change: Callable[[dict[str, Any]], None], words: str
) -> None:
    rewritten(folder, change)
    assert words in refused(folder, trusted)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff\xfe", b"null"])
def test_what_is_no_json_object_is_refused_in_words(folder: Path, trusted: Signers, data: bytes) -> None:
    (folder / "signature.json").write_bytes(data)
    said = refused(folder, trusted)
    assert "is no signature of a bundle" in said or "is not signed" in said
    assert verify(folder)


def test_while_keys_are_exchanged_both_are_believed(bundle: Bundle, key: SigningKey, tmp_path: Path) -> None:
    newer = key_in(tmp_path, "newer")
    both = tmp_path / "both.pem"
    both.write_text(Path(f"{key.name}.pub").read_text() + Path(f"{newer.name}.pub").read_text())
    for signers in (
        signers_of([both], "a test"),
        signers_of([f"{key.name}.pub", Path(f"{newer.name}.pub")], "a test"),
        in_variable(f"{key.name}.pub:{newer.name}.pub"),
        in_variable(both.read_text()),
    ):
        for each in (key, newer):
            assert check(open_bundle(signed(bundle.folder, each)), signers)


def test_a_key_that_is_taken_out_of_a_file_counts_no_more(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "signers.pem"
    shutil.copy(tmp_path / "key.pub", file)
    signers = signers_of([file], "a test")
    assert check(open_bundle(folder), signers)
    key_in(tmp_path, "newer")
    shutil.copy(tmp_path / "newer.pub", file)
    assert "none of those who are trusted" in refused(folder, signers)
    file.unlink()
    assert "cannot be read" in refused(folder, signers)


def test_a_variable_that_names_nobody_is_no_way_to_ask_for_nothing() -> None:
    for text in ("", "  "):
        with pytest.raises(SignatureError, match="is set, and names no key"):
            in_variable(text)


def test_a_packed_bundle_keeps_its_signature(folder: Path, trusted: Signers, tmp_path: Path) -> None:
    pack(folder, tmp_path / "backend.bundle.tar")
    assert check(open_packed(tmp_path / "backend.bundle.tar"), trusted)


def test_a_bundle_that_is_made_of_two_has_neithers_signature(
    make: Make, folder: Path, key: SigningKey, trusted: Signers, tmp_path: Path
) -> None:
    newer = make(tmp_path / "newer", secret=b"password: ENC[two]\n")
    signed(newer.folder, key)
    recompose(open_bundle(folder), newer, tmp_path / "unsigned")
    assert "is not signed" in refused(tmp_path / "unsigned", trusted)
    recompose(open_bundle(folder), newer, tmp_path / "made", key)
    assert check(open_bundle(tmp_path / "made"), trusted)
    assert verify(tmp_path / "made") == []
