"""Private keys are found wherever SOPS finds them, and described where they are not."""

from __future__ import annotations

import subprocess
from datetime import datetime
from pathlib import Path

import pytest

from terrace import sops
from terrace.sops import identities
from terrace.sops.errors import NeedsBinaryError, NoKeyError, SopsError
from tests.sops.conftest import Keys

NO_AUDIT = "/nonexistent/audit.yaml"


@pytest.fixture
def text(alice: Keys, now: datetime) -> str:
    return sops.create({"a": "x"}, [alice.recipient], now=now)


@pytest.mark.parametrize(
    ("environ", "files", "opens"),
    [
        ({"SOPS_AGE_KEY": "{K1}"}, {}, True),
        ({"SOPS_AGE_KEY": "{K2} {K1}"}, {}, True),
        ({"SOPS_AGE_KEY": "# c\n\n{K1}"}, {}, True),
        ({"SOPS_AGE_KEY": "{K1}  "}, {}, True),
        ({"SOPS_AGE_KEY": "garbage\n{K1}"}, {}, False),
        ({"SOPS_AGE_KEY": "", "SOPS_AGE_KEY_FILE": "{HOME}/f"}, {"f": "{K1}\n"}, True),
        ({"SOPS_AGE_KEY_FILE": "{HOME}/f"}, {"f": "# c\r\n\r\n{K1}\r\n"}, True),
        ({"SOPS_AGE_KEY_FILE": "{HOME}/f"}, {"f": " {K1}\n"}, False),
        ({"SOPS_AGE_KEY": "{K1}", "SOPS_AGE_KEY_FILE": "/nonexistent"}, {}, True),
        ({"SOPS_AGE_KEY_CMD": "cat {HOME}/f"}, {"f": "{K1}"}, True),
        ({"SOPS_AGE_KEY_CMD": "sh -c 'cat {HOME}/f'"}, {"f": "{K1}"}, True),
        ({"SOPS_AGE_KEY_CMD": "false"}, {}, False),
        ({}, {".config/sops/age/keys.txt": "{K1}"}, True),
        ({"XDG_CONFIG_HOME": "{HOME}/x"}, {".config/sops/age/keys.txt": "{K1}"}, False),
        ({"SOPS_AGE_KEY": "{K1}"}, {".config/sops/age/keys.txt": "{K2}"}, True),
        ({"SOPS_AGE_KEY": "{K2}"}, {}, False),
    ],
)
def test_a_source_opens_the_file_as_it_does_for_sops(
    environ: dict[str, str], files: dict[str, str], opens: bool, text: str, alice: Keys, bob: Keys, tmp_path: Path
) -> None:
    def filled(value: str) -> str:
        return value.replace("{K1}", alice.text).replace("{K2}", bob.text).replace("{HOME}", str(tmp_path))

    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(filled(content), newline="")
    variables = {"PATH": "/usr/bin:/bin", **{name: filled(value) for name, value in environ.items()}}
    found = identities.find(variables, tmp_path, audit_file=NO_AUDIT)
    if opens:
        assert sops.open_(text, found).values["a"].reveal() == "x"
    else:
        with pytest.raises(NoKeyError) as refused:
            sops.open_(text, found)
        assert "keys.txt" in refused.value.hint
        assert alice.text not in refused.value.hint + str(refused.value)


def test_an_ssh_key_opens_a_file(tmp_path: Path, now: datetime) -> None:
    (tmp_path / ".ssh").mkdir()
    key = tmp_path / ".ssh" / "id_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    recipient = " ".join((tmp_path / ".ssh" / "id_ed25519.pub").read_text().split()[:2])
    text = sops.create({"a": "x"}, [recipient], now=now)
    found = identities.find({}, tmp_path, audit_file=NO_AUDIT)
    assert sops.open_(text, found).values["a"].reveal() == "x"
    subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", "phrase", "-f", str(key)], check=True, stdout=-3)
    with pytest.raises(NeedsBinaryError, match="an SSH key behind a passphrase"):
        sops.open_(text, identities.find({}, tmp_path, audit_file=NO_AUDIT))


@pytest.mark.parametrize("key", ["AGE-PLUGIN-YUBIKEY-1QQQ", "AGE-SECRET-KEY-PQ-1QQQ"])
def test_what_only_the_program_can_use_is_named(key: str, text: str, tmp_path: Path) -> None:
    with pytest.raises(NeedsBinaryError, match="the sops program could try"):
        sops.open_(text, identities.find({"SOPS_AGE_KEY": key}, tmp_path, audit_file=NO_AUDIT))


def test_a_host_with_its_own_audit_or_key_service_is_not_bypassed(text: str, alice: Keys, tmp_path: Path) -> None:
    audit = tmp_path / "audit.yaml"
    audit.touch()
    environ = {"SOPS_AGE_KEY": alice.text}
    for found in (
        identities.find(environ, tmp_path, audit_file=str(audit)),
        identities.find({**environ, "SOPS_KEYSERVICE": "tcp://x"}, tmp_path, audit_file=NO_AUDIT),
    ):
        with pytest.raises(NeedsBinaryError):
            sops.open_(text, found)


def test_nothing_that_is_printed_holds_a_key(text: str, alice: Keys, tmp_path: Path) -> None:
    found = identities.find({"SOPS_AGE_KEY": alice.text}, tmp_path, audit_file=NO_AUDIT)
    opened = sops.open_(text, found)
    shown = f"{found!r} {found} {opened!r} {opened.values!r}"
    assert alice.text not in shown
    assert opened._data_key.hex() not in shown


def test_a_private_key_in_the_place_of_a_recipient_is_not_repeated(alice: Keys, now: datetime) -> None:
    with pytest.raises(SopsError) as refused:
        sops.create({"a": "x"}, [alice.text], now=now)
    assert alice.text[:30] not in str(refused.value)


@pytest.mark.parametrize("recipient", ["age1pq1xyz", "age1yubikey1xyz", "age1xyz", "ssh-dss AAAA", "", "nonsense"])
def test_a_recipient_that_cannot_be_wrapped_for_is_refused(recipient: str, now: datetime) -> None:
    with pytest.raises(SopsError):
        sops.create({"a": "x"}, [recipient], now=now)
