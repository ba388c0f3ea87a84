"""What is served: found in folders, verified whole, exchanged as one, and kept while what is newer is not right."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable

import pytest

from terrace.errors import TerraceError
from terrace.runtime.follow import Follower
from terrace.server.shelf import Shelf
from terrace.server.stand import Key
from tests.server.conftest import Shop, eventually

KITCHEN = Key("production", "kitchen")
MakeShelf = Callable[..., Shelf]


def pool(shelf: Shelf, key: Key = KITCHEN, tenant: str | None = None) -> int:
    found: int = shelf.served[key].bundle.values(tenant)["database"]["pool_max"]
    return found


def test_services_are_found_at_a_bundle_a_destination_and_a_folder_of_destinations(
    shop: Shop, shelf_of: MakeShelf
) -> None:
    shop.deploy()
    shop.deploy(service="oven")
    shop.deploy(environment="staging")
    bundle = shop.seal(environment="test")
    assert set(shelf_of(bundle).served) == {("test", "kitchen")}
    assert set(shelf_of(shop.root / "production" / "oven").served) == {("production", "oven")}
    assert set(shelf_of(shop.root / "production").served) == {KITCHEN, ("production", "oven")}
    assert set(shelf_of().served) == {KITCHEN, ("production", "oven"), ("staging", "kitchen")}


def test_a_source_that_is_no_folder_is_an_error(shop: Shop) -> None:
    with pytest.raises(TerraceError, match="nowhere is not a folder"):
        Shelf(shop.folder / "nowhere")


def test_an_empty_source_is_served_as_soon_as_there_is_something(shop: Shop, shelf_of: MakeShelf) -> None:
    shelf = shelf_of(follow=True, look=0.02)
    assert shelf.health.state == "empty"
    shop.deploy()
    eventually(lambda: KITCHEN in shelf.served)
    shop.deploy({"pool_max": 11})
    eventually(lambda: pool(shelf) == 11)
    assert shelf.health.state == "ok"


def test_a_new_release_is_exchanged_and_told_of(shop: Shop, shelf_of: MakeShelf) -> None:
    shop.deploy()
    shelf = shelf_of(follow=True)
    told: list[Key] = []
    end = shelf.subscribe(told.append)
    before = shelf.served[KITCHEN]
    digest = shop.deploy({"pool_max": 20})
    eventually(lambda: told == [KITCHEN])
    assert shelf.served[KITCHEN].bundle.ref.digest == digest
    assert before.bundle.values()["database"]["pool_max"] == 10
    end()
    shop.deploy({"pool_max": 30})
    eventually(lambda: pool(shelf) == 30)
    assert told == [KITCHEN]


def test_a_tampered_release_is_refused_and_the_last_good_one_stays(shop: Shop, shelf_of: MakeShelf) -> None:
    good = shop.deploy({"pool_max": 11})
    shelf = shelf_of(follow=True)
    shop.tamper(shop.seal({"pool_max": 12}))
    eventually(lambda: shelf.health.state == "degraded")
    (stand,) = shelf.health.stands
    assert stand.refused is not None
    assert "config.json was changed" in stand.refused.reason
    assert shelf.served[KITCHEN].bundle.ref.digest == good
    assert stand.refusals == 1
    mended = shop.deploy({"pool_max": 13})
    eventually(lambda: shelf.served[KITCHEN].bundle.ref.digest == mended)
    assert shelf.health.state == "ok"


def test_a_release_that_was_tampered_with_from_the_start_is_not_served(shop: Shop, shelf_of: MakeShelf) -> None:
    shop.deploy()
    shop.tamper(shop.seal({"pool_max": 12}))
    shelf = shelf_of()
    assert (shelf.health.state, dict(shelf.served)) == ("empty", {})


def test_the_last_good_release_can_be_read_on_when_it_is_gone(shop: Shop, shelf_of: MakeShelf) -> None:
    shop.deploy({"pool_max": 11}, {"acme": {"pool_max": 99}})
    shelf = shelf_of(follow=True)
    bundle = shelf.served[KITCHEN].bundle
    shutil.rmtree(shop.root / "production")
    eventually(lambda: shelf.health.state == "degraded")
    assert b'"pool_max":99' in shelf.contents.read(bundle, "config.acme.json")


def test_two_folders_of_one_name_are_not_mixed(shop: Shop, shelf_of: MakeShelf) -> None:
    shop.deploy({"pool_max": 11})
    shutil.copytree(shop.root / "production", shop.root / "production-copy", symlinks=True)
    shelf = shelf_of()
    assert len(shelf.served) == 1
    first, second = shelf.health.stands
    assert first.refused is None
    assert second.refused is not None
    assert "is already kitchen in production" in second.refused.reason


def test_a_folder_that_becomes_another_service_is_refused(shop: Shop, shelf_of: MakeShelf) -> None:
    bundle = shop.seal()
    shelf = shelf_of(bundle)
    other = shop.seal(environment="staging")
    shutil.rmtree(bundle)
    other.rename(bundle)
    (stand,) = shelf.health.stands
    assert stand.refresh() is False
    assert set(shelf.served) == {KITCHEN}


def test_files_that_are_not_used_are_forgotten_within_a_limit(shop: Shop, shelf_of: MakeShelf) -> None:
    shop.deploy(tenants={"acme": {"pool_max": 2}, "bolt": {"pool_max": 3}})
    shelf = shelf_of(memory=600)
    bundle = shelf.served[KITCHEN].bundle
    acme = shelf.contents.read(bundle, "config.acme.json")
    assert shelf.contents.read(bundle, "config.acme.json") is acme
    for name in ("config.bolt.json", "config.json", "schema.json"):
        shelf.contents.read(bundle, name)
    assert shelf.contents.read(bundle, "config.acme.json") is not acme


def test_following_begins_while_a_release_comes(
    shop: Shop, shelf_of: MakeShelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread that notices a release must not wait for the one that begins to follow, which waits for it."""
    shop.deploy()
    shelf = shelf_of()
    shop.deploy({"pool_max": 20})
    ended: list[bool] = []

    def noticed_at_once(_: Follower) -> None:
        (stand,) = shelf.health.stands
        thread = threading.Thread(target=stand.refresh, daemon=True)
        thread.start()
        thread.join(timeout=5)
        ended.append(not thread.is_alive())

    monkeypatch.setattr(Follower, "start", noticed_at_once)
    shelf.follow()
    assert ended == [True]
    assert pool(shelf) == 20
