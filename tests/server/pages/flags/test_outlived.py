"""A flag that may have had its day says why, on its page."""

from __future__ import annotations

import time

from tests.server.pages.flags.conftest import FILES, Office, OfficeOf

AREA = FILES["flags/payments.yaml"]
PAGE = "/flags/checkout-v2?environment=production"


def told(office: Office, flag: str = "checkout-v2") -> str:
    """What the page says of that."""
    page = office.browser().page(f"/flags/{flag}")
    return next((each.text for each in page.all("div", class_="notice")), "")


def test_what_ended_says_so(office_of: OfficeOf) -> None:
    office = office_of({**FILES, "flags/payments.yaml": AREA.replace("2028-06-30", "2026-11-10")})
    assert "It was meant to be gone on 2026-11-10." in told(office)


def test_what_everybody_gets_everywhere_is_said(office_of: OfficeOf) -> None:
    alike = "    environments: {development: {default: on}, staging: {default: on}, production: {default: on}}\n"
    head, _, rest = AREA.partition("    environments:\n")
    area = head + alike + rest[rest.index("  limit:") :]
    assert "Everybody gets on, in every environment." in told(office_of({**FILES, "flags/payments.yaml": area}))


def test_what_nobody_asks_for_any_more_is_said(office: Office) -> None:
    office.used("staging", "checkout-v2", {"on": 1}, time.time() - 40 * 86400)
    assert "Nobody has asked for it for 40 days." in told(office)
    office.used("production", "checkout-v2", {"on": 1}, time.time() - 60)
    assert told(office) == ""


def test_what_is_permanent_is_left_alone(office: Office) -> None:
    office.used("staging", "limit", {"small": 1}, time.time() - 40 * 86400)
    assert told(office, "limit") == ""
