"""Browsers for the servers of a shop."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.server.conftest import ACME_TOKEN, ServerOf, Shop, Tokens
from tests.server.pages.browsing import Browser

BrowserOf = Callable[..., Browser]


@pytest.fixture
def busy(shop: Shop) -> Shop:
    """A shop with two environments, three tenants, and releases to look back at."""
    tenants = {"acme": {"pool_max": 99}, "bolt": {"pool_max": 41}, "corner": None}
    sealed = {"acme": {"database": {"token": ACME_TOKEN}}}
    shop.deploy(tenants=tenants, tenant_secrets=sealed)
    shop.deploy({"pool_max": 12}, {**tenants, "dora": {"pool_max": 7}}, tenant_secrets=sealed)
    shop.deploy(environment="staging", origins=["https://a.example", "https://b.example"])
    return shop


@pytest.fixture
def browser_of(server_of: ServerOf) -> BrowserOf:
    """Browsers of a new server; with `token`, one that is signed in there."""

    def make(tokens: Tokens | None = None, token: str = "", base: str = "http://127.0.0.1") -> Browser:
        browser = Browser(server_of(tokens=str(tokens.path)) if tokens else server_of(), base)
        if token:
            assert browser.sign_in(token).status_code == 303
        return browser

    return make
