"""A caller for one tenant sees its own pages, and on none of them that there is anybody else."""

from __future__ import annotations

import re

import pytest

from tests.server.conftest import Shop, Tokens
from tests.server.pages.browsing import Browser
from tests.server.pages.conftest import BrowserOf

KITCHEN = "/environments/production/services/kitchen"


@pytest.fixture
def acme(busy: Shop, tokens_file: Tokens, browser_of: BrowserOf) -> Browser:
    """A browser of somebody who may see acme, and nothing else."""
    return browser_of(tokens_file, tokens_file.make("till", tenants=["acme"]))


def test_its_pages_hold_its_own_values_and_no_word_of_others(acme: Browser, busy: Shop) -> None:
    found = acme.crawl()
    assert f"{KITCHEN}?tenant=acme" in found
    assert "/tenants/acme" in found
    snapshots = acme.server.shelf.served.values()
    for url, text in found.items():
        for other in ("bolt", "corner", "dora", "staging"):
            assert other not in text, url
        for snapshot in snapshots:
            assert snapshot.bundle.ref.digest[7:19] not in text, url
            assert snapshot.commit[:12] not in text, url
        assert "/health" not in text
        assert "/releases" not in text


@pytest.mark.parametrize(
    "url",
    [
        "/tenants/{}", f"{KITCHEN}?tenant={{}}", "/tenants?q={}", "/environments/production?q={}",
        "/compare?left=production/kitchen&left_tenant=acme&right=production/kitchen&right_tenant={}",
        "/environments/production/releases/changes?from=1&to=2&tenant={}",
    ],
)  # fmt: skip
def test_another_tenant_is_exactly_what_no_tenant_is(acme: Browser, url: str) -> None:
    answers = []
    for name in ("bolt", "nobo"):
        response = acme.get(url.format(name))
        headers = [(key, value) for key, value in response.headers.items() if key != "x-request-id"]
        answers.append((response.status_code, headers, response.text.replace(name, "...")))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("url", [KITCHEN, "/environments/staging", "/environments/staging/services/kitchen"])
def test_what_is_for_no_tenant_is_not_for_it(acme: Browser, url: str) -> None:
    acme.page(url, 404)


@pytest.mark.parametrize("url", ["/health", "/environments/production/releases"])
def test_what_tells_of_all_tenants_is_not_for_it(acme: Browser, url: str) -> None:
    assert "your token is for some" in acme.page(url, 403).one("main").text


def test_the_release_of_another_changes_no_byte_of_its_pages(acme: Browser, busy: Shop) -> None:
    def seen() -> dict[str, str]:
        return {url: re.sub(r'(form_token" value=")\w+', r"\1", text) for url, text in acme.crawl().items()}

    before = seen()
    busy.deploy(
        {"pool_max": 12}, {"acme": {"pool_max": 99}, "bolt": {"pool_max": 3}, "evan": None},
        tenant_secrets={"acme": {"database": {"token": "acme-only-9921"}}},
    )  # fmt: skip
    for stand in acme.server.shelf.health.stands:
        stand.refresh()
    assert seen() == before


def test_a_caller_for_one_environment_sees_no_other(busy: Shop, tokens_file: Tokens, browser_of: BrowserOf) -> None:
    browser = browser_of(tokens_file, tokens_file.make("staging only", environments=["staging"]))
    for url, text in browser.crawl().items():
        # All secrets of the shop stand in one file, whatever the environment.
        assert "production" not in text.replace("environments/<wbr>production/<wbr>kitchen.secrets.yaml", ""), url
    browser.page("/environments/production", 404)
    assert [row[0] for row in browser.page("/health").one("table").rows()] == ["staging"]


def test_a_token_that_may_read_nothing_has_an_empty_first_page(
    busy: Shop, tokens_file: Tokens, browser_of: BrowserOf
) -> None:
    browser = browser_of(tokens_file, tokens_file.make("flags", may=["flags"]))
    assert "kitchen" not in browser.page("/").text
    browser.page(KITCHEN, 404)


def test_who_may_see_secrets_sees_none_on_pages(busy: Shop, tokens_file: Tokens, browser_of: BrowserOf) -> None:
    browser = browser_of(tokens_file, tokens_file.make("vault", may=["read", "secrets"]))
    for url, text in browser.crawl().items():
        assert "correct-horse" not in text, url
        assert "acme-only" not in text, url
