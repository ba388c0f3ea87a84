"""A server that serves only what somebody trusted has signed, and loaders that ask for the signature themselves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from terrace.bundle.keys import SigningKey
from terrace.bundle.signers import signers_of
from terrace.server.shelf import Shelf
from terrace.server.stand import Key
from tests.server.conftest import NOW, Shop, Tokens, eventually
from tests.server.process import serving
from tests.server.test_bundles import refused, watching
from tests.signing import key_in, signed

__all__ = ["watching"]
KITCHEN = Key("production", "kitchen")
Watching = Callable[..., Any]


@pytest.fixture
def key(shop: Shop) -> SigningKey:
    return key_in(shop.folder)


def deploy(shop: Shop, folder: Path) -> str:
    return shop.destination().deploy([folder], now=NOW, actor="ci").release.bundles[0].digest


def test_a_release_that_is_not_signed_is_not_served_and_the_last_one_stays(
    shop: Shop, key: SigningKey, shelf_of: Callable[..., Shelf]
) -> None:
    good = deploy(shop, signed(shop.seal(), key))
    shelf = shelf_of(follow=True, signers=signers_of([f"{key.name}.pub"], "a test"))
    shop.deploy({"pool_max": 33})
    eventually(lambda: shelf.health.state == "degraded")
    assert shelf.served[KITCHEN].bundle.ref.digest == good
    (stand,) = shelf.health.stands
    assert stand.refused is not None
    assert "is not signed" in stand.refused.reason
    newer = deploy(shop, signed(shop.seal({"pool_max": 34}), key))
    eventually(lambda: shelf.served[KITCHEN].bundle.ref.digest == newer)
    assert shelf.health.state == "ok"


def test_nothing_that_was_never_signed_is_served(shop: Shop, key: SigningKey, shelf_of: Callable[..., Shelf]) -> None:
    shop.deploy()
    assert shelf_of(signers=signers_of([f"{key.name}.pub"], "a test")).health.state == "empty"


def test_the_command_takes_signers_and_says_which_are_no_keys(shop: Shop, key: SigningKey) -> None:
    from terrace import cli

    deploy(shop, signed(shop.seal(), key))
    with serving(shop, "--signers", f"{key.name}.pub") as server:
        assert server.port
    assert cli.run(["serve", "--source", str(shop.root), "--signers", str(shop.folder / "nowhere")]) == 3


def test_a_loader_gets_the_signature_from_a_server(shop: Shop, key: SigningKey, watching: Watching) -> None:
    deploy(shop, signed(shop.seal(), key))
    signers = {"TERRACE_SIGNERS": f"{key.name}.pub"}
    with serving(shop) as server:
        handle = watching(server.port, follow=True, **signers)
        assert handle.status.state == "ok"
        other = {"TERRACE_SIGNERS": f"{key_in(shop.folder, 'other').name}.pub"}
        assert "none of those who are trusted" in refused(watching, server.port, **other)
        shop.deploy({"pool_max": 33})
        eventually(lambda: handle.status.state == "degraded")
        assert handle.current.database.pool_max == 10


def test_the_last_good_copy_of_a_servers_bundle_has_the_signature(
    shop: Shop, key: SigningKey, watching: Watching
) -> None:
    deploy(shop, signed(shop.seal({"pool_max": 12}), key))
    said = {"TERRACE_SIGNERS": f"{key.name}.pub", "TERRACE_LAST_GOOD": str(shop.folder / "last-good")}
    with serving(shop) as server:
        port = server.port
        watching(port, **said)
    assert watching(port, **said).current.database.pool_max == 12


def test_a_token_for_some_tenants_has_no_signature_and_is_told_why(
    shop: Shop, key: SigningKey, watching: Watching, tokens_file: Tokens
) -> None:
    deploy(shop, signed(shop.seal(tenants={"acme": {"pool_max": 50}}), key))
    every, acme = tokens_file.make("every"), tokens_file.make("acme", tenants=["acme", ""])
    said = {"TERRACE_SIGNERS": f"{key.name}.pub"}
    with serving(shop, "--tokens", str(tokens_file.path)) as server:
        assert watching(server.port, **said, TERRACE_TOKEN=every).for_tenant("acme").database.pool_max == 50
        assert watching(server.port, TERRACE_TOKEN=acme).for_tenant("acme").database.pool_max == 50
        said_why = refused(watching, server.port, **said, TERRACE_TOKEN=acme)
    assert "is not signed" in said_why
    assert "limited to tenants gets a part of a bundle, which no signature covers" in said_why
