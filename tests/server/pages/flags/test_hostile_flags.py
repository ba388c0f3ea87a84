"""Keys, texts and answers that mean harm stand on the pages of flags as text; long ones fit, and so do many."""

from __future__ import annotations

import time
from urllib.parse import quote

import pytest

from tests.server.conftest import Shop
from tests.server.flags.conftest import FlagShop, definition, flag
from tests.server.pages.browsing import read
from tests.server.pages.conftest import BrowserOf
from tests.server.pages.flags.conftest import FILES, Office, OfficeOf

HARM = """"><script src=//evil.example></script><img src=x onerror='alert(1)'>{{7*7}}{%s}&lt;"""
TURNED = "abc\u202edlog\u202c"
ASKED = ("q", "owner", "person", "tenant", "more", "find", "after", "history", "page", "do", "flag")
ABOUT = {
    "description": HARM,
    "owner": HARM,
    "tags": HARM,
    "link.x": "javascript:alert(1)",
    "link." + HARM: "x",
    "kind": HARM,
}


@pytest.mark.parametrize("key", [HARM, TURNED, "x" * 250, "يحيى-علم", "a?b#c&d=e", "team/checkout v2", "%2e%2e"])
def test_hostile_keys_and_texts_are_text(shop: Shop, flags: FlagShop, browser_of: BrowserOf, key: str) -> None:
    shop.deploy()
    variants = {HARM: HARM, "b": TURNED}
    flags.release_all(definition(**{key: flag(variants=variants, defaultVariant=HARM, metadata=ABOUT)}))
    browser = browser_of()
    urls = [link["href"] for link in browser.page("/flags").one("table").all("a")]
    assert len(urls) == 1
    pages = {url: browser.get(url) for url in (*urls, "/flags")}
    for url in (urls[0], "/flags"):
        pages[f"{url} asked"] = browser.get(url.partition("?")[0], params=dict.fromkeys(ASKED, HARM))
    for url, response in pages.items():
        assert response.status_code == 200, url
        page = read(response.text)
        assert [each["src"][:8] for each in page.all("script")] == ["/assets/"], url
        assert not [name for each in page.all() for name in each.attributes if name.startswith("on")], url
        assert not [each for each in page.all() if "style" in each.attributes], url
        assert not [each for each in page.all("a") if each["href"].startswith("javascript")], url
        assert "\u202e" not in response.text, url


def test_harm_in_what_the_repository_tells_is_text(office_of: OfficeOf) -> None:
    harm = "'" + HARM.replace("'", "''") + "'"
    area = FILES["flags/payments.yaml"].replace("our own people", harm).replace("The one-page checkout", harm)
    office = office_of({**FILES, "flags/payments.yaml": area})
    browser = office.browser()
    office.repo.commit(HARM, **{"flags/payments.yaml": area.replace("{default: on}", "{default: off}")})
    for url in (
        "/flags", "/flags/checkout-v2?environment=staging", "/flags/checkout-v2?environment=development",
        "/change-flag?do=set&flag=checkout-v2&environment=staging",
        f"/change-flag?do=kill&flag=checkout-v2&environment=staging&reason={quote(HARM)}",
        f"/change-flag?do=restore&flag=checkout-v2&environment=staging&revision={quote(HARM)}",
    ):  # fmt: skip
        page = browser.page(url)
        assert [each["src"][:8] for each in page.all("script")] == ["/assets/"], url
        assert not [name for each in page.all() for name in each.attributes if name.startswith("on")], url
        assert "49" not in page.one("h1").text, url


def test_many_tenants_are_told_by_number_and_found_by_name(shop: Shop, flags: FlagShop, browser_of: BrowserOf) -> None:
    shop.deploy(tenants={f"shop-{number:05}": None for number in range(3000)})
    on = {"if": [{"in": [{"var": "tenant"}, ["shop-00007", "shop-02999"]]}, "on", None]}
    flags.release_all(definition(one=flag(targeting=on)))
    browser = browser_of()
    response = browser.get("/flags/one")
    assert len(response.content) < 60_000
    outcomes = [each.one("summary").text for each in read(response.text).all("details", class_="outcome")]
    assert outcomes == ["off 2,998 tenants", "on 2 tenants"]
    found = browser.page("/flags/one?find=02999").one("details", class_="outcome")
    assert found.one("summary").text == "on 1 tenant"


def test_usage_of_variants_that_are_gone_is_still_told(office: Office) -> None:
    office.used("production", "checkout-v2", {"on": 1, "older": 3}, time.time() - 60)
    chart = next(office.browser().page("/flags/checkout-v2").all("svg", class_="column-chart"))
    assert chart["aria-label"] == "Last day: on 1 (25 %), older 3 (75 %)"
