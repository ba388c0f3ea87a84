"""Names and values that mean harm stand on pages as text, and thousands of tenants come page by page."""

from __future__ import annotations

import json

import pytest

from tests.server.conftest import NOW, Shop
from tests.server.pages.browsing import read
from tests.server.pages.conftest import BrowserOf

HARM = """"><script src=//evil.example></script><img src=x onerror='alert(1)'>{{7*7}}{%s}&lt;"""
ASKED = ("q", "tenant", "layer", "show", "left", "right", "left_tenant", "environment", "page", "from", "next")
KITCHEN = "/environments/production/services/kitchen"


def test_hostile_values_keys_names_and_reasons_are_text_everywhere(shop: Shop, browser_of: BrowserOf) -> None:
    limits = {HARM: 1, "\x1b[31m": 2}
    shop.deploy({"host": HARM}, origins=[HARM, HARM], limits=limits)
    shop.destination().deploy([shop.seal({"host": "b"}, limits={})], now=NOW, actor=HARM, commit=HARM, reason=HARM)
    shop.deploy({"host": HARM}, environment="staging", origins=[HARM], limits=limits)
    browser = browser_of()
    pages = browser.crawl()
    for url in (KITCHEN, "/tenants", "/compare", "/environments/production", "/environments/production/releases"):
        pages[f"{url} asked for harm"] = browser.get(url, params=dict.fromkeys(ASKED, HARM)).text
    for url, text in pages.items():
        page = read(text)
        assert [each["src"][:8] for each in page.all("script")] == ["/assets/"], url
        assert all(each["src"].startswith("/assets/") for each in page.all("img")), url
        assert not [name for each in page.all() for name in each.attributes if name.startswith("on")], url
        assert "49" not in page.one("title").text, url
        assert "\x1b" not in text, url
    staging = read(pages["/environments/staging/services/kitchen"])
    assert staging.one("tr", id="database.host").one("code", class_="value text").text == json.dumps(HARM)
    assert "\\u001b[31m" in staging.text


@pytest.mark.parametrize(
    "url", ["/tenants/%2e%2e", "/environments/..%2f..", "/tenants/%00", "/environments/%ff/releases"]
)
def test_strange_addresses_are_not_there(shop: Shop, browser_of: BrowserOf, url: str) -> None:
    shop.deploy()
    assert browser_of().get(url).status_code == 404


def test_ten_thousand_tenants_are_searched_and_come_page_by_page(shop: Shop, browser_of: BrowserOf) -> None:
    shop.deploy(tenants={f"shop-{number:05}": None for number in range(10_000)})
    browser = browser_of()
    for url in ("/tenants", "/environments/production"):
        page = browser.page(url)
        assert len(page.one("table", class_="plain few stack").rows()) == 50
        assert "1 to 50 of 10,000" in page.one("nav", aria_label="Pages").text
    last = browser.page("/tenants?page=200").one("table").rows()
    assert (last[0][0], last[-1][0]) == ("shop-09950", "shop-09999")
    assert len(browser.page("/tenants?q=0042").one("table").rows()) == 11
    assert [row[0] for row in browser.page("/tenants?q=SHOP+09123").one("table").rows()] == ["shop-09123"]
    for url in (KITCHEN, "/compare", "/", "/health"):
        assert len(browser.get(url).content) < 60_000, url
