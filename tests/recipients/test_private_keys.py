"""A private key is found wherever it stands: in text, in base64, in any file that Git tracks or could."""

from __future__ import annotations

import os
import subprocess
from base64 import b64encode, encodebytes, urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path

import pyrage
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from terrace import cli
from terrace.model.private_keys import private_keys, signs
from terrace.source.exposed import exposed

AGE = str(pyrage.x25519.Identity.generate()).encode()
PKCS8 = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
SSH = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("key", [AGE, PKCS8, SSH], ids=["age", "pkcs8", "openssh"])
@given(before=st.binary(max_size=200), after=st.binary(max_size=50))
def test_key_is_found_in_any_bytes(key: bytes, before: bytes, after: bytes) -> None:
    data = before + key + b"\n" + after
    assert len(before) in [found.start for found in private_keys(data)]
    assert any(sign in data for sign in signs())


@pytest.mark.parametrize("encode", [b64encode, encodebytes, urlsafe_b64encode], ids=["one line", "lines", "url"])
@pytest.mark.parametrize("key", [AGE, PKCS8, SSH], ids=["age", "pkcs8", "openssh"])
@given(before=st.text(max_size=120), after=st.binary(max_size=90))
def test_key_is_found_in_base64(encode: Callable[[bytes], bytes], key: bytes, before: str, after: bytes) -> None:
    data = b"apiVersion: v1\ndata:\n  keys.txt: " + encode(before.encode() + key + b"\n" + after) + b"\n"
    assert [found.what[-6:] for found in private_keys(data)] == ["base64"]
    assert any(sign in data for sign in signs())


def test_key_in_a_string_with_escaped_line_breaks_is_found() -> None:
    assert list(private_keys(b'{"key": "' + PKCS8.replace(b"\n", b"\\n") + b'"}'))


@pytest.mark.parametrize(
    "text",
    [
        b"AGE-SECRET-KEY-1...",
        b"-----BEGIN " + b"PRIVATE KEY-----",
        b"# public key: age1qqq",
        b"-----BEGIN PUBLIC KEY-----\n" + b"A" * 64,
        b"-----BEGIN AGE ENCRYPTED FILE-----\n" + b"A" * 64,
    ],
)
def test_what_is_said_of_keys_is_no_key(text: bytes) -> None:
    assert list(private_keys(text)) == []
    assert list(private_keys(b64encode(text))) == []


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / "environments/staging").mkdir(parents=True)
    (folder / "environments/staging/environment.yaml").write_text("kind: staging\n")
    (folder / ".gitignore").write_text("local/\n")
    _git(folder, "init", "-q")
    return folder


def _git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@harbourkitchen.com")
    subprocess.run(
        ["git", *who, *arguments], cwd=folder, check=True, env={**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null"}
    )


@pytest.mark.parametrize("path", ["notes.txt", "docs/dump.bin", "tests/a b/schlüssel"])
@pytest.mark.parametrize("tracked", [True, False])
def test_key_in_any_file_is_an_error_and_is_not_shown(
    repository: Path, path: str, tracked: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    file = repository / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"\0\xff\n  note: " + AGE + b"\n")
    if tracked:
        _git(repository, "add", "-A")
    assert cli.run(["-C", str(repository), "validate"]) == 1
    said = capsys.readouterr().out
    assert f"{path}:2:9" in said
    assert "SEC025" in said
    assert AGE.decode() not in said
    assert cli.run(["-C", str(repository), "secrets", "scan", str(file)]) == 1
    assert AGE.decode() not in capsys.readouterr().out


def test_key_in_a_commit_is_found_there_alone(repository: Path) -> None:
    (repository / "keys.txt").write_bytes(AGE)
    _git(repository, "add", "-A")
    _git(repository, "commit", "-qm", "Begin")
    commit = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=repository, text=True).strip()
    (repository / "keys.txt").unlink()
    assert [str(location) for location, _ in exposed(repository, commit)] == ["keys.txt:1:1"]
    assert exposed(repository) == []


def test_what_git_ignores_is_nobody_s_business(repository: Path) -> None:
    (repository / "local").mkdir()
    (repository / "local/keys.txt").write_bytes(AGE)
    assert exposed(repository) == []


def test_a_repository_below_another_s_top_is_searched_in_its_own_folder(repository: Path) -> None:
    (repository / "elsewhere.txt").write_bytes(AGE)
    (repository / "environments/staging/notes.txt").write_bytes(AGE)
    assert [str(location) for location, _ in exposed(repository / "environments")] == ["staging/notes.txt:1:1"]


def test_this_repository_holds_none() -> None:
    assert exposed(ROOT) == []


def test_a_file_that_is_not_there_is_not_taken_for_a_clean_one(repository: Path) -> None:
    assert cli.run(["-C", str(repository), "secrets", "scan", "no-such-file"]) == 2
