"""Every rule against the examples in its own file: the good ones are silent, the bad ones are found where they say."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from terrace import load
from terrace.model.entities import Repository
from terrace.model.findings import Finding, Severity
from terrace.model.secret import Secret
from terrace.model.source import dotted, parse_path
from terrace.model.tried import Trial, Tried
from terrace.model.witness import Seen
from terrace.validate.examples import CROSS_CHECKS, source_of
from terrace.validate.registry import by_code, every_rule, keyed_codes, keyed_rules
from terrace.validate.rule import Example, Rule
from terrace.validate.run import check
from terrace.validate.unsealed import judge

TODAY = date(2026, 6, 1)


def _cases(kind: str) -> list[Any]:
    return [
        pytest.param(rule, example, id=f"{rule.code}-{number}")
        for rule in every_rule()
        for number, example in enumerate(getattr(rule.module, kind), 1)
    ]


def _found(example: Example, only: Iterable[Rule] | None = None) -> list[Finding]:
    chosen = every_rule() if only is None else tuple(only)
    cross_checks = CROSS_CHECKS if example.python else None
    found = check(
        source_of(example),
        today=TODAY,
        cross_checks=cross_checks,
        rules=[rule for rule in chosen if rule.code not in keyed_codes()],
        stale=example.stale,
        seen={
            path: {parse_path(name): Seen(date.fromisoformat(day), "c0ffee00") for name, day in said.items()}
            for path, said in example.seen.items()
        },
    )
    repository = load.load(source_of(example))
    found += judge(
        repository,
        repository.tenants.values(),
        list(_tried(example, repository)),
        today=TODAY,
        key=b"any key",
        cross_checks=cross_checks,
        rules=[rule for rule in chosen if rule.code in keyed_codes()],
    )
    return [item.finding for item in found if not item.suppressed]


def _tried(example: Example, repository: Repository) -> Iterator[Tried]:
    """What opening the example's secrets files would come to."""
    for path in {**example.opened, **example.tried}:
        tenant = next((each for each in repository.tenants.values() if path.startswith(each.folder)), None)
        document = (tenant.files if tenant else repository.files).secrets[path]
        said = example.opened.get(path)
        values = None if said is None else {parse_path(name): Secret(value) for name, value in said.items()}
        yield Tried(document, path.split("/")[-2], tenant, values, example.tried.get(path, Trial()))


def _place(finding: Finding) -> str:
    span = finding.location.span
    return f"{finding.location.path}:{span.line}" if span else finding.location.path


def _counts(finding: Finding, rule: Rule, example: Example) -> bool:
    """Whether an example has to answer for a finding: it shows one rule, and may repeat itself to do so."""
    return finding.code == rule.code or (finding.severity > Severity.INFO and finding.code not in example.also)


def test_example_repository_has_no_findings() -> None:
    assert _found(Example({})) == []


@pytest.mark.parametrize(("rule", "example"), _cases("GOOD"))
def test_good_example_has_no_findings(rule: Rule, example: Example) -> None:
    assert [finding for finding in _found(example) if _counts(finding, rule, example)] == []


@pytest.mark.parametrize(("rule", "example"), _cases("BAD"))
def test_bad_example_is_found_once_where_it_must_change(rule: Rule, example: Example) -> None:
    found = _found(example)
    mine = [finding for finding in found if finding.code == rule.code]
    assert [_place(finding) for finding in mine] == [example.at]
    assert dotted(mine[0].pointer or ()) == example.pointer
    others = {finding.code for finding in found if finding.severity > Severity.INFO or finding.code in example.also}
    assert sorted(others - {rule.code}) == sorted(example.also)


@pytest.mark.parametrize(("rule", "example"), _cases("BAD"))
def test_without_the_rule_its_bad_example_is_not_found(rule: Rule, example: Example) -> None:
    others = [other for other in every_rule() if other.code != rule.code]
    assert rule.code not in {finding.code for finding in _found(example, others)}


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.code) for rule in every_rule()])
def test_rule_has_a_page_and_examples(rule: Rule) -> None:
    title, what, *rest = rule.page.split("\n\n")
    assert title.startswith("# ")
    assert not what.startswith("**")
    assert [part.split("**")[1] for part in rest if part.startswith("**")][:2] == ["Why.", "Fix."]
    assert rule.module
    assert rule.module.GOOD
    assert rule.module.BAD


_NAMES = ("database", "app-password")
"""Secrets in examples that are also names, which messages may say."""


@pytest.mark.parametrize("example", [case.values[1] for case in _cases("BAD") if case.values[1].opened])
def test_message_shows_nothing_of_an_opened_secret(example: Example) -> None:
    values = {str(value) for said in example.opened.values() for value in said.values()}
    assert not any(value in repr(_found(example)) for value in values.difference(_NAMES))


def test_rules_on_opened_secrets_are_known_by_their_names_without_being_imported() -> None:
    assert keyed_codes() == {rule.code for rule in keyed_rules()}
    assert all(by_code(code.lower()) for code in keyed_codes())
    script = "import sys; from terrace.validate.registry import *; rules(); keyed_codes(); print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not [name for name in ran.stdout.split() if "rules.keyed" in name or "zxcvbn" in name or "opened" in name]


def test_file_of_a_rule_is_named_for_its_code() -> None:
    for rule in every_rule():
        assert rule.module
        assert re.fullmatch(rf"{rule.code.lower()}_[a-z_]+", Path(rule.module.__file__ or "").stem)


@pytest.mark.parametrize(("rule", "example"), _cases("BAD"))
def test_message_says_what_to_do_and_no_secret(rule: Rule, example: Example) -> None:
    for finding in _found(example):
        assert "hunter2" not in repr(finding)
        assert "could not run" not in finding.message


_FIXED = ("SCH010", "SCH011", "SUP001")


@pytest.mark.parametrize(("rule", "example"), [case for case in _cases("BAD") if case.id[:6] in _FIXED])
def test_fix_of_a_bad_example_mends_it_and_breaks_nothing(rule: Rule, example: Example) -> None:
    (fix,) = [finding.fix for finding in _found(example) if finding.code == rule.code]
    path = example.at.split(":")[0]
    if fix is None:  # the file would be empty
        assert str(example.files[path]).count("\n") <= 2
        return
    text = str(example.files[path])
    for edit in fix.edits:
        assert edit.path == path
        text = text[: edit.start] + edit.new + text[edit.end :]
    mended = example._replace(files={**example.files, path: text})
    assert _found(mended) == []
