"""Flags are judged apart from configuration: what is found, what it reaches, what is judged again after a change."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

import pytest

from terrace import pipeline
from terrace.load import Tree
from terrace.pipeline import built, of_flags
from terrace.source import open_source
from terrace.validate import flagged
from terrace.validate.engine import Engine
from terrace.validate.examples import FILES, MemorySource
from terrace.validate.flag_text import FLAG, area, in_production
from terrace.validate.found import Found
from terrace.validate.run import check, run

TODAY = date(2026, 6, 1)
EU = {"environments/eu/environment.yaml": "kind: production\nprotected: true\nextends: production\n"}
WRONG = in_production("default: onn")


def found(files: Mapping[str, str], *, today: date = TODAY) -> list[Found]:
    return check(MemorySource({**FILES, **files}), today=today)


def codes(items: Iterable[Found]) -> list[str]:
    return sorted(item.finding.code for item in items if not item.suppressed and item.finding.code != "SCH013")


def one(files: Mapping[str, str]) -> Found:
    (item,) = [item for item in found(files) if item.finding.code != "SCH013"]
    return item


def test_a_finding_in_a_state_reaches_the_environments_that_take_it() -> None:
    assert one({**EU, **WRONG}).targets == ("_flags/eu", "_flags/production")
    both = area("    environments:\n      production: {default: onn}\n      eu: {default: on}\n")
    assert one({**EU, **both}).targets == ("_flags/production",)


def test_a_finding_in_a_flag_reaches_every_environment_and_one_in_a_test_its_own() -> None:
    wrong = one(area("", flag=FLAG.replace("off_variant: off", "off_variant: of")))
    assert wrong.targets == ("_flags/development", "_flags/production", "_flags/staging")
    assert one(area("tests: [{flag: new-menu, environment: staging, expect: on}]\n")).targets == ("_flags/staging",)


def test_an_error_in_flags_blocks_their_environments_and_no_configuration() -> None:
    item = one(WRONG)
    assert of_flags.blocks_flags(item, "production")
    assert not of_flags.blocks_flags(item, "staging")
    assert not built.blocks(item, "production")


def test_an_error_in_configuration_blocks_no_flags() -> None:
    items = found({"environments/base/app.yaml": "server:\n  wrokers: 8\n", **in_production("default: on")})
    (item,) = [item for item in items if item.finding.code == "SCH001"]
    assert built.blocks(item, "production")
    assert not of_flags.blocks_flags(item, "production")


def test_a_day_that_has_passed_blocks_nothing() -> None:
    (item,) = found(area(""), today=date(2027, 6, 1))[-1:]
    assert item.finding.code == "FLG016"
    assert not of_flags.blocks_flags(item, "production")


def test_a_suppression_in_a_file_of_flags_holds_and_an_unused_one_is_found() -> None:
    lines = ("default: onn  # terrace: ignore[FLG002] it comes tomorrow",)
    assert codes(found(in_production(*lines))) == []
    unused = one(in_production("default: on  # terrace: ignore[FLG002] it comes tomorrow"))
    assert unused.finding.code == "SUP001"
    assert unused.targets == ("_flags/development", "_flags/production", "_flags/staging")


def test_one_mistake_is_one_finding_whatever_follows_from_it() -> None:
    tests = "tests:\n  - {flag: new-menu, environment: production, expect: on}\n"
    assert codes(found(area("    environments: {production: {default: 5}}\n" + tests))) == ["SCH002"]
    assert codes(found(area("    environments: {production: {default: onn}}\n" + tests))) == ["FLG002"]
    other = FLAG.removeprefix("flags:\n").replace("new-menu", "pictures").replace("{on: true, off: false}", "5")
    requires = "    requires: [{flag: pictures, variant: on}]\n"
    assert codes(found(area(requires + other + tests))) == ["SCH002"]


def test_what_a_file_that_cannot_be_read_holds_is_not_missed() -> None:
    needs = area(
        "    requires: [{flag: pictures, variant: on}]\n"
        "    environments: {production: {rules: [{when: {segment: s}, serve: on}]}}\n"
    )
    assert codes(found({"flags/broken.yaml": "flags: [\n", **needs})) == ["SYN004"]
    assert codes(found(needs)) == ["FLG003", "FLG006"]


@pytest.mark.parametrize(
    ("path", "code"),
    [("flags/more/shop.yaml", "REF005"), ("flags/shop.yml", "SYN018"), ("flags/notes.md ", "SYN017")],
)
def test_files_in_the_folder_of_flags_are_named_as_others_are(path: str, code: str) -> None:
    assert codes(found({path: FLAG})) == [code]


def test_a_new_flag_has_to_come_into_the_register_of_types() -> None:
    assert codes(found({"schemas/generated/flags.json": '{"types": {}}\n', **area("")})) == ["SCH007"]


def test_a_key_that_cannot_be_one_is_named() -> None:
    item = one({"flags/shop.yaml": FLAG.replace("new-menu", "New Menu")})
    assert item.finding.code == "SCH003"
    assert item.finding.pointer == ("flags", "New Menu")


def test_a_misspelt_word_of_a_condition_is_named_with_the_one_that_was_meant() -> None:
    item = one(in_production("rules: [{when: {email: {end_with: x}}, serve: on}]"))
    assert (item.finding.code, item.finding.hint) == ("SCH001", "Did you mean 'ends_with'?")


def test_requirements_are_evaluated_in_tests() -> None:
    other = FLAG.removeprefix("flags:\n").replace("new-menu", "pictures")
    text = "    requires: [{flag: pictures, variant: on}]\n    environments: {staging: {default: on}}\n" + other
    tests = "tests: [{flag: new-menu, environment: staging, expect: off}]\n"
    assert codes(found(area(text + tests))) == []
    assert codes(found(area(text + "    environments: {staging: {default: on}}\n" + tests))) == ["FLG013"]


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was judged, as it is judged."""
    seen: list[str] = []
    judged, tenant = flagged.judge, Engine.tenant
    monkeypatch.setattr(flagged, "judge", lambda *given: seen.append("flags") or judged(*given))
    monkeypatch.setattr(Engine, "tenant", lambda self, each: seen.append(each.name) or tenant(self, each))
    return seen


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("terrace.validate.verdicts._RACY_NS", 0)
    for path, text in {**FILES, **in_production("default: on")}.items():
        file = tmp_path / "repo" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path / "repo"


def judge(folder: Path) -> list[str]:
    return codes(run(Tree(open_source(folder)), TODAY).found)


def test_a_change_of_flags_judges_flags_alone_and_one_of_a_tenant_the_tenant_alone(
    folder: Path, counted: list[str]
) -> None:
    assert judge(folder) == []
    assert counted == ["acme", "flags"]
    assert judge(folder) == []
    assert counted == ["acme", "flags"]
    (folder / "flags/shop.yaml").write_text(WRONG["flags/shop.yaml"])
    assert judge(folder) == ["FLG002"]
    assert judge(folder) == ["FLG002"]
    assert counted == ["acme", "flags", "flags"]
    (folder / "tenants/acme/tenant.yaml").write_text("services: [app]\nenvironments: [staging]\n")
    assert judge(folder) == ["FLG002"]
    assert counted == ["acme", "flags", "flags", "acme"]


def test_flags_that_name_tenants_are_judged_again_when_a_tenant_changes(folder: Path, counted: list[str]) -> None:
    text = in_production("rules: [{when: {tenant: acme}, serve: on}]")["flags/shop.yaml"]
    (folder / "flags/shop.yaml").write_text(text)
    assert judge(folder) == []
    (folder / "tenants/acme/tenant.yaml").write_text("services: [app]\nenvironments: [staging]\n")
    assert judge(folder) == ["FLG007"]
    assert counted == ["acme", "flags", "acme", "flags"]
    (folder / "tenants/acme/app.yaml").write_text("branding:\n  support_email: new@acme.com\n")
    assert judge(folder) == ["FLG007"]
    assert counted == ["acme", "flags", "acme", "flags", "acme"]


def test_a_hook_on_a_file_of_flags_judges_flags_and_no_tenant(folder: Path, counted: list[str]) -> None:
    (folder / "flags/shop.yaml").write_text(WRONG["flags/shop.yaml"])
    report = pipeline.validate(folder, files=["flags/shop.yaml"], today=TODAY)
    assert [finding.code for finding in report.findings] == ["FLG002"]
    assert counted == ["flags"]
    counted.clear()
    pipeline.validate(folder, files=["tenants/acme/app.yaml"], today=TODAY)
    assert counted == ["acme"]


def test_without_flags_nothing_that_judges_them_is_imported(folder: Path) -> None:
    (folder / "flags/shop.yaml").unlink()
    script = "import sys; from terrace.cli import run; code = run(sys.argv[1:]); print(*sys.modules); sys.exit(code)"
    command = [sys.executable, "-c", script, "-C", str(folder), "validate"]
    ran = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ), check=False)
    assert "terrace.validate.engine" in ran.stdout
    ours = ("terrace.flags", "terrace.load_flags", "terrace.validate.flag", "terrace.validate.rules.flags")
    assert not [name for name in ran.stdout.split() if name.startswith(("openfeature", *ours))]
