"""What a change to flags does before it is merged, told from real Git repositories."""

from __future__ import annotations

import json
from typing import Any

import pytest

from terrace.cli import run
from tests.git.conftest import Repo
from tests.toggle.conftest import AREA, PATH, Said, Terrace

TENANT = "display_name: {0}\nservices: []\nenvironments: [development, production]\ngroups: [{1}]\n"
TENANTS = {"acme": "chains", "globex": "single", "zoo": "single"}
MORE = AREA.replace("{on: 20, off: 80}", "{on: 30, off: 70}")
NOW = ("--now", "2027-01-01T00:00:00Z")


@pytest.fixture
def terrace(shop: Repo, capsys: pytest.CaptureFixture[str]) -> Terrace:
    files = {f"tenants/{name}/tenant.yaml": TENANT.format(name, group) for name, group in TENANTS.items()}
    shop.commit("Tenants", **files)

    def call(*arguments: str) -> Said:
        code = run(["-C", str(shop.path), "flags", "plan", *NOW, *arguments])
        return Said(code, *capsys.readouterr())

    return call


def told(said: Said) -> Any:
    assert said.code == 0, said.err
    return json.loads(said.out)


def test_an_edit_of_the_work_tree_is_compared_with_where_it_left_the_default_branch(
    shop: Repo, terrace: Terrace
) -> None:
    start = shop.git("rev-parse", "HEAD")
    shop.git("checkout", "-qb", "work")
    shop.commit("More", **{PATH: MORE})
    shop.git("checkout", "-q", "main")
    shop.commit("Meanwhile", **{PATH: AREA.replace("{default: on}", "{default: off}")})
    shop.git("checkout", "-q", "work")
    found = told(terrace("--format", "json"))
    assert found["base"]["commit"] == start
    assert "main" in found["base"]["said"]
    assert [(each["flag"], each["environments"]) for each in found["changes"]] == [
        ("checkout-v2", ["production"]),
        ("checkout-v2", ["eu"]),
    ]


def test_the_share_that_moves_and_the_tenants_that_do_are_told(shop: Repo, terrace: Terrace) -> None:
    shop.write({PATH: MORE})
    (change, _) = told(terrace("--format", "json"))["changes"]
    assert change["edits"] == ["rule 'the rest': 20 % on / 80 % off -> 30 % on / 70 % off"]
    (case,) = [case for case in change["moments"][0]["cases"] if case["moves"]]
    assert (case["how"], case["by"]) == ("exact", ["tenant"])
    assert case["moves"] == [{"from": "off", "to": "on", "share": pytest.approx(0.1, abs=1e-9)}]
    assert [each["words"] for each in case["where"] if not each["holds"]] == ["not (email ends with @harbour.example)"]
    assert set(change["moments"][0]["tenants"]) == set(TENANTS)


def test_two_commits_are_compared_without_touching_the_work_tree(shop: Repo, terrace: Terrace) -> None:
    shop.commit("More", **{PATH: MORE})
    shop.write({PATH: "not: [yaml"})
    found = told(terrace("--base", "HEAD~1", "--head", "HEAD", "--format", "json"))
    assert found["head"]["commit"] == shop.git("rev-parse", "HEAD")
    assert len(found["changes"]) == 2
    assert shop.git("status", "--porcelain") == f"M {PATH}"


def test_only_the_environments_that_are_named_are_looked_at(shop: Repo, terrace: Terrace) -> None:
    shop.write({PATH: MORE})
    assert told(terrace("--env", "staging", "--format", "json"))["changes"] == []
    assert terrace("--env", "productoin").code == 2


def test_a_segment_moves_the_flags_that_use_it(shop: Repo, terrace: Terrace) -> None:
    shop.write({PATH: AREA.replace('"@harbour.example"}}}', '".example"}}}')})
    found = told(terrace("--env", "production", "--format", "json"))
    (change,) = found["changes"]
    assert change["flag"] == "checkout-v2"
    assert change["edits"] == [
        "segment staff: it was email ends with @harbour.example, and is email ends with .example"
    ]
    assert not change["moves_nobody"]


def test_a_flag_that_is_required_moves_those_that_require_it(shop: Repo, terrace: Terrace) -> None:
    needs = AREA.replace(
        "    off_variant: off\n", "    off_variant: off\n    requires: [{flag: limit, variant: small}]\n"
    )
    needs = needs.replace("      staging:\n        default: 'small'", "      development:\n        default: 'small'")
    shop.commit("It needs another", **{PATH: needs})
    shop.write({PATH: needs.replace("default: 'small'", "default: 'large'")})
    found = told(terrace("--env", "development", "--format", "json"))
    assert [(each["flag"], each["edits"]) for each in found["changes"]] == [
        ("checkout-v2", ["limit, which it requires, was edited"]),
        ("limit", ["default: small -> large"]),
    ]
    tenants = found["changes"][0]["moments"][0]["tenants"]
    assert {each["verdict"] for each in tenants.values()} == {"moves"}


def test_a_tenant_that_joins_a_group_is_moved_by_the_flags_of_the_group(shop: Repo, terrace: Terrace) -> None:
    state = AREA.replace("when: {segment: staff}", "when: {group: chains}")
    shop.commit("For chains", **{PATH: state})
    shop.write({"tenants/zoo/tenant.yaml": TENANT.format("zoo", "chains")})
    (change,) = told(terrace("--env", "production", "--format", "json"))["changes"]
    assert change["edits"] == ["group chains: + zoo"]
    verdicts = {name: each["verdict"] for name, each in change["moments"][0]["tenants"].items()}
    assert verdicts["acme"] == verdicts["globex"] == "same"


def test_flags_that_come_and_go_are_told(shop: Repo, terrace: Terrace) -> None:
    start, rest = AREA.split("  limit:\n")
    shop.write({PATH: f"{start}  amount:\n{rest.replace('flag: limit', 'flag: amount')}"})
    found = told(terrace("--env", "staging", "--format", "json"))
    assert [(each["flag"], each["kind"]) for each in found["changes"]] == [("amount", "new"), ("limit", "removed")]
    said = terrace().out
    assert "amount in staging\n  new: small for everybody\n" in said
    assert "applications use their own default from then on" in said


def test_an_edit_that_changes_nothing_for_anybody_says_so(shop: Repo, terrace: Terrace) -> None:
    never = "          - {name: twice, when: {segment: staff}, serve: on}\n"
    shop.write({PATH: AREA.replace("          - {name: the rest", f"{never}          - {{name: the rest")})
    said = terrace("--exit-code")
    assert said.code == 0
    assert "rule added: on for in segment staff (twice)" in said.out
    assert "it moves nobody" in said.out


def test_an_edit_of_what_nobody_gets_is_told_as_such(shop: Repo, terrace: Terrace) -> None:
    shop.write({PATH: AREA.replace("team-payments", "team-growth")})
    said = terrace("--env", "production")
    assert "about it: owner" in said.out
    assert "of which 0 move somebody" in said.out


def test_other_words_of_yaml_are_no_change(shop: Repo, terrace: Terrace) -> None:
    shop.write({PATH: AREA.replace("default: off   # for now", 'default: "off"')})
    assert "No flag changes for anybody in 4 environments." in terrace().out


def test_what_compiles_to_the_same_is_named(shop: Repo, terrace: Terrace) -> None:
    shop.write(
        {
            PATH: AREA.replace(
                "production:\n        default: off", "production:\n        reason: why\n        default: off"
            )
        }
    )
    assert told(terrace("--format", "json"))["without_effect"] == ["checkout-v2"]
    assert "Edited without any effect" in terrace().out


def test_a_segment_that_moves_no_flag_is_named(shop: Repo, terrace: Terrace) -> None:
    spare = "segments:\n  spare: {when: {plan: gold}}\n"
    shop.commit("Spare", **{PATH: AREA.replace("segments:\n", spare)})
    shop.write({PATH: MORE.replace("segments:\n", spare.replace("gold", "silver"))})
    assert told(terrace("--format", "json"))["without_effect"] == ["segment spare"]


def test_the_exit_code_tells_whether_anybody_moves(shop: Repo, terrace: Terrace) -> None:
    assert terrace("--exit-code").code == 0
    shop.write({PATH: MORE})
    assert terrace().code == 0
    assert terrace("--exit-code").code == 1


def test_a_comment_for_a_pull_request_is_folded_and_names_nobody(shop: Repo, terrace: Terrace) -> None:
    shop.write({PATH: MORE.replace("name: the rest", "name: '@all <b>rest'")})
    said = terrace("--format", "markdown").out
    assert said.startswith("### Feature flags\n")
    assert "- `checkout-v2` in `production`: changed\n  <details><summary>Who gets what</summary>\n" in said
    assert "@all" not in said
    assert "<b>" not in said


def test_a_comment_stays_below_what_forges_take(shop: Repo, terrace: Terrace) -> None:
    flag = AREA.split("  limit:\n")[1].split("tests:")[0]
    many = "".join(f"  limit-{number}:\n{flag}" for number in range(600))
    shop.write({PATH: AREA.replace("tests:", f"{many}tests:")})
    said = terrace("--format", "markdown").out
    assert len(said) < 65_536
    assert "more would not fit" in said


def test_text_fits_the_page(shop: Repo, terrace: Terrace) -> None:
    shop.write({PATH: MORE.replace('"@harbour.example"', '"@harbour-kitchen-and-sons.example"')})
    assert max(map(len, terrace().out.splitlines())) <= 80


def test_nothing_of_the_repository_runs(shop: Repo, terrace: Terrace) -> None:
    shop.write({"schemas/evil.py": f"open({str(shop.path / 'ran')!r}, 'w')\nraise SystemExit(9)\n", PATH: MORE})
    assert terrace().code == 0
    assert not (shop.path / "ran").exists()


def test_flags_that_are_not_right_are_named_with_the_side(shop: Repo, terrace: Terrace) -> None:
    shop.write({PATH: AREA.replace("serve: on", "serve: nowhere")})
    said = terrace()
    assert said.code == 3
    assert "after the change: flags/payments.yaml:" in said.err


def test_without_git_there_is_nothing_to_compare_with(
    shop: Repo, terrace: Terrace, capsys: pytest.CaptureFixture[str]
) -> None:
    (shop.path / ".git").rename(shop.path / "git")
    said = terrace()
    assert said.code != 0
    assert "is not in a Git repository" in said.err


def test_a_clone_knows_the_default_branch_of_its_origin(shop: Repo, terrace: Terrace) -> None:
    shop.git("branch", "-m", "trunk")
    shop.git("update-ref", "refs/remotes/origin/trunk", "HEAD")
    shop.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")
    shop.commit("More", **{PATH: MORE})
    found = told(terrace("--format", "json"))
    assert "origin/trunk" in found["base"]["said"]
    assert len(found["changes"]) == 2


def test_lines_of_work_with_nothing_in_common_are_refused(shop: Repo, terrace: Terrace) -> None:
    shop.git("checkout", "-q", "--orphan", "other")
    shop.commit("Alone")
    said = terrace()
    assert said.code != 0
    assert "have no commit in common" in said.err
    assert terrace("--base", "main").code == 0
