"""Keys that sign: made once, read with words for all that can be wrong, and never shown."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from terrace import cli
from terrace.bundle.keys import public_keys_in, read_private
from terrace.bundle.new_key import create
from terrace.errors import SignatureError

PASSPHRASE = "seven-otters-in-a-row"


@pytest.fixture(autouse=True)
def nothing_in_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TERRACE_SIGNING_KEY", "TERRACE_SIGNING_PASSPHRASE_FILE", "TERRACE_SIGNERS"):
        monkeypatch.delenv(name, raising=False)


def words(file: Path, passphrase: Path | None = None) -> str:
    with pytest.raises(SignatureError) as caught:
        read_private(file, passphrase)
    # What was wrong with a key came from its bytes: nothing of that may come along.
    assert caught.value.__cause__ is None or isinstance(caught.value.__cause__, OSError)
    return caught.value.message


def test_only_its_owner_can_read_a_private_key(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        create(tmp_path / "key")
    finally:
        os.umask(before)
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "key.pub").stat().st_mode & 0o777 == 0o644
    assert read_private(tmp_path / "key").public.pem == (tmp_path / "key.pub").read_text()


@pytest.mark.parametrize("there", ["key", "key.pub"])
def test_no_key_is_ever_replaced(tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("mine")
    with pytest.raises(SignatureError, match="is there already"):
        create(tmp_path / "key")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(there, "mine")]


def test_a_dangling_link_is_no_place_for_a_key(tmp_path: Path) -> None:
    (tmp_path / "key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SignatureError, match="is there already"):
        create(tmp_path / "key")


def test_openssl_reads_both_halves(tmp_path: Path) -> None:
    create(tmp_path / "key")
    out = subprocess.run(
        ["openssl", "pkey", "-in", str(tmp_path / "key"), "-pubout"], capture_output=True, text=True, check=True
    ).stdout
    assert out == (tmp_path / "key.pub").read_text()


def test_a_key_with_a_passphrase_opens_with_that_alone(tmp_path: Path) -> None:
    right, wrong, empty = tmp_path / "right", tmp_path / "wrong", tmp_path / "empty"
    right.write_text(f"{PASSPHRASE}\n")
    wrong.write_text("seven-otters")
    empty.write_text("\n")
    create(tmp_path / "key", right)
    assert "BEGIN ENCRYPTED PRIVATE KEY" in (tmp_path / "key").read_text()
    assert read_private(tmp_path / "key", right).public.pem == (tmp_path / "key.pub").read_text()
    assert "the passphrase does not open" in words(tmp_path / "key", wrong)
    assert "is encrypted, and no passphrase is given" in words(tmp_path / "key")
    assert "the passphrase in" in words(tmp_path / "key", empty)
    assert "the passphrase cannot be read" in words(tmp_path / "key", tmp_path / "nowhere")


def test_a_variable_may_name_the_passphrase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text(PASSPHRASE)
    create(tmp_path / "key", tmp_path / "secret")
    monkeypatch.setenv("TERRACE_SIGNING_PASSPHRASE_FILE", str(tmp_path / "secret"))
    assert read_private(tmp_path / "key").public.pem
    create(tmp_path / "open")
    assert read_private(tmp_path / "open").public.pem, "a key without a passphrase needs none"


def private(kind: str) -> bytes:
    keys = {
        "RSA": lambda: rsa.generate_private_key(65537, 2048),
        "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
        "P-256K": lambda: ec.generate_private_key(ec.SECP256K1()),
        "Ed25519": ed25519.Ed25519PrivateKey.generate,
    }
    key: ec.EllipticCurvePrivateKey = keys[kind]()  # type: ignore[assignment]  # what they share is all that is used
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + b"\0" + public


@pytest.mark.parametrize(
    ("kind", "said"), [("RSA", "RSA"), ("P-384", "secp384r1"), ("P-256K", "secp256k1"), ("Ed25519", "Ed25519")]
)
def test_keys_of_other_kinds_are_refused_by_name(tmp_path: Path, kind: str, said: str) -> None:
    secret, public = private(kind).split(b"\0")
    (tmp_path / "key").write_bytes(secret)
    (tmp_path / "key.pub").write_bytes(public)
    assert said in words(tmp_path / "key")
    with pytest.raises(SignatureError, match=f"{said}.*ECDSA on P-256"):
        public_keys_in(tmp_path / "key.pub")


def test_what_is_no_key_is_refused_in_words(tmp_path: Path) -> None:
    made = create(tmp_path / "key")
    (tmp_path / "none").write_text("hello")
    (tmp_path / "cut").write_text((tmp_path / "key").read_text()[:80])
    assert "cannot be read" in words(tmp_path / "nowhere")
    assert "cannot be read" in words(tmp_path)
    assert "holds no private key" in words(tmp_path / "none")
    assert "holds no private key" in words(tmp_path / "cut")
    assert "holds a public key" in words(tmp_path / "key.pub")
    for name, said in (("key", "holds a private key"), ("none", "holds no public key"), ("nowhere", "cannot be read")):
        with pytest.raises(SignatureError, match=said):
            public_keys_in(tmp_path / name)
    (tmp_path / "broken").write_text(made.public.pem.replace("MFkw", "AAAA"))
    with pytest.raises(SignatureError, match="a public key that cannot be read"):
        public_keys_in(tmp_path / "broken")


def test_a_key_shows_nothing_of_itself(tmp_path: Path) -> None:
    made = create(tmp_path / "key")
    inside = (tmp_path / "key").read_text().splitlines()[1]
    assert inside not in f"{made!r} {made} {vars(made)}"


def test_the_command_prints_the_public_half_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["keys", "create", "--out", str(tmp_path / "key")]) == 0
    out, err = capsys.readouterr()
    assert out == (tmp_path / "key.pub").read_text()
    assert (tmp_path / "key").read_text().splitlines()[1] not in out + err
    assert cli.run(["keys", "create", "--out", str(tmp_path / "key")]) == 3
    assert "is there already" in capsys.readouterr().err
