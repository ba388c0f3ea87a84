"""Rules over opened secrets, as far as examples cannot show it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date

from terrace import load
from terrace.model.findings import Severity
from terrace.model.secret import Secret
from terrace.model.tried import Tried
from terrace.validate.examples import source_of
from terrace.validate.opened import Hit, OpenedSecret
from terrace.validate.rule import Example, Rule
from terrace.validate.unfit import opened
from terrace.validate.unsealed import judge

PATH = "environments/production/app.secrets.yaml"
CANARY = "canary-5f1c9be07d3a442e"


def test_rule_that_fails_says_so_without_the_secret_in_its_error() -> None:
    def fail(secret: OpenedSecret) -> Iterator[Hit]:
        raise ValueError(secret.text)
        yield

    repository = load.load(source_of(Example({})))
    values = {("database", "password"): Secret(CANARY)}
    tried = [Tried(repository.files.secrets[PATH], "production", None, values)]
    broken = Rule("SEC999", "fails", Severity.ERROR, "opened", fail)
    (found,) = judge(repository, (), tried, today=date(2026, 6, 1), key=b"any", rules=[broken])
    assert found.finding.message == "rule SEC999 could not run: ValueError"


def test_opened_values_can_always_be_told_to_a_contract() -> None:
    values = {
        "big": Secret(2**70),
        "endless": Secret(float("inf")),
        "bytes": [Secret(b"\xff-")],
        "plain": 1,
        "text": Secret("a"),
    }
    assert opened(values) == {"big": str(2**70), "endless": "inf", "bytes": ["\ufffd-"], "plain": 1, "text": "a"}
    assert json.loads(json.dumps(opened(values)))


def test_opened_values_are_hidden_wherever_they_are_held() -> None:
    repository = load.load(source_of(Example({})))
    tried = Tried(repository.files.secrets[PATH], "production", None, {("database", "password"): Secret(CANARY)})
    assert CANARY not in repr(tried)
