"""Waiting for a change: long polls, streams, what ends them, and how many there may be."""

from __future__ import annotations

import json

import pytest

from terrace.server import changes, events
from tests.server.asking import Asking, Open, later, play, served
from tests.server.conftest import ServerOf, Shop

URL = "/v1/config/kitchen/production"


async def opened(stream: Open) -> str:
    """The id of the first event of a stream."""
    assert await stream.chunk() == b": terrace\n\n"
    return event(await stream.chunk())[0]


def event(chunk: bytes) -> tuple[str, int]:
    """The id of an event, and the value in it that these tests change."""
    name, identity, data, *_ = chunk.decode().split("\n")
    assert name == "event: config"
    return identity.removeprefix("id: "), json.loads(data.removeprefix("data: "))["values"]["database"]["pool_max"]


def test_a_long_poll_ends_when_the_values_change(shop: Shop, server_of: ServerOf) -> None:
    shop.deploy()

    async def story(ask: Asking) -> None:
        tag = (await ask.get(URL))["etag"]
        poll = ask.open(URL, if_none_match=tag, prefer="wait=60")
        await later(lambda: ask.server.changes.count == 1)
        shop.deploy({"pool_max": 11})
        got = await poll.whole()
        assert (got.status, got["preference-applied"]) == (200, "wait=60")
        assert got.json["values"]["database"]["pool_max"] == 11
        assert ask.server.changes.count == 0

    play(server_of(), story)


@pytest.mark.parametrize(
    ("prefer", "applied"),
    [
        ("wait=0", "wait=0"),
        ("respond-async, wait=0", "wait=0"),
        ('WAIT="0";x=1', "wait=0"),
        ("wait=soon", ""),
        ("return=minimal", ""),
    ],
)
def test_a_long_poll_ends_with_what_the_caller_has(shop: Shop, server_of: ServerOf, prefer: str, applied: str) -> None:
    shop.deploy()

    async def story(ask: Asking) -> None:
        tag = (await ask.get(URL))["etag"]
        got = await ask.get(URL, if_none_match=tag, prefer=prefer)
        assert (got.status, got.body, got["etag"], got["preference-applied"]) == (304, b"", tag, applied)

    play(server_of(), story)


def test_who_has_something_else_does_not_wait(shop: Shop, server_of: ServerOf) -> None:
    shop.deploy()

    async def story(ask: Asking) -> None:
        assert (await ask.get(URL, if_none_match='"other"', prefer="wait=60")).status == 200
        assert (await ask.get(URL, prefer="wait=60")).status == 200
        assert (await ask.get(f"{URL}?tenant=none", if_none_match='"other"', prefer="wait=60")).status == 404

    play(server_of(), story)


def test_nobody_waits_for_more_than_a_minute(shop: Shop, server_of: ServerOf) -> None:
    shop.deploy()

    async def story(ask: Asking) -> None:
        tag = (await ask.get(URL))["etag"]
        poll = ask.open(URL, if_none_match=tag, prefer="wait=99999")
        await later(lambda: ask.server.changes.count == 1)
        ask.server.close()
        assert (await poll.whole())["preference-applied"] == "wait=60"

    play(server_of(), story)


def test_a_stream_has_each_change_once_and_goes_on_where_it_ended(shop: Shop, server_of: ServerOf) -> None:
    shop.deploy()
    server = server_of()

    async def story(ask: Asking) -> None:
        stream = ask.open(URL, accept="text/event-stream")
        first = await opened(stream)
        assert f'"{first}"' == (await ask.get(URL))["etag"]
        shop.deploy({"pool_max": 11})
        second, value = event(await stream.chunk())
        assert value == 11
        await stream.leave()
        await later(lambda: server.changes.count == 0)
        again = ask.open(URL, accept="text/event-stream", last_event_id=second)
        assert await again.chunk() == b": terrace\n\n"
        shop.deploy({"pool_max": 12})
        assert event(await again.chunk())[1] == 12
        stale = ask.open(URL, accept="text/event-stream", last_event_id=first)
        assert await stale.chunk() == b": terrace\n\n"
        assert event(await stale.chunk())[1] == 12

    play(server, story)


def test_a_stream_shows_that_it_is_alive(shop: Shop, server_of: ServerOf, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.deploy()
    monkeypatch.setattr(events, "HEARTBEAT", 0.05)

    async def story(ask: Asking) -> None:
        stream = ask.open(URL, accept="text/event-stream")
        await opened(stream)
        assert [await stream.chunk() for _ in range(2)] == [b": still here\n\n"] * 2

    play(server_of(), story)


def test_a_stream_of_a_tenant_that_goes_away_says_so_and_ends(shop: Shop, server_of: ServerOf) -> None:
    shop.deploy(tenants={"acme": None})

    async def story(ask: Asking) -> None:
        stream = ask.open(f"{URL}?tenant=acme", accept="text/event-stream")
        await opened(stream)
        shop.deploy({"pool_max": 11})
        assert await stream.chunk() == b"event: gone\ndata: {}\n\n"
        await stream.task

    play(server_of(), story)


def test_whoever_waits_is_answered_when_the_server_stops(shop: Shop, server_of: ServerOf) -> None:
    shop.deploy()
    server = server_of()

    async def story(ask: Asking) -> None:
        tag = (await ask.get(URL))["etag"]
        polls = [ask.open(URL, if_none_match=tag, prefer="wait=60") for _ in range(3)]
        stream = ask.open(URL, accept="text/event-stream")
        await opened(stream)
        await later(lambda: server.changes.count == 4)
        server.close()
        assert {(await poll.whole()).status for poll in polls} == {304}
        assert await stream.chunk() == b": closing\n\n"
        assert (await ask.get(URL, if_none_match=tag, prefer="wait=60")).status == 304
        assert [(got.status, got.json) for got in [await ask.get("/readyz")]] == [(503, {"status": "closing"})]
        assert (await ask.get(URL)).status == 200

    play(server, story)


def test_one_caller_has_so_many_places_to_wait(
    shop: Shop, server_of: ServerOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.deploy()
    monkeypatch.setattr(changes, "MOST", 2)

    async def story(ask: Asking) -> None:
        tag = (await ask.get(URL))["etag"]
        first = ask.open(URL, accept="text/event-stream")
        await opened(first)
        second = ask.open(URL, if_none_match=tag, prefer="wait=60")
        await later(lambda: ask.server.changes.count == 2)
        for headers in ({"accept": "text/event-stream"}, {"if_none_match": tag, "prefer": "wait=60"}):
            refused = await ask.get(URL, **headers)
            assert (refused.status, refused["retry-after"]) == (429, "5")
        assert (await ask.get(URL)).status == 200
        await first.leave()
        await opened(ask.open(URL, accept="text/event-stream"))
        ask.server.close()
        assert (await second.whole()).status == 304

    play(server_of(), story)


def test_a_release_that_is_gone_and_was_not_in_memory_is_read_from_the_next(
    shop: Shop, server_of: ServerOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is too large for memory is read when it is asked for, and may have been removed by then."""
    import shutil

    shop.deploy(tenants={"acme": {"pool_max": 40}})
    server = server_of()
    bundle = server.shelf.served["production", "kitchen"].bundle  # type: ignore[index]  # a key is a pair
    monkeypatch.setattr(server.shelf.contents, "read", lambda bundle, name: bundle.read(name))

    async def story(ask: Asking) -> None:
        digest = shop.deploy({"pool_max": 11})
        await later(lambda: served(server) == digest)
        for path in [bundle.folder, *bundle.folder.iterdir()]:
            path.chmod(0o755)
        shutil.rmtree(bundle.folder)
        assert (await ask.get(URL)).json["values"]["database"]["pool_max"] == 11
        folder = server.shelf.served["production", "kitchen"].bundle.folder  # type: ignore[index]
        folder.chmod(0o755)
        shutil.rmtree(folder)
        gone = await ask.get(f"{URL}/database/host?format=yaml")
        assert gone.status in (200, 503)

    play(server, story)
