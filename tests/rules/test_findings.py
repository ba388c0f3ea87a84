"""What becomes of findings between a rule and the report: targets, suppressions, files that cannot be read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

import pytest

from terrace.model.entities import Origin, Repository
from terrace.model.findings import Severity
from terrace.validate.examples import CROSS_CHECKS, source_of
from terrace.validate.found import Found
from terrace.validate.registry import rules
from terrace.validate.rule import Example, Hit, Rule
from terrace.validate.run import check
from terrace.validate.sealed_text import NOTES, SEALED

TODAY = date(2026, 6, 1)
THREADS = "server:\n  threads: 8"


def run(
    files: Mapping[str, str | bytes | None], *, today: date = TODAY, only: Iterable[Rule] | None = None
) -> list[Found]:
    chosen = None if only is None else tuple(only)
    return check(source_of(Example(files)), today=today, cross_checks=CROSS_CHECKS, rules=chosen)


def codes(found: Iterable[Found]) -> list[str]:
    return sorted(item.finding.code for item in found if not item.suppressed)


def test_finding_names_each_target_it_reaches_once() -> None:
    (found,) = run({"environments/base/app.yaml": "server:\n  workers: 65\n"})
    assert sorted(found.targets) == [
        "app/development", "app/development/acme", "app/production", "app/production/acme",
        "app/staging", "app/staging/acme",
    ]  # fmt: skip


def test_value_that_is_overridden_does_not_reach_the_target() -> None:
    files = {
        "environments/base/app.yaml": "server:\n  workers: 65\n",
        "environments/staging/shared.yaml": "server:\n  workers: 8\n",
    }
    (found,) = run(files)
    assert not any("staging" in target for target in found.targets)


def test_broken_file_hides_no_finding_of_another_and_makes_none() -> None:
    files = {
        "environments/production/app.yaml": "server: [\n",
        "environments/base/app.yaml": "server:\n  wrokers: 8\n",
    }
    found = run(files)
    assert codes(found) == ["SCH001", "SYN004"]


def test_broken_secrets_file_is_not_a_missing_secret() -> None:
    files = {
        "environments/staging/shared.yaml": "mail:\n  sender: shop@harbourkitchen.com\n",
        "environments/staging/app.secrets.yaml": "mail: [\n",
    }
    assert codes(run(files)) == ["SYN004"]


def test_contract_that_is_not_json_makes_no_service_unknown() -> None:
    assert codes(run({"schemas/generated/app.schema.json": "{"})) == ["SYN016"]


def test_local_file_in_a_commit_is_found() -> None:
    source = source_of(Example({"environments/development/app.local.yaml": "database:\n  port: 5433\n"}))
    source.origin = Origin(commit="0" * 40, revision="main")
    (found,) = check(source, today=TODAY)
    assert found.finding.code == "ENV004"
    assert found.finding.message == "environments/development/app.local.yaml was committed"


def test_rule_that_fails_is_named_and_the_others_still_run() -> None:
    def fail(repository: Repository) -> Iterator[Hit]:
        raise ZeroDivisionError("no luck")
        yield

    broken = Rule("REF999", "fails", Severity.ERROR, "repository", fail)
    found = run({"environments/base/app.yaml": f"{THREADS}\n"}, only=(broken, *rules()))
    assert codes(found) == ["REF999", "SCH005"]
    assert "rule REF999 could not run: ZeroDivisionError: no luck" in [item.finding.message for item in found]


def test_suppressed_finding_keeps_its_reason_and_is_not_counted() -> None:
    text = f"{THREADS}  # terrace: ignore[SCH005] until the next release\n"
    (found,) = run({"environments/base/app.yaml": text})
    assert found.suppressed == "until the next release"


def test_suppressed_finding_of_a_tenant_keeps_its_reason() -> None:
    text = "branding:\n  support_mail: x@acme.com  # terrace: ignore[SCH001] the contract gets it in June\n"
    (found,) = run({"tenants/acme/app.yaml": text})
    assert (found.finding.code, found.suppressed) == ("SCH001", "the contract gets it in June")


@pytest.mark.parametrize(("today", "severity"), [(date(2026, 5, 31), None), (date(2026, 6, 1), Severity.WARNING)])
def test_expired_suppression_leaves_a_warning(today: date, severity: Severity | None) -> None:
    text = "server:\n  workers: 65  # terrace: ignore[SCH003] until=2026-05-31 a load test\n"
    (found,) = run({"environments/base/app.yaml": text}, today=today)
    if severity is None:
        assert found.suppressed == "a load test"
    else:
        assert (found.finding.code, found.finding.severity, found.suppressed) == ("SCH003", severity, "")
        assert "ended on 2026-05-31" in found.finding.hint


def test_comment_names_several_codes_and_holds_for_each() -> None:
    text = "server:\n  # terrace: ignore[SCH005, SCH002] agreed in May\n  # a second comment\n  threads: many\n"
    assert codes(run({"environments/base/app.yaml": text})) == []


def test_code_that_is_not_needed_is_named_alone() -> None:
    text = f"{THREADS}  # terrace: ignore[SCH005,SCH003] agreed in May\n"
    found = [item for item in run({"environments/base/app.yaml": text}) if not item.suppressed]
    assert [item.finding.message for item in found] == ["there is no SCH003 in its line to let stand"]
    assert found[0].finding.fix is None


def test_group_may_suppress_a_leak() -> None:
    text = "payments:\n  endpoint: http://localhost:1  # terrace: ignore[LEAK010] a sidecar\n"
    assert codes(run({"tenants/_groups/gold/app.yaml": text})) == []


def _listed(path: str = "") -> str:
    where = f"    path: {path}\n" if path else ""
    return (
        "kind: staging\nsuppress:\n  - code: SEC002\n    file: app.secrets.yaml\n"
        f"{where}    reason: it moves with the next release\n"
    )


def test_finding_in_a_secrets_file_is_suppressed_from_the_environments_file() -> None:
    files = {
        "environments/staging/environment.yaml": _listed("database.port"),
        "environments/staging/app.secrets.yaml": f"database:\n  port: {SEALED}\n{NOTES}",
    }
    (found,) = run(files)
    assert found.suppressed == "it moves with the next release"


def test_listed_suppression_holds_for_its_path_only() -> None:
    files = {
        "environments/staging/environment.yaml": _listed("database.host"),
        "environments/staging/app.secrets.yaml": f"database:\n  port: {SEALED}\n{NOTES}",
    }
    assert codes(run(files)) == ["SEC002", "SUP001"]


def test_listed_suppression_of_a_tenant_does_not_excuse_a_secret() -> None:
    files = {
        "tenants/acme/tenant.yaml": "services: [app]\nenvironments: [staging]\n"
        + _listed().removeprefix("kind: staging\n"),
        "tenants/acme/staging/app.secrets.yaml": f"branding:\n  support_email: {SEALED}\n{NOTES}",
    }
    assert codes(run(files)) == ["SEC002", "SUP003"]


def test_value_missing_in_an_entry_of_a_list_is_found_once() -> None:
    schema = {
        "type": "object", "x-terrace-tenancy": "none", "additionalProperties": False,
        "properties": {
            "hooks": {
                "type": "array", "default": [],
                "items": {
                    "type": "object", "additionalProperties": False, "required": ["url"],
                    "properties": {"url": {"type": "string"}, "name": {"type": "string"}},
                },
            }
        },
    }  # fmt: skip
    files = {
        "schemas/generated/tool.schema.json": json.dumps(schema),
        "environments/base/tool.yaml": "hooks:\n  - name: first\n",
    }
    (found,) = run(files)
    assert (found.finding.code, str(found.finding.location)) == ("SCH004", "environments/base/tool.yaml:2:5")
    assert len(found.targets) == 3
