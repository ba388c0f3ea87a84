"""Alert rules and the dashboard name what is really told, and what they say holds together."""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from terrace import yamlio
from terrace.runtime.metrics import exposition
from terrace.runtime.status import Status
from terrace.server import health
from terrace.server.callers import ANONYMOUS
from terrace.server.shelf import Shelf
from tests.server.conftest import Shop
from tests.server.observability.files import DASHBOARD, FOLDER, panels, program, readable, shown

ROOT = Path(__file__).parents[3]
TESTS = Path(__file__).parent / "alerts_test.yaml"
OF_PROMETHEUS = {"job", "instance"}
STATUS = Status(
    "ok", "backend", "production", "", "sha256:1", "c0ffee", "1.0.0", datetime.now(UTC),
    None, (), (), {}, (), None, 1, 0,
)  # fmt: skip


def read(path: Path) -> Any:
    values, findings = yamlio.load(path.read_text())
    assert not findings
    return values


def rules() -> list[dict[str, Any]]:
    return [rule for group in read(FOLDER / "alerts.yaml")["groups"] for rule in group["rules"]]


def queries() -> Iterator[str]:
    """Everything that the dashboard asks for its variables."""
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["query"]["query"]


@pytest.fixture
def told(shop: Shop, shelf_of: Callable[..., Shelf]) -> dict[str, set[str]]:
    """Every metric that an application and a server tell, with its labels."""
    shop.deploy()
    pages = [exposition(lambda: STATUS)()[2].decode(), health.metrics(shelf_of(), ANONYMOUS, {200: 1, 503: 1}, 0)]
    found: dict[str, set[str]] = {}
    for page in pages:
        for family in text_string_to_metric_families(page):
            for sample in family.samples:
                found.setdefault(sample.name, set()).update(sample.labels)
    return found


def named(expression: str) -> set[str]:
    return set(re.findall(r"\bterrace_\w+", expression))


def labels_in(expression: str) -> set[str]:
    """The labels that an expression selects or groups by."""
    selected = {name for part in re.findall(r"\{(.*?)\}", expression) for name in re.findall(r"(\w+)\s*[=!]", part)}
    grouped = {name.strip() for part in re.findall(r"\bby \(([^)]*)\)", expression) for name in part.split(",")}
    return selected | grouped | set(re.findall(r"label_values\(.*, (\w+)\)", expression))


def test_what_rules_and_dashboard_ask_for_is_told(told: dict[str, set[str]]) -> None:
    asked = [*(rule["expr"] for rule in rules()), *shown(), *queries()]
    for expression in asked:
        assert named(expression)
        assert named(expression) <= told.keys()
        known = set.union(OF_PROMETHEUS, *(told[name] for name in named(expression)))
        assert labels_in(expression) <= known, expression


def test_the_dashboard_shows_everything_that_is_told(told: dict[str, set[str]]) -> None:
    assert set.union(*map(named, shown())) == told.keys()


def test_labels_in_the_words_of_alerts_are_there(told: dict[str, set[str]]) -> None:
    for rule in rules():
        grouped = re.search(r"^\s*(?:count|sum) by \(([^)]*)\)", rule["expr"])
        labels = {"instance", "service", "environment"} if grouped is None else set(re.split(r",\s*", grouped[1]))
        words = " ".join(rule["annotations"].values())
        assert set(re.findall(r"\$labels\.(\w+)", words)) <= labels, rule["alert"]


def test_each_alert_is_whole_and_documented() -> None:
    page = (ROOT / "docs" / "observability.md").read_text()
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names)
    for rule in rules():
        assert rule["labels"]["severity"] in ("critical", "warning", "info")
        assert rule["annotations"].keys() == {"summary", "description"}
        row = next(line for line in page.splitlines() if line.startswith(f"| `{rule['alert']}`"))
        assert f"| {rule['labels']['severity']} |" in row


def test_each_alert_is_tried_firing_and_silent() -> None:
    tried = [
        (case["alertname"], bool(case["exp_alerts"]))
        for test in read(TESTS)["tests"]
        for case in test["alert_rule_test"]
    ]
    assert {name for name, fires in tried if fires} == {rule["alert"] for rule in rules()}
    assert {name for name, fires in tried if not fires} == {rule["alert"] for rule in rules()}


def test_panels_lie_beside_each_other_on_the_grid() -> None:
    taken: Counter[tuple[int, int]] = Counter()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        taken.update((x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"]))
    assert set(taken.values()) == {1}


def test_the_dashboard_can_be_imported_anywhere() -> None:
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    assert (DASHBOARD["uid"], DASHBOARD["schemaVersion"]) == ("terrace", 39)
    assert "id" not in DASHBOARD
    variables = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    for panel in panels():
        assert panel["title"]
        assert panel["description"]
        references = [target["refId"] for target in panel["targets"]]
        assert len(set(references)) == len(references)
        for source in (panel["datasource"], *(target["datasource"] for target in panel["targets"])):
            assert source == {"type": "prometheus", "uid": "${datasource}"}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps([DASHBOARD["panels"], DASHBOARD["templating"]])))
    assert used - {"__all", "__rate_interval"} == variables


def check(*arguments: str) -> str:
    done = subprocess.run([program("promtool"), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.real
def test_prometheus_takes_the_rules() -> None:
    assert f"{len(rules())} rules found" in check("check", "rules", str(FOLDER / "alerts.yaml"))


@pytest.mark.real
def test_alerts_fire_when_they_should() -> None:
    assert "SUCCESS" in check("test", "rules", str(TESTS))


@pytest.mark.real
def test_prometheus_can_read_what_the_dashboard_asks(tmp_path: Path) -> None:
    recorded = [{"record": f"shown:{n}", "expr": readable(each)} for n, each in enumerate(shown())]
    (tmp_path / "shown.yaml").write_text(json.dumps({"groups": [{"name": "shown", "rules": recorded}]}))
    assert f"{len(recorded)} rules found" in check("check", "rules", str(tmp_path / "shown.yaml"))


@pytest.mark.real
def test_prometheus_finds_nothing_wrong_with_what_is_told(shop: Shop, shelf_of: Callable[..., Shelf]) -> None:
    shop.deploy()
    pages = [exposition(lambda: STATUS)()[2].decode(), health.metrics(shelf_of(), ANONYMOUS, {200: 1}, 0)]
    for page in pages:
        done = subprocess.run(
            [program("promtool"), "check", "metrics"], input=page, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout + done.stderr) == (0, "")
