"""A file that cannot be read is never taken for one that says nothing: commands refuse, and change nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.secrets.conftest import Person, Shop

FILE = "environments/staging/shop.secrets.yaml"
RIVER = "river-of-january"


def broken(shop: Shop, how: str) -> None:
    file = shop.folder / FILE
    text = file.read_text()
    file.unlink()
    if how == "yaml":
        file.write_text(text + "  : [\n")
    elif how == "twice":
        file.write_text("database: {}\n" + text)
    elif how == "empty":
        file.write_text("")
    elif how == "link":
        file.symlink_to("/etc/passwd")
    else:
        os.mkfifo(file)


@pytest.mark.parametrize("how", ["yaml", "twice", "empty", "link", "fifo"])
@pytest.mark.parametrize(
    "command",
    [
        ("exec", "--service", "shop", "--env", "staging", "--", "/bin/echo", "started"),
        ("secrets", "get", "shop", "database.password", "--env", "staging", "--yes"),
        ("secrets", "list", "shop", "--env", "staging"),
        ("secrets", "who", "shop", "database.password", "--env", "staging"),
    ],
    ids=lambda command: command[1] if command[0] == "secrets" else command[0],
)
def test_a_secrets_file_that_cannot_be_read_is_not_passed_over(
    shop: Shop, how: str, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.set("database.password", RIVER, "staging")
    broken(shop, how)

    def started(*_: object) -> None:
        raise AssertionError("the command was started without its secrets")

    monkeypatch.setattr(os, "execvpe", started)
    ran = shop.run(*command)
    assert ran.code == 1, ran.out + ran.err
    assert FILE in ran.err
    assert ran.out == ""


@pytest.mark.parametrize("what", ["secrets", "ledger"])
@pytest.mark.parametrize("how", ["link", "fifo", "device"])
@pytest.mark.parametrize("command", ["set", "propose"])
def test_what_is_no_plain_file_is_neither_read_nor_replaced(
    shop: Shop, what: str, how: str, command: str, tmp_path: Path
) -> None:
    shop.set("database.password", RIVER, "staging")
    file = shop.folder / FILE.replace("secrets", what)
    outside = tmp_path / "outside.yaml"
    file.rename(outside)
    if how == "fifo":
        os.mkfifo(file)
    else:
        file.symlink_to(outside if how == "link" else "/dev/zero")
    ran = shop.run(
        "secrets", command, "shop", "database.password", "--env", "staging", "--stdin", stdin="lake-of-february"
    )
    assert (ran.code, ran.out) == (3, "")
    assert f"cannot read {file.name}" in ran.err
    assert file.is_symlink() or file.is_fifo()


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("recipients.yaml", "{", "{["),
        ("recipients.yaml", '"person"', '"persn"'),
        ("recipients.yaml", '"environments": ["staging", "production", "production-eu"]', '"environments": "staging"'),
        ("environments/staging/environment.yaml", "[ada]", "ada"),
        ("environments/staging/environment.yaml", "[ada]", "[ada"),
        (FILE, "database:", "database: ["),
    ],
)
@pytest.mark.parametrize("action", ["sync", "add", "remove", "init"])
def test_a_slip_in_the_register_takes_nobody_out(
    shop: Shop, eve: Person, action: str, path: str, old: str, new: str
) -> None:
    shop.set("database.password", RIVER, "staging")
    file = shop.folder / path
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))
    before = {each: each.read_bytes() for each in shop.folder.rglob("*.yaml")}
    command = {
        "sync": ("recipients", "sync"),
        "add": ("recipients", "add", "eve", "--key", eve.recipient, "--env", "staging"),
        "remove": ("recipients", "remove", "ada"),
        "init": ("init", "ben", "--env", "staging"),
    }[action]
    ran = shop.run("secrets", *command)
    assert (ran.code, ran.out) == (1, "")
    assert path in ran.err
    assert {each: each.read_bytes() for each in shop.folder.rglob("*.yaml")} == before
    assert not (Path(os.environ["HOME"]) / ".config/sops/age/keys.txt").exists()
