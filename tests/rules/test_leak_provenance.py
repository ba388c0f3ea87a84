"""Development values in production by where they come from: which layers count, and one finding for one mistake."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from terrace.validate.examples import source_of
from terrace.validate.found import Found
from terrace.validate.rule import Example
from terrace.validate.run import check

PRODUCTION = "environments/production/app.yaml"
DEVELOPMENT = "environments/development/app.yaml"
URL = "server:\n  public_url: https://{}\ndatabase:\n  host: {}\n"


def found(files: dict[str, str | None], code: str) -> list[Found]:
    """What a rule finds in the example repository with `files` laid over it."""
    laid: dict[str, Any] = dict(files)
    return [item for item in check(source_of(Example(laid)), today=date(2026, 6, 1)) if item.finding.code == code]


def tenants(count: int, **files: str) -> dict[str, str]:
    """The files of `count` tenants that are in every environment; in names of files, `__` stands for `/`."""
    own = {name.replace("__", "/") + ".yaml": text for name, text in files.items()}
    described = "services: [app]\nenvironments: [development, staging, production]\n"
    return {
        f"tenants/t{number}/{name}": text
        for number in range(count)
        for name, text in {"tenant.yaml": described, **own}.items()
    }


# LEAK001


def test_one_finding_per_pair_of_environments_however_many_values_and_targets() -> None:
    (item,) = found(
        {
            "environments/production/environment.yaml": "kind: production\nextends: development\n",
            DEVELOPMENT: URL.format("dev.harbourkitchen.com", "db.dev.internal") + "logging:\n  level: error\n",
            PRODUCTION: "database:\n  host: db.production.internal\n",
            **tenants(5, app="branding:\n  labels:\n    a: b\n"),
        },
        "LEAK001",
    )
    assert "development, which is of kind development" in item.finding.message
    assert "app server.public_url" in item.finding.message
    assert "app logging.level" in item.finding.message
    assert "database.host" not in item.finding.message
    assert len([target for target in item.targets if "/production" in target]) == 7


def test_production_that_inherits_the_mistake_is_told_at_the_one_that_made_it() -> None:
    items = found(
        {
            "environments/production/environment.yaml": "kind: production\nextends: staging\n",
            "environments/production-eu/environment.yaml": "kind: production\nextends: production\n",
            "environments/staging/app.yaml": URL.format("s.harbourkitchen.com", "db.staging.internal")
            + "  port: 6432\n",
        },
        "LEAK001",
    )
    assert [item.finding.location.path for item in items] == ["environments/production/environment.yaml"]
    assert {"app/production", "app/production-eu"} <= set(items[0].targets)


# LEAK002


@pytest.mark.parametrize(
    ("path", "satisfied"),
    [
        ("environments/production/app.yaml", True),
        ("environments/production/shared.yaml", True),
        ("environments/base/app.yaml", False),
        ("tenants/_groups/gold/app.yaml", False),
        ("tenants/_groups/gold/production/app.yaml", True),
        ("tenants/acme/app.yaml", False),
        ("tenants/acme/production/app.yaml", True),
    ],
)
def test_only_a_layer_of_the_environment_satisfies_required_in(path: str, satisfied: bool) -> None:
    files = {PRODUCTION: "database:\n  host: db.production.internal\n"}
    files[path] = files.get(path, "") + "server:\n  public_url: https://www.harbourkitchen.com\n"
    reached = {target for item in found(files, "LEAK002") for target in item.targets}
    assert ("app/production/acme" in reached) is not satisfied


def test_value_that_a_stronger_layer_takes_away_does_not_satisfy_required_in() -> None:
    group, own = "server:\n  public_url: {}\n", "server:\n  public_url: https://acme.com\n"
    kept = {"tenants/_groups/gold/app.yaml": group.format("https://gold.com"), "tenants/acme/app.yaml": own}
    assert not found(kept, "LEAK002")
    taken = {**kept, "tenants/_groups/gold/app.yaml": group.format("null")}
    assert [item.targets for item in found(taken, "LEAK002")] == [("app/production/acme",)]


def test_missing_value_is_one_finding_of_the_schema() -> None:
    files = {PRODUCTION: "database:\n  host: db.production.internal\n"}
    assert found(files, "SCH004")
    assert not found(files, "LEAK002")


def test_value_that_environment_forgets_is_one_finding_for_all_its_tenants() -> None:
    base = "server:\n  public_url: https://shop.harbourkitchen.com\n"
    files = {PRODUCTION: "database:\n  host: d.internal\n", "environments/base/app.yaml": base}
    (item,) = found({**files, **tenants(9, app="branding:\n  labels: {a: b}\n")}, "LEAK002")
    assert item.finding.location.path == PRODUCTION
    assert [place.location.path for place in item.finding.related] == ["environments/base/app.yaml"]
    assert len(item.targets) == 11


# LEAK003


def test_equal_values_are_one_finding_for_all_tenants_also_those_in_fewer_environments() -> None:
    some = "services: [app]\nenvironments: [development, production]\n"
    same = URL.format("www.harbourkitchen.com", "{}")
    (item,) = found(
        {
            **tenants(4, app="branding:\n  labels: {a: b}\n"),
            "tenants/few/tenant.yaml": some,
            PRODUCTION: same.format("p.internal"),
            "environments/staging/app.yaml": same.format("s.internal"),
            DEVELOPMENT: same.format("d.internal"),
        },
        "LEAK003",
    )
    assert item.finding.location.path == PRODUCTION
    assert [place.location.path for place in item.finding.related] == ["environments/staging/app.yaml", DEVELOPMENT]
    assert {"app/production", "app/production/few", "app/staging/t3"} <= set(item.targets)


def test_value_that_tenant_has_of_its_own_is_told_at_the_tenant() -> None:
    (item,) = found({"tenants/acme/app.yaml": "server:\n  public_url: https://acme.com\n"}, "LEAK003")
    assert item.finding.location.path == "tenants/acme/app.yaml"
    assert item.finding.related == ()


def test_environments_of_one_kind_may_share() -> None:
    files = {"environments/production-eu/environment.yaml": "kind: production\nextends: production\n"}
    assert not found(files, "LEAK003")


def test_value_that_came_by_extends_is_the_mistake_of_extends() -> None:
    files = {
        "environments/production/environment.yaml": "kind: production\nextends: staging\n",
        PRODUCTION: "database:\n  host: p.internal\n",
    }
    assert found(files, "LEAK001")
    assert not found(files, "LEAK003")


# LEAK004

SAME = {DEVELOPMENT: URL.format("dev.harbourkitchen.com", "db.dev.internal")}


@pytest.mark.parametrize(
    ("path", "text", "reported"),
    [
        ("environments/base/app.yaml", "database:\n  host: db.dev.internal\n", False),
        ("environments/base/app.yaml", "server:\n  host: db.dev.internal\n", False),
        ("environments/base/shared.yaml", "server:\n  host: DB.dev.internal.\n", False),
        ("tenants/_groups/gold/app.yaml", "database:\n  host: db.dev.internal\n", False),
        ("tenants/_groups/gold/development/app.yaml", "database:\n  host: db.dev.internal\n", True),
        ("environments/staging/app.yaml", URL.format("s.harbourkitchen.com", "db.dev.internal"), True),
        ("environments/base/app.yaml", "database:\n  host: other.dev.internal\n", True),
    ],
)
def test_value_that_a_shared_layer_sets_too_is_not_reported(path: str, text: str, reported: bool) -> None:
    files = {**SAME, PRODUCTION: URL.format("www.harbourkitchen.com", "db.dev.internal"), path: text}
    assert bool(found(files, "LEAK004")) is reported


def test_development_value_is_one_finding_with_both_places_for_all_tenants() -> None:
    (item,) = found(
        {
            **SAME,
            **tenants(6, app="branding:\n  labels: {a: b}\n"),
            PRODUCTION: URL.format("db.dev.internal:8443/shop", "p.internal"),
        },
        "LEAK004",
    )
    assert str(item.finding.location).startswith(f"{PRODUCTION}:2:")
    assert [str(place.location).rsplit(":", 1)[0] for place in item.finding.related] == [f"{DEVELOPMENT}:4"]
    assert len(item.targets) == 8


def test_other_tenants_values_are_not_compared() -> None:
    mail = "branding:\n  support_email: testers@acme.com\n"
    other = tenants(1, production__app=mail)
    assert not found({"tenants/acme/development/app.yaml": mail, **other}, "LEAK004")


def test_tenant_that_sets_a_value_in_general_may_use_it_in_production() -> None:
    mail = "branding:\n  support_email: testers@acme.com\n"
    places = ("development/app.yaml", "production/app.yaml")
    files = {f"tenants/acme/{place}": mail for place in places}
    assert found(files, "LEAK004")
    assert not found({**files, "tenants/acme/app.yaml": mail}, "LEAK004")


def test_part_of_a_name_is_not_the_name() -> None:
    hosts = ("replica.db.dev.internal", "db.dev.internal.acme.com", "mydb.dev.internal")
    for host in hosts:
        assert not found({**SAME, PRODUCTION: URL.format("www.harbourkitchen.com", host)}, "LEAK004")


def test_machine_itself_and_listening_addresses_name_nothing() -> None:
    listening = URL.format("dev.harbourkitchen.com", "localhost") + "  port: 1\n"
    files = {
        DEVELOPMENT: listening.replace("server:\n", "server:\n  host: '::'\n"),
        PRODUCTION: URL.format("www.harbourkitchen.com", "localhost").replace("server:\n", "server:\n  host: '::'\n"),
    }
    assert not found(files, "LEAK004")
    assert found(files, "LEAK010")


def test_equal_value_that_must_differ_is_told_once() -> None:
    same = URL.format("dev.harbourkitchen.com", "p.internal")
    files = {**SAME, PRODUCTION: same}
    assert found(files, "LEAK003")
    assert not found(files, "LEAK004")
