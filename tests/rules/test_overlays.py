"""An overlay's line that is said to do nothing does nothing, in any target."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import date
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terrace.layering import Layering
from terrace.load import load
from terrace.model.source import Pointer
from terrace.validate.examples import CONTRACT, FILES, MemorySource
from terrace.validate.registry import by_code
from terrace.validate.run import check
from tests.soak import rounds

TODAY = date(2026, 6, 1)
SMTP = {
    "default": None,
    "anyOf": [
        {"type": "object", "additionalProperties": False, "properties": {"port": {"type": "integer", "default": 25}}},
        {"type": "null"},
    ],
}
TOOL = {
    "type": "object",
    "x-terrace-tenancy": "none",
    "additionalProperties": False,
    "properties": {
        "logging": {"type": "object", "additionalProperties": False, "properties": {"level": {"default": "error"}}}
    },
}
PLACES = (
    "environments/base/shared.yaml",
    "environments/staging/shared.yaml",
    "environments/eu/app.yaml",
    "tenants/_groups/gold/app.yaml",
    "tenants/_groups/silver/app.yaml",
    "tenants/_groups/silver/staging/shared.yaml",
    "tenants/acme/app.yaml",
    "tenants/acme/staging/app.yaml",
    "tenants/zen/shared.yaml",
)
LEAVES: dict[Pointer, list[Any]] = {
    ("database", "port"): [5432, 5433, None],
    ("logging", "level"): ["info", "error", None],
    ("cors", "origins"): [[], ["https://a.internal"]],
    ("branding", "support_email"): [None, "help@acme.com"],
    ("branding", "labels"): [{}, {"city": "Basel"}, {"city": None}],
    ("smtp", "port"): [25, 587],
    ("smtp",): [None],
}
TENANT = "services: [app, tool]\nenvironments: [staging, eu]\n"


def repository(overlays: dict[str, dict[str, Any]]) -> MemorySource:
    schema = deepcopy(CONTRACT)
    schema["properties"]["smtp"] = SMTP
    files: dict[str, str] = {
        **{path: text for path, text in FILES.items() if "staging" in path},
        "schemas/generated/app.schema.json": json.dumps(schema),
        "schemas/generated/tool.schema.json": json.dumps(TOOL),
        "environments/eu/environment.yaml": "kind: staging\nextends: staging\n",
        "tenants/acme/tenant.yaml": f"groups: [gold, silver]\n{TENANT}",
        "tenants/zen/tenant.yaml": f"groups: [silver]\n{TENANT}",
    }
    return MemorySource({**files, **{path: json.dumps(values) for path, values in overlays.items() if values}})


def effective(overlays: dict[str, dict[str, Any]]) -> dict[str, Any]:
    loaded = load(repository(overlays))
    layering = Layering(loaded)
    return {
        str(target): layering.effective(target, tenant).values
        for tenant in (None, *loaded.tenants.values())
        for target in layering.targets(tenant)
    }


def said_to_do_nothing(overlays: dict[str, dict[str, Any]]) -> list[tuple[str, Pointer]]:
    rule = by_code("SCH010")
    assert rule
    found = [item.finding for item in check(repository(overlays), today=TODAY, rules=(rule,))]
    return [(finding.location.path, finding.pointer or ()) for finding in found if finding.location.path in overlays]


def without(values: dict[str, Any], pointer: Pointer) -> dict[str, Any]:
    """The values without one leaf, and without the sections that are empty for it."""
    name, *rest = pointer
    kept = {key: value for key, value in values.items() if key != name}
    if rest:
        inner = without(values[str(name)], tuple(rest))
        if inner:
            kept[str(name)] = inner
    return kept


@st.composite
def overlay(draw: st.DrawFn) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for pointer in draw(st.lists(st.sampled_from(sorted(LEAVES)), max_size=4, unique=True)):
        section = values
        for part in pointer[:-1]:
            section = section.setdefault(str(part), {})
            if section is None:
                break
        else:
            section.setdefault(str(pointer[-1]), draw(st.sampled_from(LEAVES[pointer])))
    return values


@settings(max_examples=rounds(100), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.fixed_dictionaries({path: overlay() for path in PLACES}))
def test_line_that_is_said_to_do_nothing_can_go(overlays: dict[str, dict[str, Any]]) -> None:
    before = effective(overlays)
    for path, pointer in said_to_do_nothing(overlays):
        after = effective({**overlays, path: without(overlays[path], pointer)})
        assert after == before, (path, pointer)


def test_value_that_another_group_sets_too_is_not_said_to_do_nothing() -> None:
    overlays = {
        "tenants/_groups/gold/app.yaml": {"logging": {"level": "error"}},
        "tenants/_groups/silver/app.yaml": {"logging": {"level": "info"}},
    }
    assert said_to_do_nothing(overlays) == []


def test_value_that_an_environment_below_a_group_sets_is_removed_by_the_group() -> None:
    overlays = {
        "environments/eu/app.yaml": {"smtp": {"port": 587}},
        "tenants/_groups/silver/staging/shared.yaml": {"smtp": None},
    }
    assert said_to_do_nothing(overlays) == []


def test_value_that_makes_its_section_is_not_said_to_do_nothing() -> None:
    assert said_to_do_nothing({"environments/eu/app.yaml": {"smtp": {"port": 25}}}) == []


def test_value_that_several_services_take_is_not_said_to_do_nothing() -> None:
    assert said_to_do_nothing({"environments/eu/shared.yaml": {"logging": {"level": "info"}}}) == []


def test_value_of_the_schema_is_said_to_do_nothing() -> None:
    overlays = {"environments/eu/app.yaml": {"logging": {"level": "info"}, "database": {"port": 5433}}}
    assert said_to_do_nothing(overlays) == [("environments/eu/app.yaml", ("logging", "level"))]


def test_a_group_s_line_affects_the_targets_of_its_tenants_and_no_others() -> None:
    files = {
        "tenants/_groups/gold/app.yaml": "logging:\n  level: info\n",
        "tenants/_groups/gold/staging/app.yaml": "branding:\n  support_email: null\n",
        "tenants/_groups/silver/app.yaml": "server:\n  workers: 4\n",
        "tenants/zen/tenant.yaml": "groups: [gold]\nservices: [app]\nenvironments: [production]\n",
        "tenants/sol/tenant.yaml": "services: [app]\nenvironments: [production]\n",
    }
    found = [item for item in check(MemorySource(FILES | files), today=TODAY) if item.finding.code == "SCH010"]
    assert {item.finding.location.path: sorted(item.targets) for item in found} == {
        "tenants/_groups/gold/app.yaml": [
            "app/development/acme",
            "app/production/acme",
            "app/production/zen",
            "app/staging/acme",
        ],
        "tenants/_groups/gold/staging/app.yaml": ["app/staging/acme"],
        "tenants/_groups/silver/app.yaml": [],
    }
