"""A file that cannot be read is never taken for one that says nothing: commands on secrets refuse, and change nothing."""

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
