"""Releases from the destination's log, and what changed between two of them."""

from __future__ import annotations

import shutil

import pytest

from terrace.server.pages.lists import SIZE
from tests.server.conftest import NOW, PASSWORD, Shop
from tests.server.pages.browsing import Element
from tests.server.pages.conftest import BrowserOf

LIST = "/environments/production/releases"
CHANGES = f"{LIST}/changes?from=1&to=2"


def tables(page: Element) -> dict[str, list[list[str]]]:
    """The rows of each table by the heading above it."""
    heads = [each.text for each in page.all("h3") if "Sealed" not in each.text]
    return dict(zip(heads, [each.rows() for each in page.all("table")], strict=True))


def test_releases_are_listed_newest_first_with_who_and_why(busy: Shop, browser_of: BrowserOf) -> None:
    busy.destination().rollback(reason="too <slow>", actor="ada", now=NOW)
    rows = browser_of().page(LIST).one("table").rows()
    assert [row[2] for row in rows] == ["3 rollback current", "2", "1"]
    assert "ada" in rows[0][5]
    assert "too <slow>" in rows[0][5]
    assert [row[6] for row in rows] == ["what changed", "what changed", "the first"]


def test_what_changed_is_said_once_for_all_who_share_it(busy: Shop, browser_of: BrowserOf) -> None:
    page = browser_of().page(CHANGES)
    assert tables(page) == {"Without a tenant, and corner": [["database.pool_max", "10", "12"]]}
    assert "New: 1 tenant" in page.one("main").text
    assert "dora" in page.one("main").text


def test_what_changed_can_be_asked_for_one_tenant(busy: Shop, browser_of: BrowserOf) -> None:
    browser = browser_of()
    assert tables(browser.page(f"{CHANGES}&tenant=corner")) == {"corner": [["database.pool_max", "10", "12"]]}
    assert "No value changed for acme." in browser.page(f"{CHANGES}&tenant=acme").one("main").text


def test_backwards_a_change_is_the_other_way(busy: Shop, browser_of: BrowserOf) -> None:
    page = browser_of().page(f"{LIST}/changes?from=2&to=1")
    assert tables(page) == {"Without a tenant, and corner": [["database.pool_max", "12", "10"]]}
    assert "Removed: 1 tenant" in page.one("main").text


def test_sealed_files_that_changed_are_named(busy: Shop, browser_of: BrowserOf) -> None:
    sealed = {"acme": {"database": {"token": "acme-other-1"}}, "bolt": {"database": {"token": "bolt-new-1"}}}
    busy.deploy({"pool_max": 12}, {"acme": {"pool_max": 99}, "bolt": {"pool_max": 41}}, tenant_secrets=sealed)
    page = browser_of().page(f"{LIST}/changes?from=1&to=3")
    said = [each.text for each in page.all("li") if "secrets.yaml" in each.text]
    assert said == [
        "tenants/acme/production/kitchen.secrets.yaml changed", "tenants/bolt/production/kitchen.secrets.yaml added",
    ]  # fmt: skip
    assert PASSWORD not in page.text


def test_a_release_that_is_not_kept_any_more_is_said_to_be_gone(busy: Shop, browser_of: BrowserOf) -> None:
    browser = browser_of()
    service = busy.root / "production" / "kitchen"
    for folder in service.glob("..sha256-*"):
        if folder.name != (service / "..data").readlink().name:
            shutil.rmtree(folder)
    assert "is not at the destination any more" in browser.page(CHANGES).one("main").text


def test_a_kept_release_that_was_tampered_with_is_not_shown(busy: Shop, browser_of: BrowserOf) -> None:
    browser = browser_of()
    service = busy.root / "production" / "kitchen"
    (old,) = (each for each in service.glob("..sha256-*") if each.name != (service / "..data").readlink().name)
    config = old / "config.json"
    config.chmod(0o600)
    config.write_bytes(config.read_bytes().replace(b'"pool_max":10', b'"pool_max":66'))
    page = browser.page(CHANGES)
    # A digest may hold these digits.
    assert "66" not in [each.text for each in page.all("code")]
    assert "is not at the destination any more" in page.text


def test_a_bundle_in_the_place_of_another_is_not_taken_for_it(busy: Shop, browser_of: BrowserOf) -> None:
    browser = browser_of()
    service = busy.root / "production" / "kitchen"
    (old,) = (each for each in service.glob("..sha256-*") if each.name != (service / "..data").readlink().name)
    shutil.rmtree(old)
    shutil.copytree(busy.seal({"pool_max": 66}), old)
    page = browser.page(CHANGES)
    # A digest may hold these digits.
    assert "66" not in [each.text for each in page.all("code")]
    assert "is not at the destination any more" in page.text


def test_a_reference_that_changed_is_not_shown(shop: Shop, browser_of: BrowserOf) -> None:
    shop.deploy({"token": "ref+vault://secret/data/one#/token"})
    shop.deploy({"token": "ref+vault://secret/data/two#/token"})
    page = browser_of().page(CHANGES)
    assert "secret/data" not in page.text
    assert "No value changed." in page.text


@pytest.mark.parametrize("query", ["from=1&to=99", "from=77&to=2", "from=0&to=2", "from=2&to=1234567890123", "from=2"])
def test_releases_that_are_not_there_cannot_be_compared(busy: Shop, browser_of: BrowserOf, query: str) -> None:
    browser_of().page(f"{LIST}/changes?{query}", 404)


def test_many_releases_come_page_by_page(shop: Shop, browser_of: BrowserOf) -> None:
    bundles = [shop.seal({"pool_max": 10}), shop.seal({"pool_max": 11})]
    for number in range(SIZE + 2):
        shop.destination().deploy([bundles[number % 2]], now=NOW, actor="ci")
    browser = browser_of()
    first, second = browser.page(LIST), browser.page(f"{LIST}?page=2")
    assert len(first.one("table").rows()) == SIZE
    assert [row[2] for row in second.one("table").rows()] == ["2", "1"]
    assert first.one("a", rel="next")["href"] == f"{LIST}?page=2"
    assert browser.page(f"{LIST}?page=999").one("table").rows() == second.one("table").rows()
