"""OpenFeature's own providers for JavaScript get flags from a real server, and hear of releases at once."""

from __future__ import annotations

import pytest

from tests.server.conftest import Shop, Tokens, eventually
from tests.server.flags.conftest import TENANTS, FlagShop, flag
from tests.server.flags.nodeclients import Clients
from tests.server.process import serving

pytestmark = pytest.mark.real


def test_a_web_client_has_all_flags_and_hears_of_a_release(shop: Shop, flags: FlagShop, tokens_file: Tokens) -> None:
    flags.release(a=flag(targeting=TENANTS), off=flag(state="DISABLED"), b=flag())
    token = tokens_file.make("web", may=["flags"], environments=["production"])
    options = ("--tokens", str(tokens_file.path), "--workers", "2", "--flags-origin", "https://shop.example")
    with serving(shop, *options) as running, Clients(f"http://127.0.0.1:{running.port}", token) as clients:
        clients.ask("web", context={"targetingKey": "user-1", "tenant": "acme"})
        found = clients.ask("of_web", key="a", other=False)
        assert (found["value"], found["variant"], found["reason"]) == (True, "on", "TARGETING_MATCH")
        assert clients.ask("of_web", key="off", other=True)["value"] is True
        assert clients.ask("of_web", key="nope", other=True)["error"] == "FLAG_NOT_FOUND"
        clients.ask("context", context={"targetingKey": "user-1", "tenant": "bolt"})
        assert clients.ask("of_web", key="a", other=True)["value"] is False
        # It polls nothing: what it has after this, it heard of.
        flags.release(a=flag(defaultVariant="on"), b=flag())
        eventually(lambda: clients.ask("of_web", key="a", other=False)["value"] is True)
        found = clients.ask("of_web", key="a", other=False)
        assert ["?flagConfigEtag", 200] in found["asked"]
        assert found["changes"] >= 1


def test_a_server_client_gets_each_flag(shop: Shop, flags: FlagShop, tokens_file: Tokens) -> None:
    flags.release(**{"team/checkout": flag(targeting=TENANTS)}, off=flag(state="DISABLED"))
    token = tokens_file.make("server", may=["flags"], tenants=["acme"])
    with serving(shop, "--tokens", str(tokens_file.path)) as running:
        base = f"http://127.0.0.1:{running.port}/env/production"
        with Clients(base, token) as clients:
            clients.ask("server")
            found = clients.ask("of_server", key="team/checkout", other=False, context={"tenant": "bolt"})
            assert (found["value"], found["reason"]) == (True, "TARGETING_MATCH")
            assert clients.ask("of_server", key="nope", other=True, context={})["error"] == "FLAG_NOT_FOUND"
