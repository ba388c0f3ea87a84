"""A token for some tenants sees what these get, and nothing of others: no rule, no total, no history, no change."""

from __future__ import annotations

import time

import pytest

from tests.server.pages.browsing import Browser
from tests.server.pages.flags.conftest import Office

URLS = ("/flags", "/flags?state=on", *(f"/flags/checkout-v2?environment={name}" for name in ("staging", "production")))
OTHERS = "bolt"
SECRETS = (OTHERS, "corner", "7,65", "7654", "7,66", "first shops", "payments.yaml", "fractional")


@pytest.fixture
def acme(office: Office) -> Browser:
    office.used("production", "checkout-v2", {"on": 11}, time.time() - 60)
    office.used("production", "checkout-v2", {"on": 7654}, time.time() - 60, tenant=OTHERS)
    return office.browser(tenants=["acme"])


def test_nothing_on_its_pages_tells_of_another_tenant(office: Office, acme: Browser) -> None:
    commit = office.repo.git("rev-parse", "main")
    for url in URLS:
        text = acme.get(url).text
        for secret in (*SECRETS, commit[:12]):
            assert secret not in text, (url, secret)
    assert office.desk.asked == []


def test_it_sees_what_its_tenant_gets(acme: Browser) -> None:
    page = acme.page("/flags")
    rows = {row[0].split()[0]: row[1:4] for row in page.one("table").rows()}
    assert rows["checkout-v2"][0::2] == ["on", "on"]
    assert "What acme gets" in page.text


def test_it_sees_how_often_its_own_tenant_asked(acme: Browser) -> None:
    page = acme.page("/flags/checkout-v2?environment=production")
    assert "on 11 (100 %)" in next(page.all("svg", class_="column-chart"))["aria-label"]


@pytest.mark.parametrize("said", ["bolt", "no-such-tenant", "", "acme"])
def test_it_tries_its_own_tenant_whatever_it_says(office: Office, acme: Browser, said: str) -> None:
    url = f"/flags/checkout-v2?environment=production&person=eve&tenant={said}&more=tenant+%3D+corner"
    page = acme.page(url)
    rows = {row[0]: row[1] for row in page.one("table", class_="plain answers").rows()}
    assert rows["production"] == "on"
    corner = office.browser(tenants=["corner"]).page(url)
    assert {row[0]: row[1] for row in corner.one("table", class_="plain answers").rows()}["production"] == "off"


def test_it_changes_nothing_though_its_token_may_write(office: Office, acme: Browser) -> None:
    url = "/change-flag?do=off&flag=checkout-v2&environment=staging"
    assert acme.get(url).status_code == 403
    form = office.browser().page(url).one("form", action="/change-flag")
    fields = {each["name"]: each["value"] for each in form.all("input")}
    fields["form_token"] = acme.page("/flags").one("input", name="form_token")["value"]
    assert acme.ask("POST", "/change-flag", data=fields).status_code == 403
    assert [each for each in office.desk.asked if each["do"] == "toggle"] == []
