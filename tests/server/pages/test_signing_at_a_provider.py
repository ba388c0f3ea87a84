"""Signing in at a provider, as a person does: from the form to a page, and out again when the rule is gone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.server.conftest import ServerOf, Shop
from tests.server.issuer import provider
from tests.server.pages.browsing import Browser
from tests.server.test_oidc_sign_in import SHOP, START, Office, back, written


@pytest.fixture
def office() -> Iterator[Office]:
    with provider(Office) as running:
        yield running


def test_a_person_signs_in_at_a_provider_and_sees_pages(busy: Shop, server_of: ServerOf, office: Office) -> None:
    path = written(busy.folder, office)
    browser = Browser(server_of(callers=str(path)), SHOP)
    asked = browser.ask("GET", "/environments/production")
    assert (asked.status_code, asked.headers["location"]) == (303, "/sign-in?next=/environments/production")
    form = browser.ask("GET", asked.headers["location"])
    assert f'href="{START}?next=/environments/production"' in form.text
    began = browser.ask("GET", f"{START}?next=/environments/production")
    done = browser.ask("GET", back(office.signed_in(began.headers["location"])))
    assert (done.status_code, done.headers["location"]) == (303, "/environments/production")
    assert "deployer (staff: repo:acme/shop)" in browser.ask("GET", "/environments/production").text
    assert browser.ask("GET", "/v1/environments").status_code == 401
    path.write_text(path.read_text().replace("acme/shop", "acme/other"))
    assert browser.ask("GET", "/environments/production").status_code == 303


def test_a_token_that_a_browser_would_drop_begins_no_session(busy: Shop, server_of: ServerOf, office: Office) -> None:
    office.said = {"groups": ["x" * 100] * 40}
    browser = Browser(server_of(callers=str(written(busy.folder, office))), SHOP)
    began = browser.ask("GET", START)
    done = browser.ask("GET", back(office.signed_in(began.headers["location"])))
    assert done.status_code == 403
    assert "too long" in done.text
    assert browser.ask("GET", back({"state": "x"})).status_code == 403
