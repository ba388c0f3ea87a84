"""Two targets side by side."""

from __future__ import annotations

import pytest

from tests.server.conftest import Shop
from tests.server.pages.browsing import Element
from tests.server.pages.conftest import BrowserOf

URL = "/compare?left=production/kitchen&right=staging/kitchen"


def paths(page: Element) -> dict[str, str]:
    """The kind of each row that is shown, by its path."""
    found = {}
    for row in page.one("table").one("tbody").all("tr"):
        found[row.one("span", class_="key").text] = row["class"]
    return found


def test_the_form_offers_what_there_is(busy: Shop, browser_of: BrowserOf) -> None:
    page = browser_of().page("/compare")
    offered = [each["value"] for each in page.one("select", name="left").all("option")]
    assert offered == ["staging/kitchen", "production/kitchen"]
    chosen = [page.one("select", name=side).one("option", selected="")["value"] for side in ("left", "right")]
    assert chosen == offered


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"database.host": "changed", "database.pool_max": "changed", "origins": "right"}),
        ("&show=changed", {"database.host": "changed", "database.pool_max": "changed"}),
        ("&show=right", {"origins": "right"}),
        ("&q=pool", {"database.pool_max": "changed"}),
        ("&show=sealed", {"database.password": "sealed"}),
        ("&show=same", {"database.port": "same", "database.pool_min": "same"}),
        ("&show=changed&left_tenant=acme&q=max", {"database.pool_max": "changed"}),
        ("&show=left&left_tenant=acme", {"database.token": "left"}),
    ],
)
def test_what_differs_is_found_by_what_the_url_says(
    busy: Shop, browser_of: BrowserOf, query: str, found: dict[str, str]
) -> None:
    assert paths(browser_of().page(URL + query)) == found


def test_both_values_stand_side_by_side_with_their_lines(busy: Shop, browser_of: BrowserOf) -> None:
    row = browser_of().page(URL + "&q=pool_max").one("table").rows()[0]
    assert row[1].startswith("12 environment environments/production")
    assert row[2].startswith("10 environment environments/staging")


def test_the_same_on_both_sides_is_said_to_be_so(busy: Shop, browser_of: BrowserOf) -> None:
    page = browser_of().page("/compare?left=production/kitchen&right=production/kitchen&right_tenant=corner")
    assert (
        "They are the same in every value that can be read; 1 secret is sealed on both sides." in page.one("main").text
    )


def test_a_side_that_is_not_there_is_named(busy: Shop, browser_of: BrowserOf) -> None:
    page = browser_of().page(URL + "&right_tenant=nobody", 404)
    assert "On the right: there is no such configuration" in page.one("main").text
    assert not list(page.all("table"))
