"""The commands that tell of flags: what they say is what the evaluator says."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from terrace.cli import run
from terrace.flags.counting import Series
from terrace.flags.evaluator import FlagSet
from terrace.flags.usage import Batch, UsageStore
from tests.git.conftest import Repo
from tests.toggle.conftest import AREA, PATH, Said, Terrace
from tests.toggle.forges import Server, serving

KEY = "checkout-v2"
TENANT = "display_name: {0}\nservices: []\nenvironments: [development, production]\n"


@pytest.fixture
def terrace(shop: Repo, capsys: pytest.CaptureFixture[str]) -> Terrace:
    shop.commit("Tenants", **{f"tenants/{name}/tenant.yaml": TENANT.format(name) for name in ("acme", "globex", "zoo")})

    def call(*arguments: str) -> Said:
        code = run(["-C", str(shop.path), "flags", *arguments])
        return Said(code, *capsys.readouterr())

    return call


@pytest.fixture
def evaluator() -> Iterator[Server]:
    with serving() as server:
        yield server


def told(said: Said) -> Any:
    assert said.code == 0, said.err
    return json.loads(said.out)


def test_list_shows_each_flag_with_its_state_and_owner(terrace: Terrace) -> None:
    said = terrace("list")
    assert said.code == 0
    head, checkout, states, *_ = said.out.splitlines()
    assert head.split() == ["flag", "owner", "kind", "age", "expires"]
    assert checkout.split()[:2] == [KEY, "team-payments"]
    assert states == "  development: on; staging: not there yet; production, eu: 2 rules, off"
    assert max(map(len, said.out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        ((), [KEY, "limit"]),
        (("new page",), []),
        (("limit",), ["limit"]),
        (("--owner", "nobody"), []),
        (("--kind", "release"), [KEY, "limit"]),
        (("--tag", "x"), []),
        (("--expired",), []),
        (("--killed",), ["limit"]),
    ],
)
def test_list_is_filtered(shop: Repo, terrace: Terrace, options: tuple[str, ...], keys: list[str]) -> None:
    shop.write({PATH: AREA.replace("        default: 'small'", "        default: 'small'\n        kill: true")})
    found = told(terrace("list", *options, "--format", "json"))
    assert [each["key"] for each in found["flags"]] == keys


def test_show_says_the_rules_in_words(terrace: Terrace) -> None:
    said = terrace("show", KEY, "--env", "eu")
    assert "eu  (as production)\n  1. staff: on\n     if in segment staff\n" in said.out
    assert "  2. the rest: 20 % on / 80 % off, split by tenant\n" in said.out
    assert "  else off\n" in said.out


def test_eval_asks_the_evaluator_that_applications_have(terrace: Terrace) -> None:
    definition = terrace("export", "--env", "production").out.encode()
    said = told(terrace("eval", KEY, "--env", "production", "--all-tenants", "--format", "json"))
    assert [each["tenant"] for each in said] == ["acme", "globex", "zoo"]
    for each in said:
        found = FlagSet(definition).resolve(KEY, {"targetingKey": each["tenant"], "tenant": each["tenant"]})
        assert (each["variant"], each["value"]) == (found.variant, found.value)


@pytest.mark.parametrize(
    "context",
    [
        ("email=x@harbour.example",),
        ('{"email": "x@harbour.example"}',),
        ("plan=gold", "email=x@harbour.example"),
    ],
)
def test_a_context_can_be_given_in_several_ways(terrace: Terrace, context: tuple[str, ...]) -> None:
    said = told(terrace("eval", KEY, "--env", "production", "--format", "json", "--context", *context))
    assert (said["variant"], said["reason"]) == ("on", "TARGETING_MATCH")


def test_a_context_can_stand_in_a_file(terrace: Terrace, tmp_path: Path) -> None:
    (tmp_path / "who.json").write_text('{"email": "x@harbour.example"}')
    assert "on = true" in terrace("eval", KEY, "--env", "production", "--context", f"@{tmp_path}/who.json").out


@pytest.mark.parametrize("context", ["plan", "{", "[1]", "@/nowhere.json"])
def test_a_context_that_is_none_is_wrong_use(terrace: Terrace, context: str) -> None:
    assert terrace("eval", KEY, "--env", "production", "--context", context).code == 2


def test_explain_names_the_rule_that_decided_and_those_that_did_not(terrace: Terrace) -> None:
    said = terrace("explain", KEY, "--env", "production", "--tenant", "acme")
    assert "the rule 'the rest' decides: 20 % on / 80 % off" in said.out
    assert "   1. staff: on\n     no  in segment staff\n        no  email ends with @harbour.example\n" in said.out
    assert "-> 2. the rest: 20 % on / 80 % off\n     yes everybody\n" in said.out


def test_explain_says_what_a_rule_cannot_split_by(terrace: Terrace) -> None:
    said = told(terrace("explain", KEY, "--env", "production", "--format", "json"))
    assert said["rules"][1]["missing"] == "tenant"
    assert said["because"] == "no rule is for them: the default is off"
    assert said["variant"] == "off"


def test_explain_never_contradicts_the_answer(terrace: Terrace) -> None:
    for who in (["--tenant", "acme"], ["--context", "email=a@harbour.example"], []):
        said = told(terrace("explain", KEY, "--env", "production", *who, "--format", "json"))
        deciding = [rule["gives"] for rule in said["rules"] if rule["decided"]]
        assert not deciding or said["variant"] in deciding[0]


def test_explain_says_that_a_flag_is_killed_or_off(shop: Repo, terrace: Terrace) -> None:
    shop.write({PATH: AREA.replace("{default: on}", "{default: on, kill: true, reason: fire}")})
    assert "it is killed: fire" in terrace("explain", KEY, "--env", "development").out
    assert "staging is none of its environments" in terrace("explain", KEY, "--env", "staging").out


def test_explain_says_which_flag_is_required(shop: Repo, terrace: Terrace) -> None:
    shop.write(
        {
            PATH: AREA.replace(
                "    off_variant: off\n", "    off_variant: off\n    requires: [{flag: limit, variant: large}]\n"
            )
        }
    )
    assert "it requires limit to be large, and it is small" in terrace("explain", KEY, "--env", "development").out


def test_flags_go_out_and_come_in_again(shop: Repo, terrace: Terrace, tmp_path: Path) -> None:
    terrace("export", "--env", "development", "-o", str(tmp_path / "flags.json"))
    shop.git("rm", "-q", PATH)
    said = terrace("import", str(tmp_path / "flags.json"), "--env", "development", "--area", "all")
    assert said.code == 0, said.err
    again = told(terrace("export", "--env", "development"))
    before = json.loads((tmp_path / "flags.json").read_text())
    assert again["flags"] == before["flags"]


def test_an_import_that_is_only_tried_writes_nothing(shop: Repo, terrace: Terrace, tmp_path: Path) -> None:
    terrace("export", "--env", "development", "-o", str(tmp_path / "flags.json"))
    terrace("import", str(tmp_path / "flags.json"), "--env", "development", "--area", "all", "--dry-run")
    assert not (shop.path / "flags/all.yaml").exists()


def test_doctor_says_that_a_server_does_not_agree(terrace: Terrace, evaluator: Server) -> None:
    evaluator.answers.append((200, {"variant": "nonsense"}, {}))
    said = terrace("doctor", evaluator.url, "--vectors")
    assert said.code == 1
    assert "it does NOT agree" in said.out


def test_doctor_takes_its_token_from_the_environment_and_says_when_it_is_wrong(
    terrace: Terrace, evaluator: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERRACE_TOKEN", "s3cret")
    evaluator.answers.append((401, {}, {}))
    said = terrace("doctor", evaluator.url, "--vectors")
    assert said.code == 3
    assert evaluator.asked[0].headers["authorization"] == "Bearer s3cret"
    assert "lets nobody in" in said.err
    assert "s3cret" not in said.err


def test_doctor_sends_no_token_in_the_open(terrace: Terrace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERRACE_TOKEN", "s3cret")
    assert terrace("doctor", "http://flags.example", "--vectors").code == 2


def test_usage_adds_up_what_a_server_counted(terrace: Terrace, tmp_path: Path) -> None:
    store = UsageStore(tmp_path / "usage.db")
    counts = {("production", KEY, "on", "acme", "TARGETING_MATCH"): 3, ("production", KEY, "off", "", "DEFAULT"): 4}
    store.add(Batch("one", time.time(), {Series(*key): number for key, number in counts.items()}))
    store.close()
    said = told(terrace("usage", "--env", "production", "--usage", str(tmp_path / "usage.db"), "--format", "json"))
    assert [(each["flag"], each["variant"], each["day"], each["week"]) for each in said["usage"]] == [
        (KEY, "off", 4, 4),
        (KEY, "on", 3, 3),
    ]
    assert "acme" in terrace("usage", KEY, "--env", "production", "--usage", str(tmp_path / "usage.db")).out


def test_usage_of_no_file_is_wrong_use(terrace: Terrace, tmp_path: Path) -> None:
    assert terrace("usage", "--env", "production", "--usage", str(tmp_path / "none")).code == 2
    assert not (tmp_path / "none").exists()
