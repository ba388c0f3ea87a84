"""All flags on one page: their states, owners, ages and ends, how often they are asked for, and filters."""

from __future__ import annotations

import time

import pytest

from terrace.flags.usage import DAY
from tests.server.conftest import Shop
from tests.server.flags.conftest import FlagShop, definition, flag
from tests.server.pages.conftest import BrowserOf
from tests.server.pages.flags.conftest import FILES, Office, OfficeOf


def test_each_flag_has_its_state_in_every_environment_from_development_to_production(office: Office) -> None:
    page = office.browser().page("/flags")
    heads = [each.text for each in page.one("thead").all("th")]
    assert heads[:4] == ["Flag", "development", "staging", "production"]
    rows = {row[0].split()[0]: row[1:4] for row in page.one("table").rows()}
    assert rows == {"checkout-v2": ["on", "by rules", "by rules"], "limit": ["large", "small", "small"]}
    first = page.one("table").rows()[0]
    assert "The one-page checkout" in first[0]
    assert "team-payments" in first[0]


def test_traffic_of_the_last_day_is_a_chart_that_says_its_numbers(office: Office) -> None:
    now = time.time()
    office.used("production", "checkout-v2", {"on": 25, "off": 75}, now - 60)
    office.used("production", "checkout-v2", {"on": 999}, now - 3 * DAY)
    page = office.browser().page("/flags")
    chart = page.one("svg", class_="bar-chart")
    assert chart["role"] == "img"
    assert chart["aria-label"] == "Last day: on 25 (25 %), off 75 (75 %)"
    assert [each["width"] for each in chart.all("rect")] == ["25.0", "75.0"]
    assert "not asked for" in page.text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=ONE-PAGE", ["checkout-v2"]), ("q=web", ["checkout-v2"]), ("q=kitchen+orders", ["limit"]),
        ("owner=team-kitchen", ["limit"]), ("owner=nobody", []), ("state=mixed", ["checkout-v2"]),
        ("state=mixed&environment=development", []), ("state=on", ["checkout-v2"]), ("state=killed", []),
        ("end=permanent", ["limit"]), ("end=over", []), ("environment=staging", ["checkout-v2", "limit"]),
    ],
)  # fmt: skip
def test_filters_by_the_address(office: Office, query: str, found: list[str]) -> None:
    page = office.browser().page(f"/flags?{query}")
    rows = [row[0].split()[0] for row in page.one("table").rows()] if found else []
    assert rows == found
    assert ("No flag is like that." in page.text) == (not found)


@pytest.mark.parametrize("query", ["state=blue", "end=never"])
def test_a_filter_that_is_none_is_a_page_that_says_so(office: Office, query: str) -> None:
    assert "is one of" in office.browser().page(f"/flags?{query}", 400).text


def test_what_ended_is_told_in_words(office_of: OfficeOf) -> None:
    area = FILES["flags/payments.yaml"].replace("2028-06-30", "2026-11-10")
    page = office_of({**FILES, "flags/payments.yaml": area}).browser().page("/flags?end=over")
    (row,) = page.one("table").rows()
    assert "ended" in row[-1]
    assert page.one("time", class_="end over")["datetime"] == "2026-11-10"


def test_without_a_repository_what_is_served_is_shown_and_that_changing_needs_one(office_of: OfficeOf) -> None:
    office = office_of(followed=False)
    page = office.browser().page("/flags")
    rows = {row[0].split()[0]: row[1:4] for row in page.one("table").rows()}
    assert rows == {"checkout-v2": ["on", "by rules", "by rules"], "limit": ["large", "small", "small"]}
    assert "team-payments" in page.text
    assert "terrace serve --repo" in page.text


def test_while_the_process_is_away_what_is_served_is_shown_and_that_is_said(office: Office) -> None:
    office.desk.away = True
    page = office.browser().page("/flags")
    assert len(page.one("table").rows()) == 2
    assert "is away" in page.one("p", class_="notice").text


def test_without_flags_the_page_says_where_they_come_from(shop: Shop, browser_of: BrowserOf) -> None:
    shop.deploy()
    page = browser_of().page("/flags")
    assert "No flags are served yet" in page.text
    assert list(page.all("table")) == []


def test_a_thousand_flags_come_page_by_page_and_are_found(shop: Shop, flags: FlagShop, browser_of: BrowserOf) -> None:
    shop.deploy()
    flags.release_all(definition(**{f"flag-{number:04}": flag() for number in range(1000)}))
    browser = browser_of()
    response = browser.get("/flags")
    assert len(response.content) < 100_000
    page = browser.page("/flags?page=20")
    assert page.one("table").rows()[-1][0].split()[0] == "flag-0999"
    assert "951 to 1,000 of 1,000" in page.one("nav", aria_label="Pages").text
    assert len(browser.page("/flags?q=0042").one("table").rows()) == 1
    assert "page=2" in browser.page("/flags?state=off").one("a", rel="next")["href"]


def test_a_token_that_is_not_for_flags_sees_none_and_is_not_led_there(office: Office) -> None:
    browser = office.browser("read")
    assert "/flags" not in [each["href"] for each in browser.page("/").all("a")]
    assert "not for flags" in browser.page("/flags", 403).text
    assert "checkout" not in browser.page("/flags/checkout-v2", 403).text


def test_a_token_of_one_environment_sees_no_other(office: Office) -> None:
    browser = office.browser(environments=["staging"])
    assert [each.text for each in browser.page("/flags").one("thead").all("th")][1] == "staging"
    for url in ("/flags", "/flags/checkout-v2"):
        assert "production" not in browser.page(url).text
    browser.page("/flags?environment=production", 404)
    browser.page("/flags/checkout-v2?environment=production", 404)
    assert browser.get("/change-flag?do=kill&flag=checkout-v2&environment=production").status_code == 403
