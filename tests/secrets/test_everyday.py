"""`terrace secrets set`, `get`, `unset`, `list` and `import`: what changes, what is refused, and what nobody sees."""

from __future__ import annotations

import json
import os
import pty
import sys
from pathlib import Path

import pytest

from terrace.sops import inspect
from tests.secrets.conftest import Person, Shop

PATH = "environments/production/shop.secrets.yaml"
LEDGER = "environments/production/shop.ledger.yaml"
RIVER, LAKE = "river-of-january", "lake-of-february"


def test_a_secret_that_is_set_can_be_got(shop: Shop) -> None:
    ran = shop.set("database.password", RIVER)
    assert ran.out == (
        f"began {PATH}: database.password\nreaches shop/production, shop/production-eu, shop/production/acme\n"
    )
    assert shop.get("database.password") == RIVER
    assert shop.get("database.password", "production-eu") == RIVER
    assert RIVER not in shop.text(PATH) + shop.text(LEDGER) + ran.out + shop.log()


def test_only_the_value_and_the_seal_change(shop: Shop) -> None:
    shop.set("database.password", RIVER)
    shop.set("mail.token", "tok_one")
    before = {leaf.pointer: leaf.iv for leaf in inspect(shop.text(PATH)).leaves}
    ran = shop.set("mail.token", "tok_two")
    after = {leaf.pointer: leaf.iv for leaf in inspect(shop.text(PATH)).leaves}
    assert ran.out.startswith(f"wrote {PATH}: mail.token\n")
    assert after[("database", "password")] == before[("database", "password")]
    assert after[("mail", "token")] != before[("mail", "token")]


def test_the_same_value_again_changes_no_byte(shop: Shop) -> None:
    shop.set("database.password", RIVER)
    before = shop.text(PATH), shop.text(LEDGER)
    assert "stays as it is" in shop.set("database.password", RIVER).out
    assert (shop.text(PATH), shop.text(LEDGER)) == before


@pytest.mark.parametrize(
    ("path", "value", "label"),
    [("database.pin", "4711", "int"), ("mail.signed", "true", "bool"), ("database.password", "123456789012", "str")],
)
def test_a_value_has_the_type_of_the_contract(shop: Shop, path: str, value: str, label: str) -> None:
    shop.set(path, value)
    assert [leaf.label for leaf in inspect(shop.text(PATH)).leaves] == [label]
    assert shop.get(path) == value


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("database.password", "short", "at least 12 characters"),
        ("database.password", "", "empty"),
        ("database.pin", "99", "at least 1000"),
        ("database.pin", "four", "not of type integer"),
        ("database.pin", "4_711", "not of type integer"),
        ("mail.signed", "yes", "not of type boolean"),
        ("mail.token", "tik_abc", "must match ^tok_"),
    ],
)
def test_what_breaks_the_contract_is_refused_without_showing_it(shop: Shop, path: str, value: str, said: str) -> None:
    ran = shop.run("secrets", "set", "shop", path, "--env", "production", "--stdin", stdin=value)
    assert (ran.code, ran.out) == (1, "")
    assert said in ran.err
    assert not value or value not in ran.err
    assert not (shop.folder / PATH).exists()


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("shop", "database.host", "--env", "production"), "no secret by the contract"),
        (("shop", "database", "--env", "production"), "is a section"),
        (("shop", "database.pasword", "--env", "production"), "Did you mean database.password?"),
        (("shop", "database.password", "--env", "base"), "never stand in base"),
        (("shop", "database.password", "--env", "prod"), "production"),
        (("shp", "database.password", "--env", "production"), "'shop'"),
        (("shop", "database.password", "--env", "production-eu", "--tenant", "acme"), "is not in production-eu"),
    ],
)
def test_a_place_that_is_none_is_told(shop: Shop, argv: tuple[str, ...], said: str) -> None:
    ran = shop.run("secrets", "set", *argv, "--stdin", stdin=RIVER)
    assert ran.code in (1, 2)
    assert said in ran.err
    assert list(shop.folder.rglob("*.secrets.yaml")) == []


def test_a_tenant_has_secrets_of_its_own(shop: Shop) -> None:
    shop.set("database.password", RIVER)
    ran = shop.set("database.password", LAKE, "production", "--tenant", "acme")
    assert (
        ran.out == "began tenants/acme/production/shop.secrets.yaml: database.password\nreaches shop/production/acme\n"
    )
    assert shop.get("database.password") == RIVER
    assert shop.get("database.password", "production", "--tenant", "acme") == LAKE


def test_without_a_key_nothing_is_changed_and_the_attempt_is_recorded(
    shop: Shop, eve: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.set("database.password", RIVER)
    before = shop.text(PATH)
    monkeypatch.setenv("SOPS_AGE_KEY", eve.text)
    ran = shop.run("secrets", "set", "shop", "database.password", "--env", "production", "--stdin", stdin=LAKE)
    assert ran.code == 3
    assert "no identity at hand opens this file" in ran.err
    assert shop.text(PATH) == before
    assert '"outcome":"failed"' in shop.log().splitlines()[-1]


def test_every_opening_is_recorded_with_its_reason(shop: Shop) -> None:
    shop.set("database.password", RIVER)
    shop.get("database.password", "production", "--reason", "incident 7")
    record = json.loads(shop.log().splitlines()[-1])
    assert (record["command"], record["reason"], record["file"]) == ("terrace secrets get", "incident 7", PATH)
    assert list(record["values"]) == ["database.password"]


def test_no_pipe_gets_a_value_by_accident(shop: Shop) -> None:
    shop.set("database.password", RIVER)
    ran = shop.run("secrets", "get", "shop", "database.password", "--env", "production")
    assert (ran.code, ran.out) == (1, "")
    assert "--yes" in ran.err


def test_unset_takes_the_secret_and_its_dates_and_at_last_the_file(shop: Shop) -> None:
    shop.set("database.password", RIVER)
    shop.set("mail.token", "tok_one")
    assert shop.run("secrets", "unset", "shop", "mail.token", "--env", "production").code == 0
    assert "mail" not in shop.text(PATH) + shop.text(LEDGER)
    assert shop.get("database.password") == RIVER
    ran = shop.run("secrets", "unset", "shop", "database.password", "--env", "production")
    assert ran.out.startswith(f"removed {PATH}")
    assert not (shop.folder / PATH).exists()
    assert not (shop.folder / LEDGER).exists()
    assert shop.run("secrets", "unset", "shop", "database.password", "--env", "production").code == 2


def test_a_list_needs_no_key(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.set("database.password", RIVER)
    shop.set("database.pin", "4711", "production-eu")
    monkeypatch.delenv("SOPS_AGE_KEY")
    ran = shop.run("secrets", "list", "shop", "--env", "production-eu", "--format", "json")
    found = {each["path"]: (each["type"], each["kind"], each["file"]) for each in json.loads(ran.out)["secrets"]}
    assert found["database.password"] == ("text", "sealed", PATH)
    assert found["database.pin"] == ("integer", "sealed", "environments/production-eu/shop.secrets.yaml")
    assert found["mail.token"] == ("", "missing", "")
    assert "database.password" in shop.run("secrets", "list", "shop", "--env", "production").out


@pytest.mark.parametrize(
    "text",
    [
        f"# theirs\nDB_PASSWORD='{RIVER}'\nexport SHOP__DATABASE__PIN=4711  # a comment\nmail.token=\"tok_one\"\n",
        json.dumps({"database": {"password": RIVER, "pin": 4711}, "mail.token": "tok_one"}),
    ],
)
def test_many_are_imported_at_once(shop: Shop, text: str) -> None:
    ran = shop.run("secrets", "import", "-", "shop", "--env", "production", stdin=text)
    assert (ran.code, ran.err) == (0, "")
    assert (shop.get("database.password"), shop.get("database.pin"), shop.get("mail.token")) == (
        RIVER,
        "4711",
        "tok_one",
    )


@pytest.mark.parametrize(
    "text",
    [
        f"DB_PASSWORD={RIVER}\nmail.token=other-token\n",
        f"DB_PASSWORD={RIVER}\nDATABASE_HOST=db\n",
        f"DB_PASSWORD='{RIVER}\n",
        f"DB_PASSWORD '{RIVER}'\n",
        json.dumps({"database": {"password": RIVER, "host": "other-host"}}),
        json.dumps({"database": {"password": [RIVER]}}),
        f'{{"database": {{"password": "{RIVER}"',
    ],
)
def test_one_that_is_wrong_keeps_all_from_being_imported(shop: Shop, text: str) -> None:
    ran = shop.run("secrets", "import", "-", "shop", "--env", "production", stdin=text)
    assert ran.code in (1, 2)
    assert "river" not in ran.err + ran.out
    assert "other-" not in ran.err + ran.out
    assert not (shop.folder / PATH).exists()


def test_a_value_is_asked_for_twice_and_never_shown(shop: Shop) -> None:
    assert asked(shop, RIVER, RIVER)[0] == 0
    code, screen = asked(shop, LAKE, LAKE + "x")
    assert code == 2
    assert "not the same" in screen
    assert "lake" not in screen
    assert shop.get("database.password") == RIVER


@pytest.mark.parametrize("typed", ["\x04", f"{RIVER}\udcff"])
def test_what_is_no_text_changes_nothing(shop: Shop, typed: str) -> None:
    code, screen = asked(shop, typed, typed)
    assert code == 2
    assert "nothing was changed" in screen
    assert not (shop.folder / PATH).exists()


def asked(shop: Shop, *lines: str) -> tuple[int, str]:
    """Exit code and screen of a person at a terminal who answers with these lines."""
    argv = [sys.executable, "-m", "terrace", "-C", str(shop.folder), "secrets", "set", "shop", "database.password"]
    pid, terminal = pty.fork()
    if not pid:
        os.execv(sys.executable, [*argv, "--env", "production"])
    screen = b""
    waiting = list(lines)
    while True:
        try:
            part = os.read(terminal, 1024)
        except OSError:
            break
        if not part:
            break
        screen += part
        if waiting and (b"not shown): " in part or b"Once more: " in part):
            os.write(terminal, waiting.pop(0).encode("utf-8", "surrogateescape") + b"\n")
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), screen.decode()


def test_a_written_file_is_valid_with_its_ledger(shop: Shop) -> None:
    for env in ("staging", "production"):
        shop.set("database.password", f"{RIVER}-{env}", env)
    ran = shop.run("validate", "--fail-on", "info")
    assert ran.code == 0, ran.out


def test_nothing_is_opened_where_no_record_can_be_written(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.set("database.password", RIVER)
    log = Path(os.environ["HOME"]) / "nowhere"
    log.write_text("a file, no folder")
    monkeypatch.setenv("TERRACE_AUDIT_LOG", str(log))
    ran = shop.run("secrets", "get", "shop", "database.password", "--env", "production", "--yes")
    assert (ran.code, ran.out) == (3, "")


def test_a_file_that_is_too_long_is_not_imported_cut_off(shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "many.env"
    file.write_text(f"DB_PASSWORD={RIVER}\n" + "# a comment\n" * 100_000 + "database.pin=4711\n")
    for argument, stdin in ((str(file), None), ("-", file.read_text())):
        ran = shop.run("secrets", "import", argument, "shop", "--env", "production", stdin=stdin)
        assert ran.code == 2
        assert not (shop.folder / PATH).exists()


def test_of_a_section_only_its_own_secrets_are_named(shop: Shop) -> None:
    ran = shop.run("secrets", "get", "shop", "mail", "--env", "production", "--yes")
    assert "mail.token" in ran.err
    assert "database" not in ran.err


@pytest.mark.parametrize("command", ["who", "set"])
def test_names_that_a_branch_brings_move_no_cursor(shop: Shop, command: str) -> None:
    shop.set("database.password", RIVER)
    file = shop.folder / "recipients.yaml"
    file.write_text(
        file.read_text().replace('"ada": {', '"a\\u001b[2Jda": {').replace('"owner": "', '"owner": "\\u001b]0;')
    )
    arguments = {
        "who": ("who", "shop", "database.password", "--env", "production"),
        "set": ("set", "shop", "mail.\x9b31mtoken", "--env", "production", "--stdin"),
    }[command]
    ran = shop.run("secrets", *arguments, stdin="x")
    assert not {"\x1b", "\x9b"} & set(ran.out + ran.err)


@pytest.mark.parametrize(
    "text",
    [
        f'{{"database": {{"password": "{RIVER}", "password": "{LAKE}"}}}}',
        f'{{"database.password": "{RIVER}", "database": {{"password": "{LAKE}"}}}}',
        f"DB_PASSWORD={RIVER}\ndatabase.password={LAKE}\n",
    ],
)
def test_a_secret_that_stands_twice_is_not_imported(shop: Shop, text: str) -> None:
    ran = shop.run("secrets", "import", "-", "shop", "--env", "production", stdin=text)
    assert ran.code == 2
    assert "twice" in ran.err
    assert not (shop.folder / PATH).exists()


@pytest.mark.parametrize("mark", ["\u2028", "\x85", "\x0b", "\x0c", "\u00a0"])
def test_a_value_is_imported_whole(shop: Shop, mark: str) -> None:
    value = f"{RIVER}{mark}database.pin=4711{mark}"
    ran = shop.run("secrets", "import", "-", "shop", "--env", "production", stdin=f"\ufeffDB_PASSWORD={value}\r\n")
    assert ran.code == 0, ran.err
    assert ran.out.startswith(f"began {PATH}: database.password\n")
    assert shop.get("database.password") == value
