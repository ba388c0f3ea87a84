"""What every page is made of: landmarks, names for every field, headings in order, and nothing from elsewhere."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.server.conftest import Shop, Tokens
from tests.server.pages.browsing import Element, read
from tests.server.pages.conftest import BrowserOf

ORDER = ["h1", "h2", "h3"]


def check(url: str, page: Element) -> None:
    html = page.one("html")
    assert html["lang"] == "en"
    assert page.one("title").text.endswith("· Terrace"), url
    assert len(list(page.all("h1"))) == 1, url
    assert len(list(page.all("main", id="main"))) == 1, url
    assert page.one("a", class_="skip")["href"] == "#main"
    levels = [ORDER.index(each.tag) for each in page.all() if each.tag in ORDER]
    assert all(after <= before + 1 for before, after in pairwise(levels)), url
    for nav in page.all("nav"):
        assert nav["aria-label"], url
    identifiers = [each["id"] for each in page.all() if each["id"]]
    assert len(identifiers) == len(set(identifiers)), url
    for each in page.all():
        assert not each["style"], f"{url}: a style in an element"
        assert not [name for name in each.attributes if name.startswith("on")], url
        for name in ("href", "src", "action"):
            assert each[name][:1] in ("", "/", "#"), f"{url}: {each[name]}"
            assert not each[name].startswith("//"), url
        if each.tag == "script":
            assert each["src"].startswith("/assets/")
            assert not each.text
        assert each.tag != "style"
        if each.tag == "th":
            assert each["scope"] in ("row", "col", "rowgroup"), url
        if each.tag in ("input", "select") and each["type"] != "hidden":
            labels = [label["for"] for label in page.all("label")]
            inside = each.parent is not None and each.parent.tag == "label"
            assert inside or each["aria-label"] or each["id"] in labels, f"{url}: a field without a name"
        if each.tag == "form":
            assert list(each.all("button")), f"{url}: a form without a button"


def test_every_page_that_links_lead_to_is_there_and_well_made(busy: Shop, browser_of: BrowserOf) -> None:
    found = browser_of().crawl()
    for url, text in found.items():
        check(url, read(text))
    for wanted in (
        "/environments/production", "/environments/production/services/kitchen?tenant=acme", "/tenants/bolt",
        "/environments/production/releases/changes?from=1&to=2", "/health", "/compare",
    ):  # fmt: skip
        assert wanted in found


def test_pages_of_errors_and_of_signing_in_are_well_made(
    busy: Shop, tokens_file: Tokens, browser_of: BrowserOf
) -> None:
    browser = browser_of(tokens_file, tokens_file.make("ops"))
    for url in ("/environments/nowhere", "/compare?show=what", "/tenants/nobody", "/assets/nothing"):
        response = browser.get(url)
        assert response.status_code in (400, 404)
        check(url, read(response.text))
    check("/sign-in", browser_of(tokens_file).page("/sign-in"))


@pytest.mark.parametrize("url", ["/", "/tenants", "/environments/production/services/kitchen", "/nowhere-at-all"])
def test_a_page_may_have_nothing_but_its_own(busy: Shop, browser_of: BrowserOf, url: str) -> None:
    response = browser_of().get(url)
    policies = response.headers.get_list("content-security-policy")
    assert any("default-src 'self'" in each for each in policies)
    if response.status_code == 200:
        (own,) = (each for each in policies if "default-src 'none'" in each)
        assert "unsafe" not in own
        assert "frame-ancestors 'none'" in own
        assert response.headers["cache-control"] == "no-store"


def test_files_of_pages_are_kept_by_browsers_as_long_as_they_are_the_same(busy: Shop, browser_of: BrowserOf) -> None:
    browser = browser_of()
    page = browser.page("/")
    style = page.one("link", rel="stylesheet")["href"]
    lasting = browser.get(style)
    assert lasting.headers["content-type"] == "text/css; charset=utf-8"
    assert "immutable" in lasting.headers["cache-control"]
    assert browser.get("/assets/terrace.css?v=old").headers["cache-control"] == "no-cache"
    for link in [*page.all("script"), *page.all("img")]:
        assert browser.get(link["src"]).status_code == 200


def test_an_empty_shop_has_a_first_page(shop: Shop, browser_of: BrowserOf) -> None:
    page = browser_of().page("/")
    check("/", page)
    assert "Nothing is served yet" in page.one("main").text
