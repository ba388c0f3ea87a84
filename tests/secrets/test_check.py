"""`secrets check` with keys at hand: what is found in opened files, where, and that no value is ever shown."""

from __future__ import annotations

import json
import os
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from terrace import load, schemas
from terrace.model.sops_rules import sops_rules
from terrace.report import format_names
from terrace.sops import create
from terrace.source import WorkTree
from tests.secrets.conftest import RECOVERY, Person, Shop, register

STRONG = "vRk8-qw2x-0Pd7-Lm3s"
OTHER = "b7Zt-99sm-QqLw-Hy6k"
CANARY = "canary-5f1c9be07d3a442e"
FORMS = (CANARY, CANARY.upper(), CANARY[::-1], CANARY[:10], b64encode(CANARY.encode()).decode(), CANARY.encode().hex())
MODEL = """\
import base64
from typing import Annotated, Self
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from terrace.contract import Secret, service


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Database(Section):
    host: str
    password: Annotated[SecretStr, Field(min_length=4), Secret()]
    pin: Annotated[int | None, Secret()] = None

    @model_validator(mode="after")
    def _apart(self) -> Self:
        said = self.password.get_secret_value()
        if self.host == "nowhere":
            raise ValueError("host is nowhere")
        if self.pin == 1:
            raise ValueError("the pin must not be 1")
        if said.startswith("canary"):
            raise ValueError(f"password {said!r} must not begin like {said[:10]}, {base64.b64encode(said.encode())}")
        if said.startswith("odd"):
            raise ValueError("hidden " + said)
        if said.startswith("crash"):
            raise KeyError(said)
        return self


class Mail(Section):
    token: Annotated[str | None, Secret()] = None

    @field_validator("token")
    @classmethod
    def _formed(cls, value: str | None) -> str | None:
        assert value is None or value.startswith("tok_"), f"{value} must begin with tok_"
        return value


class Config(BaseModel):
    model_config = ConfigDict(json_schema_extra=service(tenancy="pooled", owner="shop", version="1"))
    database: Database
    mail: Mail = Mail()
"""
TOGETHER = """
    @model_validator(mode="after")
    def _together(self) -> Self:
        if self.mail.token and self.database.password.get_secret_value().startswith("xxx"):
            raise ValueError("a token wants a password")
        return self
"""


def put(shop: Shop, ada: Person, path: str, values: dict[str, Any]) -> None:
    """A secrets file that ada can open, with any values: no command would write some of them."""
    (shop.folder / path).parent.mkdir(parents=True, exist_ok=True)
    (shop.folder / path).write_text(create(values, [ada.recipient, RECOVERY], now=datetime.now(UTC)))


def secrets_file(environment: str) -> str:
    return f"environments/{environment}/shop.secrets.yaml"


@pytest.fixture
def whole(shop: Shop, ada: Person) -> Shop:
    """The shop with a good secret of its own in each environment."""
    put(shop, ada, secrets_file("staging"), {"database": {"password": STRONG}})
    put(shop, ada, secrets_file("production"), {"database": {"password": OTHER}})
    assert found(shop) == []
    return shop


@pytest.fixture
def in_python(whole: Shop) -> Shop:
    """The shop with a contract whose own rules put secrets into their words."""
    (whole.folder / "schemas/shop.schema.json").unlink()
    (whole.folder / "schemas/shop.py").write_text(MODEL)
    schemas.write(whole.folder, check=False)
    assert found(whole) == []
    return whole


def found(shop: Shop, *more: str) -> list[dict[str, Any]]:
    """The findings, as JSON tells them."""
    ran = shop.run("secrets", "check", "--format", "json", *more)
    findings = [each for each in json.loads(ran.out)["findings"] if not each["suppressed"]]
    assert ran.code == int(any(each["severity"] == "error" for each in findings))
    return findings


def one(shop: Shop) -> dict[str, Any]:
    (finding,) = found(shop)
    return finding


def told(finding: dict[str, Any]) -> tuple[str, str, str, int, int]:
    """What a finding says, and where."""
    return finding["code"], finding["message"], finding["path"], finding["line"], finding["column"]


def test_canary_that_breaks_its_contract_is_shown_in_no_form_and_no_format(whole: Shop, ada: Person) -> None:
    put(
        whole,
        ada,
        secrets_file("production"),
        {"database": {"password": CANARY[:11], "pin": CANARY}, "mail": {"token": CANARY}},
    )
    (whole.folder / "environments/production/shop.yaml").write_text("mail:\n  sender: a@b.example\n")
    findings = found(whole)
    assert [told(each) for each in findings if each["code"] == "SEC042"] == [
        ("SEC042", "database.password must have 12 characters or more", secrets_file("production"), 2, 15),
        ("SEC042", "database.pin must be a whole number", secrets_file("production"), 3, 10),
        ("SEC042", "mail.token must match the pattern ^tok_[a-z]+$", secrets_file("production"), 5, 12),
    ]
    assert_hidden(whole)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (CANARY, "password ******** must not begin like ********, ********"),
        (
            f"odd-{CANARY}",
            "database.password: a rule of the contract refuses it (its words are not shown: they may hold the secret)",
        ),
        (f"crash-{CANARY}", "database.password: a validator of database failed: KeyError"),
    ],
)
def test_contract_s_own_rule_with_the_value_in_its_text_shows_nothing_of_it(
    in_python: Shop, ada: Person, value: str, message: str
) -> None:
    put(in_python, ada, secrets_file("production"), {"database": {"password": value}})
    assert told(one(in_python)) == ("SEC043", message, secrets_file("production"), 2, 15)
    assert_hidden(in_python)


def test_rule_on_a_secret_field_is_told_at_the_field(in_python: Shop, ada: Person) -> None:
    put(in_python, ada, secrets_file("staging"), {"mail": {"token": CANARY}, "database": {"password": STRONG}})
    said = "mail.token: ******** must begin with tok_"
    assert told(one(in_python)) == ("SEC043", said, secrets_file("staging"), 2, 12)
    assert_hidden(in_python)


def test_rule_that_is_broken_without_secrets_too_is_not_told_twice(in_python: Shop) -> None:
    (in_python.folder / "environments/staging/shop.yaml").write_text("database:\n  host: nowhere\n")
    plain = json.loads(in_python.run("validate", "--format", "json").out)["findings"]
    assert [each["message"] for each in plain] == ["host is nowhere"]
    assert found(in_python) == []


def test_what_is_found_by_names_is_not_found_again_in_opened_files(whole: Shop, ada: Person) -> None:
    put(whole, ada, secrets_file("production"), {"database": {"pin": 4417, "passwort": OTHER, "port": "many"}})
    assert sorted({each["code"] for each in found(whole)}) == ["SEC002", "SEC006"]


def test_secret_in_the_open_is_that_and_nothing_else(whole: Shop) -> None:
    (whole.folder / "environments/staging/shop.yaml").write_text("database:\n  pin: 7\n")
    assert [each["code"] for each in found(whole)] == ["SEC001"]


def test_what_a_plain_file_lacks_is_not_found_again_in_opened_files(whole: Shop) -> None:
    (whole.folder / "environments/staging/shop.yaml").write_text("database:\n  host: null\n")
    assert [each["code"] for each in json.loads(whole.run("validate", "--format", "json").out)["findings"]] == [
        "SCH004"
    ]
    assert found(whole) == []


def test_rule_is_told_at_the_secret_that_it_names(in_python: Shop, ada: Person) -> None:
    put(in_python, ada, secrets_file("staging"), {"database": {"pin": 1, "password": STRONG}})
    assert told(one(in_python)) == ("SEC043", "the pin must not be 1", secrets_file("staging"), 2, 10)


def test_rules_are_not_run_while_a_file_is_not_opened(
    in_python: Shop, ada: Person, eve: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    (in_python.folder / "schemas/shop.py").write_text(MODEL + TOGETHER)
    schemas.write(in_python.folder, check=False)
    path = let_eve_open_what_acme_has_in_staging(in_python, ada, eve, {"mail": {"token": "tok_vRk8qw2x0Pd7"}})
    monkeypatch.setenv("SOPS_AGE_KEY", eve.text)
    assert found(in_python) == []
    monkeypatch.setenv("SOPS_AGE_KEY", ada.text)
    assert found(in_python) == []
    put(in_python, ada, secrets_file("staging"), {"database": {"password": "xxx-vRk8-qw2x-0Pd7"}})
    assert told(one(in_python))[:3] == ("SEC043", "a token wants a password", path)


def let_eve_open_what_acme_has_in_staging(shop: Shop, ada: Person, eve: Person, values: dict[str, Any]) -> str:
    """A secrets file of a tenant with a recipient of its own; the environment's stay closed to her."""
    said = json.loads(register(ada))
    said["recipients"]["eve"] = {**said["recipients"]["ada"], "key": eve.recipient, "environments": ["staging"]}
    (shop.folder / "recipients.yaml").write_text(json.dumps(said))
    tenant = "recipients: [eve]\nservices: [shop]\nenvironments: [staging, production]\n"
    (shop.folder / "tenants/acme/tenant.yaml").write_text(tenant)
    path = "tenants/acme/staging/shop.secrets.yaml"
    (shop.folder / path).parent.mkdir()
    keys = [eve.recipient, ada.recipient, RECOVERY]
    (shop.folder / path).write_text(create(values, keys, now=datetime.now(UTC)))
    write_rules(shop)
    return path


def write_rules(shop: Shop) -> None:
    """`.sops.yaml` as it is to be now."""
    repository = load.load(WorkTree(shop.folder))
    (shop.folder / ".sops.yaml").write_text(sops_rules(repository, repository.tenants.values()))


def assert_hidden(shop: Shop) -> None:
    """The canary stands in no output, nor in anything that a run leaves."""
    for name in format_names():
        ran = shop.run("secrets", "check", "--format", name)
        assert ran.code == 1
        assert not [form for form in FORMS if form in ran.out + ran.err], name
    for file in [each for each in Path(os.environ["HOME"]).rglob("*") if each.is_file()]:
        text = file.read_bytes()
        assert not [form for form in FORMS if form.encode() in text], file


def test_whole_effective_config_is_asked_of_the_file_that_gives_the_secret(whole: Shop, ada: Person) -> None:
    """A tenant's own secret is judged over what the environment gives, and stands in the tenant's file."""
    path = "tenants/acme/production/shop.secrets.yaml"
    (whole.folder / "tenants/acme/shop.yaml").write_text("mail:\n  sender: a@b.example\n")
    put(whole, ada, path, {"mail": {"token": "x" + STRONG}})
    finding = one(whole)
    assert told(finding) == ("SEC042", "mail.token must match the pattern ^tok_[a-z]+$", path, 2, 12)
    assert finding["affects"] == 1
    assert finding["examples"] == ["shop/production/acme"]


def test_environment_that_inherits_a_bad_secret_is_counted_and_not_found_again(whole: Shop, ada: Person) -> None:
    put(whole, ada, secrets_file("production"), {"database": {"password": OTHER, "pin": 7}})
    finding = one(whole)
    assert finding["message"] == "database.pin must be 1000 or more"
    assert {*finding["examples"]} == {"shop/production", "shop/production-eu", "shop/production/acme"}
    assert finding["affects"] == 3


def test_section_that_is_set_by_secrets_alone_must_be_whole(whole: Shop, ada: Person) -> None:
    put(whole, ada, secrets_file("staging"), {"database": {"password": STRONG}, "mail": {"token": "tok_abcdefghijkmz"}})
    finding = one(whole)
    assert finding["message"] == "sender is required beside mail.token"
    assert finding["path"] == secrets_file("staging")


def test_reference_in_a_plain_file_is_not_judged_as_the_secret(whole: Shop) -> None:
    (whole.folder / "environments/staging/environment.yaml").write_text(
        "recipients: [ada]\nkind: staging\norder: 1\nreferences: [vault://shop/]\n"
    )
    (whole.folder / "environments/staging/shop.yaml").write_text(
        "mail:\n  sender: a@b.example\n  token: ref+vault://shop/mail#/token\n"
    )
    assert found(whole) == []


@pytest.mark.parametrize(("environment", "severity"), [("staging", "warning"), ("production", "error")])
def test_weak_secret_is_an_error_only_where_it_is_protected(
    whole: Shop, ada: Person, environment: str, severity: str
) -> None:
    put(whole, ada, secrets_file(environment), {"database": {"password": "changeme-now1"}})
    finding = one(whole)
    assert (finding["code"], finding["severity"]) == ("SEC044", severity)
    put(whole, ada, secrets_file(environment), {"database": {"password": "shop-database"}})
    finding = one(whole)
    assert (finding["code"], finding["severity"]) == ("SEC045", severity)
    assert finding["name"] == "secret that is easy to guess"
    assert found(whole, "--no-keys") == []


def test_threshold_decides_whether_warnings_fail(whole: Shop, ada: Person) -> None:
    put(whole, ada, secrets_file("staging"), {"database": {"password": "123412341234"}})
    assert whole.run("secrets", "check").code == 0
    assert whole.run("secrets", "check", "--fail-on", "warning").code == 1


def test_equal_secrets_are_one_finding_that_names_both_places(whole: Shop, ada: Person) -> None:
    put(whole, ada, secrets_file("staging"), {"database": {"password": OTHER}})
    finding = one(whole)
    said = "database.password in production is the same secret as in staging"
    assert told(finding) == ("SEC046", said, secrets_file("production"), 2, 15)
    (related,) = finding["related"]
    assert (related["path"], related["line"]) == (secrets_file("staging"), 2)
    assert finding["severity"] == "error"


def test_environment_that_repeats_a_secret_is_found_and_one_that_inherits_it_is_not(whole: Shop, ada: Person) -> None:
    """production-eu extends production: the fixture has it inherit."""
    put(whole, ada, secrets_file("production-eu"), {"database": {"password": OTHER}})
    assert told(one(whole))[1] == "database.password in production-eu is the same secret as in production"


def test_tenants_with_one_secret_are_found(whole: Shop, ada: Person) -> None:
    (whole.folder / "tenants/beta").mkdir()
    (whole.folder / "tenants/beta/tenant.yaml").write_text("services: [shop]\nenvironments: [staging]\n")
    for tenant in ("acme", "beta"):
        put(whole, ada, f"tenants/{tenant}/staging/shop.secrets.yaml", {"database": {"password": "Qx7-kk2-Ws9-pR4"}})
    write_rules(whole)
    finding = one(whole)
    assert finding["code"] == "SEC046"
    assert "staging for acme" in finding["message"] + finding["related"][0]["message"]
    assert "staging for beta" in finding["message"] + finding["related"][0]["message"]


def test_numbers_and_flags_are_not_the_same_secret(whole: Shop, ada: Person) -> None:
    put(whole, ada, secrets_file("staging"), {"database": {"password": STRONG, "pin": 48151623}})
    put(whole, ada, secrets_file("production"), {"database": {"password": OTHER, "pin": 48151623}})
    assert found(whole) == []


def test_weak_secret_that_repeats_is_weak_in_each_place_and_nothing_else(whole: Shop, ada: Person) -> None:
    for environment in ("staging", "production"):
        put(whole, ada, secrets_file(environment), {"database": {"password": "qwertyuiop12"}})
    assert [each["code"] for each in found(whole)] == ["SEC045", "SEC045"]


def test_finding_is_suppressed_beside_the_file_with_a_reason(whole: Shop, ada: Person) -> None:
    put(whole, ada, secrets_file("production"), {"database": {"password": "shop-database"}})
    (whole.folder / "environments/production/environment.yaml").write_text(
        "recipients: [ada]\nkind: production\norder: 2\nprotected: true\nsuppress:\n"
        "  - {code: SEC045, file: shop.secrets.yaml, path: database.password, reason: it is replaced on Monday}\n"
    )
    assert found(whole) == []
    (finding,) = json.loads(whole.run("secrets", "check", "--format", "json").out)["findings"]
    assert (finding["code"], finding["reason"]) == ("SEC045", "it is replaced on Monday")
    # Without keys nobody can tell whether the suppression is still needed.
    assert json.loads(whole.run("validate", "--format", "json").out)["findings"] == []


def test_suppression_that_an_opened_file_no_longer_needs_is_found(whole: Shop) -> None:
    (whole.folder / "environments/production/environment.yaml").write_text(
        "recipients: [ada]\nkind: production\norder: 2\nprotected: true\nsuppress:\n"
        "  - {code: SEC045, file: shop.secrets.yaml, reason: it is replaced on Monday}\n"
    )
    finding = one(whole)
    assert (finding["code"], finding["severity"], finding["line"]) == ("SUP001", "warning", 6)
    assert found(whole, "--no-keys") == []


@pytest.mark.parametrize("value", [2**60, 1e300, float("2"), True])
def test_value_of_another_type_is_a_finding_whatever_it_is(whole: Shop, ada: Person, value: object) -> None:
    put(whole, ada, secrets_file("staging"), {"database": {"password": value}})
    assert {each["code"] for each in found(whole, "--no-keys")} == {"SEC020"}
    said = "database.password must be text"
    assert told(one(whole)) == ("SEC042", said, secrets_file("staging"), 2, 15)


def test_length_that_a_file_shows_is_not_told_beside_that_of_the_value(whole: Shop, ada: Person) -> None:
    put(whole, ada, secrets_file("staging"), {"database": {"password": "vRk8-qw2x"}})
    assert {each["code"] for each in found(whole, "--no-keys")} == {"SEC021"}
    assert told(one(whole))[:2] == ("SEC042", "database.password must have 12 characters or more")


def test_shared_secret_is_judged_for_each_service_that_takes_it(whole: Shop, ada: Person) -> None:
    path = "environments/production/shared.secrets.yaml"
    (whole.folder / "environments/production/shared.yaml").write_text("mail:\n  sender: a@b.example\n")
    put(whole, ada, path, {"mail": {"token": "TOK_abcdefghijkmz"}})
    assert told(one(whole)) == ("SEC042", "mail.token must match the pattern ^tok_[a-z]+$", path, 2, 12)


def test_value_in_a_proposal_counts_and_the_one_below_it_is_judged_no_more(whole: Shop, ada: Person) -> None:
    put(whole, ada, secrets_file("production"), {"database": {"password": OTHER, "pin": 7}})
    path = "environments/production/shop.proposed-database-pin-4f1c.secrets.yaml"
    put(whole, ada, path, {"database": {"pin": 4417}})
    assert found(whole) == []
    put(whole, ada, path, {"database": {"pin": 8}})
    assert told(one(whole)) == ("SEC042", "database.pin must be 1000 or more", path, 2, 10)


def test_target_with_an_unopened_file_is_not_judged_as_a_whole(
    whole: Shop, ada: Person, eve: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is missing may stand in the file that is not opened; what an opened value is, is certain."""
    values = {"mail": {"token": "tok_q"}, "database": {"pin": 7}}
    let_eve_open_what_acme_has_in_staging(whole, ada, eve, values)
    assert {each["message"] for each in found(whole)} == {
        "sender is required beside mail.token",
        "database.pin must be 1000 or more",
        "mail.token has fewer than 8 characters, in staging for acme",
    }
    monkeypatch.setenv("SOPS_AGE_KEY", eve.text)
    assert {each["message"] for each in found(whole)} == {
        "database.pin must be 1000 or more",
        "mail.token has fewer than 8 characters, in staging for acme",
    }


def test_files_of_others_are_not_checked_and_that_is_said(
    whole: Shop, ada: Person, eve: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = register(ada).replace('"environments": ["staging"', '"environments": ["production-eu"')
    said = json.loads(text)
    said["recipients"]["eve"] = {**said["recipients"]["ada"], "key": eve.recipient, "environments": ["staging"]}
    (whole.folder / "recipients.yaml").write_text(json.dumps(said))
    (whole.folder / "environments/staging/environment.yaml").write_text("recipients: [eve]\nkind: staging\norder: 1\n")
    values = {"database": {"password": STRONG}}
    text = create(values, [eve.recipient, RECOVERY], now=datetime.now(UTC))
    (whole.folder / secrets_file("staging")).write_text(text)
    monkeypatch.setenv("SOPS_AGE_KEY", eve.text)
    ran = whole.run("secrets", "check")
    assert ran.err == (
        "terrace: 1 of 2 secrets files opened\n"
        "  not checked, since no key at hand opens it:\n"
        f"    {secrets_file('production')}\n"
    )
    ran = whole.run("secrets", "check", "--format", "json")
    told = {"files": 2, "opened": 1, "not_checked": [secrets_file("production")]}
    assert json.loads(ran.out)["summary"]["secrets"] == told


def test_each_file_is_opened_once_and_recorded(whole: Shop) -> None:
    before = whole.log().count("terrace secrets check")
    assert whole.run("secrets", "check", "--reason", "monday").code == 0
    records = [json.loads(line) for line in whole.log().splitlines()]
    mine = [each for each in records if each.get("reason") == "monday"]
    assert len(mine) == 2
    assert whole.log().count("terrace secrets check") == before + 2
    whole.run("secrets", "check", "--no-keys")
    assert whole.log().count("terrace secrets check") == before + 2


def test_nothing_is_opened_where_no_record_can_be_written(whole: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERRACE_AUDIT_LOG", "/proc/nowhere")
    ran = whole.run("secrets", "check")
    assert ran.code == 3
    assert "opened" not in ran.err.splitlines()[-1] or "nothing" in ran.err


def test_broken_seal_is_told_at_its_place_and_not_twice(whole: Shop) -> None:
    mine, theirs = whole.text(secrets_file("production")), whole.text(secrets_file("staging"))
    swap = [next(line for line in text.splitlines() if " password:" in line) for text in (mine, theirs)]
    (whole.folder / secrets_file("production")).write_text(mine.replace(*swap))
    finding = one(whole)
    assert (finding["code"], finding["path"], finding["line"]) == ("SEC040", secrets_file("production"), 2)
    assert secrets_file("production") not in finding["message"]


def test_stanza_that_is_for_somebody_else_than_it_says_is_found_by_who_should_open_it(
    whole: Shop, ada: Person, eve: Person
) -> None:
    text = create({"database": {"password": OTHER}}, [eve.recipient, RECOVERY], now=datetime.now(UTC))
    (whole.folder / secrets_file("production")).write_text(text.replace(eve.recipient, ada.recipient))
    finding = one(whole)
    assert (finding["code"], finding["path"]) == ("SEC040", secrets_file("production"))
    assert "does not open it" in finding["message"]


def test_rules_on_opened_secrets_are_listed_and_explained(whole: Shop) -> None:
    listed = whole.run("rules").out
    for code in ("SEC040", "SEC041", "SEC042", "SEC043", "SEC044", "SEC045", "SEC046"):
        assert code in listed
        assert "Why." in whole.run("rules", code).out


def test_secrets_file_that_is_no_strict_yaml_is_not_all_clear(whole: Shop) -> None:
    """What every check finds in such a file is of secrets, whatever the code of its rule."""
    path = "environments/production/shop.secrets.yaml"
    (whole.folder / path).write_text("database:\n  password: a\n  password: b\n")
    code, said = whole.run("secrets", "check", "--no-keys")[:2]
    assert code == 1
    assert "SYN006" in said
