"""Files that the real `sops` encrypted with a key of AWS KMS (moto's server): read by it, and never changed here."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from terrace.sops import identities, open_, values_of
from terrace.sops.errors import NeedsBinaryError
from tests.refs import servers
from tests.secrets.conftest import Person, Shop
from tests.sops.program import VERSIONS, built

pytestmark = pytest.mark.real
FILE = "environments/production/shop.secrets.yaml"
PLAIN = "database:\n    password: correct-horse-battery\n    pin: 1234\n"
SYSTEM = "/usr/bin:/bin"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with servers.aws() as address:
        yield address


@pytest.fixture(params=VERSIONS)
def program(request: pytest.FixtureRequest) -> Path:
    return built(request.param)


@pytest.fixture(params=["AWS_ENDPOINT_URL_KMS", "AWS_ENDPOINT_URL"])
def environ(request: pytest.FixtureRequest, address: str, program: Path, tmp_path: Path) -> dict[str, str]:
    """What leads `sops` to the server: either of the variables that the AWS clients know."""
    said = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}
    path = f"{program.parent}:{SYSTEM}"
    return {**said, "AWS_REGION": "eu-west-1", request.param: address, "HOME": str(tmp_path), "PATH": path}


def sealed(program: Path, environ: dict[str, str], folder: Path, address: str) -> str:
    """The plain text above under a new key that the server keeps."""
    credentials = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    client = boto3.session.Session().client("kms", region_name="eu-west-1", endpoint_url=address, **credentials)
    key = client.create_key()["KeyMetadata"]["Arn"]
    (folder / "plain.yaml").write_text(PLAIN)
    command = [str(program), "encrypt", "--kms", key, "--unencrypted-regex", "^$", "plain.yaml"]
    ended = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "correct-horse" not in ended.stdout
    return ended.stdout


def test_the_program_opens_what_a_key_service_keeps(
    program: Path, environ: dict[str, str], tmp_path: Path, address: str, ada: Person
) -> None:
    text = sealed(program, environ, tmp_path, address)
    values = values_of(text, ada.identities, environ)
    assert values["database"]["password"].reveal() == "correct-horse-battery"
    assert values["database"]["pin"].reveal() == 1234
    with pytest.raises(NeedsBinaryError, match=r"the key kms arn:aws:kms.*needs the sops program, which is not inst"):
        values_of(text, identities.of(""), {**environ, "PATH": SYSTEM})
    with pytest.raises(NeedsBinaryError, match="could try the key kms"):
        open_(text, ada.identities)


def test_commands_read_such_a_file_and_leave_its_change_to_the_program(
    program: Path,
    environ: dict[str, str],
    tmp_path: Path,
    address: str,
    shop: Shop,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = sealed(program, environ, tmp_path, address)
    (shop.folder / FILE).write_text(text)
    for name, value in environ.items():
        if name != "HOME":
            monkeypatch.setenv(name, value)
    assert shop.get("database.password") == "correct-horse-battery"
    assert shop.get("database.pin") == "1234"
    shown = shop.run("show", "shop", "--env", "production", "--reveal", "--yes")
    assert "password: correct-horse-battery" in shown.out
    assert shop.log().count(FILE) == 3
    for command in (("set", "--stdin"), ("unset",)):
        ran = shop.run("secrets", command[0], "shop", "database.pin", "--env", "production", *command[1:], stdin="4321")
        assert ran.code == 3
        assert f"It is changed with: sops edit {FILE}" in ran.err
    checked = shop.run("secrets", "check")
    assert checked.code == 1
    assert "SEC022" in checked.out
    assert "Traceback" not in checked.err
    assert (shop.folder / FILE).read_text() == text
    monkeypatch.setenv("PATH", SYSTEM)
    ran = shop.run("secrets", "get", "shop", "database.pin", "--env", "production", "--yes")
    assert ran.code == 3
    assert "this needs the sops program, which is not installed" in ran.err
    assert ran.out == ""
