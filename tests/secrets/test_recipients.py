"""Who opens what: keys made, entered, named, taken out; files follow the register, and keys at hand prove it."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pyrage
import pytest

from terrace import sops
from terrace.sops import identities
from terrace.sops.errors import NoKeyError
from tests.secrets.conftest import Person, Shop

FILE = "environments/production/shop.secrets.yaml"
VALUE = "correct-horse-battery"


def opens(text: str, key: str) -> bool:
    try:
        return bool(sops.open_(text, identities.of(key)).values)
    except NoKeyError:
        return False


def codes(shop: Shop, *command: str) -> set[str]:
    """What is found, but for secrets that nobody has set."""
    said = json.loads(shop.run(*(command or ("validate",)), "--format", "json").out)
    return {finding["code"] for finding in said["findings"]} - {"SEC006"}


def set_all(shop: Shop) -> None:
    shop.set("database.password", VALUE)
    shop.set("database.password", VALUE[::-1], "staging")


def keys_file() -> Path:
    return Path(os.environ["HOME"]) / ".config/sops/age/keys.txt"


def private_key() -> str:
    return keys_file().read_text().splitlines()[-1]


def test_key_is_made_where_sops_finds_it_and_is_let_in(shop: Shop) -> None:
    ran = shop.run("secrets", "init", "ben", "--env", "staging", "--owner", "ben@harbourkitchen.com")
    assert ran.code == 0, ran.err
    assert stat.S_IMODE(keys_file().stat().st_mode) == 0o600
    key = identities.of(private_key()).usable[0]
    assert key.recipient in ran.out
    assert private_key() not in ran.out + ran.err
    assert key.recipient in shop.text("recipients.yaml")
    assert "ben" in shop.text("environments/staging/environment.yaml")
    assert key.recipient in shop.text(".sops.yaml")
    assert codes(shop) == set()


def test_second_key_leaves_the_first_where_it_is(shop: Shop) -> None:
    shop.run("secrets", "init", "ben", "--env", "staging")
    keys_file().write_text(keys_file().read_text().rstrip("\n"))
    before = keys_file().read_text()
    shop.run("secrets", "init", "app", "--kind", "workload", "--env", "production")
    assert keys_file().read_text().startswith(before + "\n")
    assert len(identities.of(keys_file().read_text()).usable) == 2


@pytest.mark.parametrize("where", ["repository", "another"])
def test_private_key_never_goes_into_a_repository(shop: Shop, where: str, tmp_path: Path) -> None:
    folder = shop.folder if where == "repository" else tmp_path / "other"
    (folder / ".git").mkdir(parents=True)
    before = shop.text("recipients.yaml")
    ran = shop.run("secrets", "init", "ben", "--env", "staging", "--key-file", str(folder / "keys/ben.txt"))
    assert ran.code == 1
    assert "never enter Git" in ran.err
    assert not (folder / "keys").exists()
    assert shop.text("recipients.yaml") == before


def test_key_is_not_put_where_others_can_read_it(shop: Shop) -> None:
    keys_file().parent.mkdir(parents=True)
    keys_file().write_text("")
    keys_file().chmod(0o644)
    assert "chmod 600" in shop.run("secrets", "init", "ben", "--env", "staging").err
    assert keys_file().read_text() == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ada", "--env", "staging"), "already"),
        (("ben", "--env", "stagging"), "staging"),
        (("ben",), "--env"),
        (("Ben", "--env", "staging"), "no recipient can be called"),
    ],
)
def test_what_cannot_be_entered_makes_no_key(shop: Shop, arguments: tuple[str, ...], said: str) -> None:
    ran = shop.run("secrets", "init", *arguments)
    assert ran.code in (1, 2)
    assert said in ran.err
    assert not keys_file().exists()


def test_recovery_key_opens_everything_after_a_sync(shop: Shop) -> None:
    shop.set("database.password", VALUE)
    assert shop.run("secrets", "init", "safe", "--kind", "recovery").code == 0
    assert codes(shop) == {"SEC022"}
    assert not opens(shop.text(FILE), private_key())
    assert shop.run("secrets", "recipients", "sync").out == f"encrypted {FILE}: +safe\n"
    assert opens(shop.text(FILE), private_key())
    assert codes(shop) == set()
    assert "nothing to do" in shop.run("secrets", "recipients", "sync").out


def test_somebody_more_changes_no_value_and_no_seal(shop: Shop, eve: Person) -> None:
    shop.set("database.password", VALUE)
    before = shop.text(FILE)
    ledger = shop.text("environments/production/shop.ledger.yaml")
    ran = shop.run("secrets", "recipients", "add", "eve", "--key", eve.recipient, "--env", "production")
    assert ran.code == 0, ran.err
    assert opens(shop.text(FILE), eve.text)
    kept = [line for line in before.splitlines() if "ENC[" in line or "lastmodified" in line]
    assert [line for line in shop.text(FILE).splitlines() if "ENC[" in line or "lastmodified" in line] == kept
    assert shop.text("environments/production/shop.ledger.yaml") == ledger
    assert "secrets recipients add" in shop.log()


def test_who_leaves_is_out_of_every_file_and_what_could_be_read_is_named(shop: Shop, eve: Person) -> None:
    shop.set("database.password", VALUE)
    shop.set("database.password", VALUE, "staging")
    shop.run("secrets", "recipients", "add", "eve", "--key", eve.recipient, "--env", "production", "--env", "staging")
    data_key = sops.open_(shop.text(FILE), eve.identities)._data_key
    ran = shop.run("secrets", "recipients", "remove", "eve")
    assert ran.code == 0, ran.err
    for environment in ("production", "staging"):
        path = f"environments/{environment}/shop.secrets.yaml"
        assert not opens(shop.text(path), eve.text)
        assert f"  {path}: database.password\n" in ran.out
        assert "eve" not in shop.text(f"environments/{environment}/environment.yaml")
        assert shop.get("database.password", environment).strip() == VALUE
    assert sops.open_(shop.text(FILE), shop_key(shop))._data_key != data_key
    assert "retired: " in shop.text("recipients.yaml")
    assert eve.recipient not in shop.text(".sops.yaml")
    assert VALUE not in ran.out + ran.err
    assert codes(shop) == {"SEC035"}, "what eve could read is due"
    assert "already" in shop.run("secrets", "init", "eve", "--env", "staging").err
    again = shop.run("secrets", "recipients", "remove", "eve")
    assert (again.code, again.out) == (0, "There is nothing to do: register and files are as they should be.\n")


def shop_key(shop: Shop) -> sops.Identities:
    return identities.of(os.environ["SOPS_AGE_KEY"])


def test_file_that_no_key_opens_stays_and_is_named(shop: Shop, eve: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.set("database.password", VALUE)
    before = shop.text(FILE)
    monkeypatch.setenv("SOPS_AGE_KEY", eve.text)
    ran = shop.run("secrets", "recipients", "add", "eve", "--key", eve.recipient, "--env", "production")
    assert ran.code == 3
    assert FILE in ran.err
    assert shop.text(FILE) == before
    assert codes(shop) == {"SEC022"}


def test_dry_run_writes_nothing(shop: Shop, eve: Person) -> None:
    shop.set("database.password", VALUE)
    before = {path: path.read_bytes() for path in shop.folder.rglob("*") if path.is_file()}
    key = ("--key", eve.recipient, "--env", "production", "--dry-run")
    ran = shop.run("secrets", "recipients", "add", "eve", *key)
    assert f"would encrypt {FILE}" in ran.out
    assert "due" not in ran.out
    assert f"would make due {FILE}: database.password\n" in (
        shop.run("secrets", "recipients", "remove", "ada", "--dry-run").out
    )
    assert {path: path.read_bytes() for path in shop.folder.rglob("*") if path.is_file()} == before


def test_rules_of_sops_that_somebody_edited_are_made_anew(shop: Shop) -> None:
    right = shop.text(".sops.yaml")
    (shop.folder / ".sops.yaml").write_text("creation_rules: []\n")
    assert codes(shop) == {"SEC018"}
    assert shop.run("secrets", "recipients", "sync").code == 0
    assert shop.text(".sops.yaml") == right


def test_comments_of_the_register_and_of_environments_stay(shop: Shop, eve: Person) -> None:
    for path in ("recipients.yaml", "environments/staging/environment.yaml"):
        (shop.folder / path).write_text(f"# a reason\n{shop.text(path)}")
    shop.run("secrets", "recipients", "add", "eve", "--key", eve.recipient, "--env", "staging")
    for path in ("recipients.yaml", "environments/staging/environment.yaml"):
        assert shop.text(path).startswith("# a reason\n")


def test_who_names_those_for_whom_the_file_is_encrypted(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.set("database.password", VALUE)
    monkeypatch.delenv("SOPS_AGE_KEY")
    ran = shop.run("secrets", "who", "shop", "database.password", "--env", "production")
    assert ran.out.splitlines()[0].startswith(f"{FILE}:2:")
    assert ran.out.splitlines()[1:] == ["  ada  (person, ada)", "  recovery  (recovery, ada)"]
    which = ("shop", "database.password", "--env", "production", "--format", "json")
    found = json.loads(shop.run("secrets", "who", *which).out)
    assert [each["name"] for each in found["recipients"]] == ["ada", "recovery"]
    assert shop.run("secrets", "who", "shop", "database.pin", "--env", "production").code == 2


def test_who_names_a_key_that_is_in_no_register(shop: Shop, eve: Person, ada: Person) -> None:
    shop.set("database.password", VALUE)
    text = sops.rewrap(shop.text(FILE), ada.identities, [ada.recipient, eve.recipient])
    (shop.folder / FILE).write_text(text)
    ran = shop.run("secrets", "who", "shop", "database.password", "--env", "production")
    assert f"  {eve.recipient[:20]}...  (in no register)" in ran.out
    assert codes(shop) == {"SEC022"}


def test_check_opens_what_the_key_should_open(shop: Shop) -> None:
    set_all(shop)
    ran = shop.run("secrets", "check")
    assert ran.code == 0, ran.out + ran.err
    assert ran.err == "terrace: 2 of 2 secrets files opened\n"
    assert "secrets check" in shop.log()


def test_check_finds_a_file_whose_seal_does_not_fit(shop: Shop) -> None:
    set_all(shop)
    other = shop.text("environments/staging/shop.secrets.yaml")
    (mine,), (theirs,) = (
        [line for line in text.splitlines() if " password:" in line] for text in (shop.text(FILE), other)
    )
    (shop.folder / FILE).write_text(shop.text(FILE).replace(mine, theirs))
    assert shop.run("secrets", "check", "--no-keys").code == 0
    assert shop.run("secrets", "check").code == 1


def test_check_finds_a_development_key_that_opens_production_whatever_the_file_says(
    shop: Shop, eve: Person, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stanza is eve's, and the file says it is ada's: without a key nobody can tell."""
    set_all(shop)
    (recovery,) = [
        each.recipient for each in sops.inspect(shop.text(FILE)).recipients if each.recipient != ada.recipient
    ]
    text = sops.rewrap(shop.text(FILE), ada.identities, [eve.recipient, recovery])
    (shop.folder / FILE).write_text(text.replace(eve.recipient, ada.recipient))
    assert shop.run("secrets", "check", "--no-keys").code == 0
    monkeypatch.setenv("SOPS_AGE_KEY", eve.text)
    ran = shop.run("secrets", "check")
    assert ran.code == 1
    assert "SEC041" in ran.out
    assert ran.err.startswith("terrace: 0 of 2 secrets files opened\n")


def test_check_without_a_key_judges_without_one(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(shop)
    monkeypatch.delenv("SOPS_AGE_KEY")
    ran = shop.run("secrets", "check")
    assert (ran.code, "nothing was opened" in ran.err) == (0, True)
    (shop.folder / "environments/staging/shop.yaml").write_text("database:\n  password: hunter2\n")
    ran = shop.run("secrets", "check")
    assert ran.code == 1
    assert "SEC001" in ran.out


def test_sync_of_a_file_that_was_changed_by_hand_is_refused(shop: Shop) -> None:
    shop.set("database.password", VALUE)
    other = str(pyrage.x25519.Identity.generate().to_public())
    broken = shop.text(FILE).replace("type:str]", "type:int]", 1)
    (shop.folder / FILE).write_text(broken)
    ran = shop.run("secrets", "recipients", "add", "ben", "--key", other, "--env", "production")
    assert ran.code == 3
    assert shop.text(FILE) == broken


def test_a_recovery_key_is_of_no_single_environment(shop: Shop) -> None:
    ran = shop.run("secrets", "init", "safe", "--kind", "recovery", "--env", "staging")
    assert ran.code == 2
    assert "leave --env out" in ran.err
    assert not keys_file().exists()


def test_a_file_that_stays_is_named_once(shop: Shop, eve: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.set("database.password", VALUE)
    monkeypatch.setenv("SOPS_AGE_KEY", eve.text)
    ran = shop.run("secrets", "recipients", "add", "eve", "--key", eve.recipient, "--env", "production")
    assert ran.code == 3
    assert ran.err.count(FILE) == 1


def test_a_key_goes_nowhere_without_a_home(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")
    ran = shop.run("secrets", "init", "ben", "--env", "staging")
    assert ran.code == 2
    assert "--key-file" in ran.err
    assert "ben" not in shop.text("recipients.yaml")


def test_a_name_that_anybody_wrote_into_a_file_gets_no_new_data_key(shop: Shop, ada: Person, eve: Person) -> None:
    shop.set("database.password", VALUE)
    text = shop.text(FILE)
    stanza = text[text.index("        - enc") : text.index("        - enc", text.index("        - enc") + 1)]
    # Without any key: a copy of ada's stanza under another name. No MAC covers it.
    (shop.folder / FILE).write_text(text.replace(stanza, stanza + stanza.replace(ada.recipient, eve.recipient)))
    ran = shop.run("secrets", "rotate", "--data-keys")
    assert ran.code == 3
    assert "recipients sync" in ran.err
    assert not opens(shop.text(FILE), eve.text)
    shop.run("secrets", "recipients", "sync")
    assert shop.run("secrets", "rotate", "--data-keys").code == 0
    assert not opens(shop.text(FILE), eve.text)
