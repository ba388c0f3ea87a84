"""The effective config of a target: each value with the line that set it, secrets never, and filters in the URL."""

from __future__ import annotations

import pytest

from tests.server.conftest import ACME_TOKEN, FILE, PASSWORD, Shop
from tests.server.pages.browsing import Element
from tests.server.pages.conftest import BrowserOf

URL = "/environments/production/services/kitchen"


def keys(page: Element) -> list[str]:
    return [row["id"] for table in page.all("table", class_="values stack") for row in table.one("tbody").all("tr")]


def cells(page: Element, key: str) -> list[str]:
    return [each.text for each in page.one("tr", id=key).all() if each.tag in ("th", "td")]


def test_a_value_stands_beside_the_line_that_set_it(busy: Shop, browser_of: BrowserOf) -> None:
    page = browser_of().page(URL)
    assert cells(page, "database.pool_max") == [
        "pool_max", "12", "environment environments/production/kitchen.yaml:5:3",
    ]  # fmt: skip
    assert "database" in [each.text for each in page.all("h2")]


def test_a_tenants_own_value_names_the_tenants_file(busy: Shop, browser_of: BrowserOf) -> None:
    page = browser_of().page(f"{URL}?tenant=acme")
    assert cells(page, "database.pool_max")[1:] == ["99", "tenant tenants/acme/kitchen.yaml:2:3"]
    assert cells(page, "database.pool_min")[2].startswith("environment")


def test_a_secret_is_named_with_its_file_and_never_shown(busy: Shop, browser_of: BrowserOf) -> None:
    browser = browser_of()
    for url, text in browser.crawl().items():
        assert PASSWORD not in text, url
        assert ACME_TOKEN not in text, url
        assert "ENC[" not in text, url
    assert cells(browser.page(URL), "database.password") == [
        "password", "•••••••• sealed unless DATABASE_PASSWORD is set", f"environment {FILE}",
    ]  # fmt: skip
    assert "tenants/acme/" in cells(browser.page(f"{URL}?tenant=acme"), "database.token")[2]


def test_a_reference_is_said_to_be_one_and_not_where_it_leads(shop: Shop, browser_of: BrowserOf) -> None:
    shop.deploy({"token": "ref+vault://secret/data/kitchen#/token"})
    browser = browser_of()
    assert cells(browser.page(URL), "database.token")[1] == "•••••••• in a secret manager"
    assert "ref+vault" not in browser.get(URL).text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=pool", ["database.pool_max", "database.pool_min"]),
        ("q=POOL+max", ["database.pool_max"]),
        ("q=svc.cluster.local", ["database.host"]),
        ("q=tenants/acme", ["database.pool_max", "database.token"]),
        ("layer=tenant", ["database.pool_max", "database.token"]),
        ("layer=sealed", ["database.password", "database.token"]),
        ("layer=tenant&q=min", []),
    ],
)
def test_values_are_found_by_what_the_url_says(busy: Shop, browser_of: BrowserOf, query: str, found: list[str]) -> None:
    page = browser_of().page(f"{URL}?tenant=acme&{query}")
    assert keys(page) == found
    if not found:
        assert "No value matches" in page.one("main").text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"), (None, "null"), ("true", '"true"'), ("5432", '"5432"'), ("", '""'), (" a", '" a"'),
        (1.0, "1.0"), ([], "[]"), (["a", "b"], "a b"), ("null", '"null"'), ("a\nb", '"a\\nb"'), ({}, "{}"),
        ([{"a": 1}], '[ { "a": 1 } ]'), ("plain text", "plain text"), ("x\u202ey", "x\\u202ey"),
    ],
)  # fmt: skip
def test_no_value_can_be_taken_for_another(shop: Shop, browser_of: BrowserOf, value: object, text: str) -> None:
    shop.deploy({"replicas": value})
    assert cells(browser_of().page(URL), "database.replicas")[1] == text


@pytest.mark.parametrize(
    "url",
    [
        "/environments/production/services/oven", "/environments/nowhere/services/kitchen", f"{URL}?tenant=nobody",
        "/tenants/nobody", "/environments/nowhere", "/environments/nowhere/releases",
    ],
)  # fmt: skip
def test_what_is_not_there_is_said_in_the_same_words(busy: Shop, browser_of: BrowserOf, url: str) -> None:
    page = browser_of().page(url, 404)
    assert "There is no such configuration, or it is not for this caller." in page.one("main").text
