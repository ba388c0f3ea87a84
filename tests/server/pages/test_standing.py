"""Health and drift: what is served, what was refused and why, and whether that is what was released."""

from __future__ import annotations

from tests.server.conftest import Shop
from tests.server.pages.conftest import BrowserOf


def test_what_was_released_is_served_and_that_is_said(busy: Shop, browser_of: BrowserOf) -> None:
    browser = browser_of()
    assert "All well 2 services serve what was released last." in browser.page("/").one("main").text
    rows = browser.page("/health").one("table").rows()
    assert [row[:3] for row in rows] == [["production", "kitchen", "ok"], ["staging", "kitchen", "ok"]]
    assert [row[6] for row in rows] == ["2 the same", "1 the same"]


def test_a_refused_release_is_said_with_its_reason(busy: Shop, browser_of: BrowserOf) -> None:
    browser = browser_of()
    busy.tamper(busy.seal({"pool_max": 77}))
    for stand in browser.server.shelf.health.stands:
        stand.refresh()
    page = browser.page("/health")
    assert "config.json was changed" in page.one("section", class_="alert").text
    assert page.one("table").rows()[0][:3] == ["production", "kitchen", "degraded"]
    assert "Attention 1 of 2 services needs a look." in browser.page("/").one("main").text


def test_a_release_that_nobody_deployed_is_drift(busy: Shop, browser_of: BrowserOf) -> None:
    service = busy.root / "production" / "kitchen"
    current = (service / "..data").readlink()
    (old,) = (each.name for each in service.glob("..sha256-*") if each.name != current.name)
    (service / "..data_tmp").symlink_to(old)
    (service / "..data_tmp").rename(service / "..data")
    page = browser_of().page("/health")
    assert "The destination's log says that release 2" in page.one("section", class_="alert").text
    assert page.one("table").rows()[0][:3] == ["production", "kitchen", "drifted"]


def test_what_was_never_right_is_listed_and_not_served(busy: Shop, browser_of: BrowserOf) -> None:
    busy.deploy(service="oven")
    manifest = busy.root / "staging" / "kitchen" / "..data" / "manifest.json"
    manifest.chmod(0o600)
    manifest.write_text("{}")
    page = browser_of().page("/health")
    alert = page.one("section", class_="alert").text
    assert "live/staging/kitchen not served" in alert
    assert "1 of 3 services needs a look" in browser_of().page("/").one("main").text


def test_a_damaged_log_is_said_and_stops_nothing(busy: Shop, browser_of: BrowserOf) -> None:
    with open(busy.root / "production" / ".terrace" / "log.jsonl", "a") as log:
        log.write("not a release\n")
    browser = browser_of()
    rows = browser.page("/health").one("table").rows()
    assert "the release log is damaged" in rows[0][6] + rows[1][6]
    browser.page("/")
    browser.page("/environments/production/releases", 503)


def test_a_bundle_by_itself_has_no_log(shop: Shop, server_of: object, browser_of: BrowserOf) -> None:
    bundle = shop.seal()
    bundle.rename(shop.root / "kitchen")
    row = browser_of().page("/health").one("table").rows()[0]
    assert row[6] == "This is a bundle by itself: there is no log beside it."
