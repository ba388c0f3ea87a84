"""The loader of applications, with a real server as its source."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from terrace.errors import ConfigError
from terrace.runtime import Handle, watch
from tests.runtime.kitchen import Kitchen
from tests.server.conftest import ACME_TOKEN, PASSWORD, Shop, Tokens, eventually
from tests.server.process import Client, serving

Watching = Callable[..., Handle[Any]]
TENANTS = {"acme": {"pool_max": 50}, "bolt": {"pool_max": 20}}


@pytest.fixture
def watching(shop: Shop) -> Iterator[Watching]:
    """Loads from a port of this machine, and follows if it is told to."""
    with ExitStack() as stack:

        def start(port: int, *, follow: bool = False, **more: str) -> Handle[Any]:
            environ = {
                **shop.environ,
                "TERRACE_ENV": "production",
                "TERRACE_SOURCE": f"http://127.0.0.1:{port}",
                **more,
            }
            return stack.enter_context(watch(Kitchen, service="kitchen", environ=environ, follow=follow))

        yield start


def refused(watching: Watching, port: int, **more: str) -> str:
    with pytest.raises(ConfigError) as caught:
        watching(port, **more)
    return str(caught.value)


def test_an_application_loads_and_follows_what_is_served(shop: Shop, watching: Watching) -> None:
    digest = shop.deploy(tenants=TENANTS, tenant_secrets={"acme": {"database": {"password": ACME_TOKEN}}})
    with serving(shop) as server:
        handle = watching(server.port, follow=True)
        assert handle.revision.digest == digest
        assert handle.current.database.password.get_secret_value() == PASSWORD
        assert handle.for_tenant("acme").database.password.get_secret_value() == ACME_TOKEN
        newer = shop.deploy({"pool_max": 12}, tenants=TENANTS)
        eventually(lambda: handle.revision.digest == newer)
        assert (handle.current.database.pool_max, handle.for_tenant("bolt").database.pool_max) == (12, 20)


def test_where_values_were_set_is_known(shop: Shop, watching: Watching) -> None:
    shop.deploy({"pool_max": 999})
    with serving(shop) as server:
        assert "environments/production/kitchen.yaml:" in refused(watching, server.port)


def test_while_the_server_is_away_the_last_good_copy_starts_and_it_is_found_again(
    shop: Shop, watching: Watching
) -> None:
    shop.deploy({"pool_max": 21})
    copy = {"TERRACE_LAST_GOOD": str(shop.folder / "last-good")}
    with serving(shop) as server:
        port = server.port
        running = watching(port, follow=True, **copy)
    eventually(lambda: running.status.state == "degraded")
    assert running.current.database.pool_max == 21
    started = watching(port, **copy)
    assert (started.current.database.pool_max, started.status.state) == (21, "degraded")
    assert "does not answer" in refused(watching, port)
    newer = shop.deploy({"pool_max": 22})
    with serving(shop, "--port", str(port)):
        eventually(lambda: running.revision.digest == newer)
        eventually(lambda: running.status.state == "ok")


def test_a_token_decides_who_gets_which_bundle(shop: Shop, watching: Watching, tokens_file: Tokens) -> None:
    shop.deploy(tenants=TENANTS, tenant_secrets={"bolt": {"database": {"password": "of-bolt-alone"}}})
    whole = tokens_file.make("app")
    acme = tokens_file.make("acme", tenants=["acme"])
    other = tokens_file.make("other", environments=["staging"])
    with serving(shop, "--tokens", str(tokens_file.path)) as server:
        assert watching(server.port, TERRACE_TOKEN=whole).revision.tenants == ("acme", "bolt")
        handle = watching(server.port, TERRACE_TOKEN=acme, TERRACE_TENANT="acme")
        assert (handle.revision.tenants, handle.current.database.pool_max) == (("acme",), 50)
        with pytest.raises(ConfigError, match="no tenant 'bolt'"):
            handle.for_tenant("bolt")
        assert "does not let this process in (401)" in refused(watching, server.port)
        assert "there is no bundle" in refused(watching, server.port, TERRACE_TOKEN=other)


def test_one_tenant_s_bundle_shows_nothing_of_another(shop: Shop, tokens_file: Tokens) -> None:
    shop.deploy(tenants=TENANTS)
    acme = tokens_file.make("acme", tenants=["acme"])
    everybody = tokens_file.make("all")
    with serving(shop, "--tokens", str(tokens_file.path)) as server, Client(server.port) as client:
        url, header = "/v1/bundles/kitchen/production", f"Bearer {acme}"
        before = client.get(url, Authorization=header)
        assert before.status == 200
        for name in (b"bolt", b'config.json"'):
            assert name not in before.body
        mine = before.headers["etag"].strip('"')
        assert client.get(f"{url}/{mine}/config.acme.json", Authorization=header).status == 200
        for name in (
            "config.bolt.json",
            "config.json",
            "provenance.json",
            "origins.json",
            "no-such-file",
            "manifest.json",
        ):
            assert client.get(f"{url}/{mine}/{name}", Authorization=header).status == 404
        newer = shop.deploy(tenants={**TENANTS, "bolt": {"pool_max": 77}, "crab": None})
        eventually(lambda: client.get(url, Authorization=f"Bearer {everybody}").headers["etag"] == f'"{newer}"')
        after = client.get(url, Authorization=header)
        assert (after.headers["etag"], after.body) == (before.headers["etag"], before.body)


def test_a_bundle_that_is_changed_on_the_way_is_refused(shop: Shop, watching: Watching) -> None:
    """What comes over the wire is checked as what is on a disk: nothing is taken on the server's word."""
    from terrace.errors import BundleError
    from terrace.runtime.asked import asked
    from terrace.runtime.remote import Remote

    shop.deploy()
    with serving(shop) as server:
        environ = {**shop.environ, "TERRACE_ENV": "production"}
        said = asked("kitchen", "", None, f"http://127.0.0.1:{server.port}", "", None, "", environ)
        bundle = Remote(said).bundle()
        assert bundle.values()["database"]["pool_max"] == 10
        get = bundle.get
        bundle.get = lambda name: get(name).replace(b'"pool_max":10', b'"pool_max":11')
        with pytest.raises(BundleError, match="not what was sealed"):
            bundle.values()
