"""Clients hear when to ask again: of releases and of moments, in any worker, and after a restart."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from terrace.server.flags.tickets import LASTS, Tickets
from tests.server.asking import Asking, Open, later, play
from tests.server.conftest import ServerOf, Tokens
from tests.server.flags.conftest import FlagShop, flag
from tests.server.flags.test_ofrep import ALL, ask


async def heard(stream: Open) -> dict[str, Any]:
    """The next event of a stream, whatever else is said in it."""
    while True:
        found = re.search(rb"id: (.+)\ndata: (.+)\n\n", await stream.chunk())
        if found:
            said: dict[str, Any] = json.loads(found[2])
            assert said["etag"] == found[1].decode()
            assert said["type"] == "refetchEvaluation"
            return said


async def url_of(asking: Asking, **more: Any) -> str:
    """Where all flags say that changes are told."""
    (stream,) = (await ask(asking, **more)).json["eventStreams"]
    assert (stream["type"], stream["inactivityDelaySec"]) == ("sse", 120)
    url: str = stream["endpoint"]["requestUri"]
    return url


def test_a_release_is_heard_of_and_then_got(flags: FlagShop, server_of: ServerOf, tokens_file: Tokens) -> None:
    flags.release(a=flag())
    token = tokens_file.make("flags", may=["flags"])

    async def story(asking: Asking) -> None:
        # The stream needs no token but the ticket in its URL: a browser cannot send one.
        stream = asking.open(await url_of(asking, token=token))
        assert b"retry" in await stream.chunk()
        flags.release(a=flag(defaultVariant="on"))
        said = await heard(stream)
        got = await ask(asking, f"{ALL}?flagConfigEtag={said['etag']}", token=token)
        assert got.json["flags"][0]["value"] is True
        assert said["lastModified"] == 1795512600
        await stream.leave()
        assert asking.server.changes.count == 0

    play(server_of(tokens=str(tokens_file.path)), story)


def test_a_release_between_the_answer_and_the_stream_is_not_missed(flags: FlagShop, server_of: ServerOf) -> None:
    flags.release(a=flag())

    async def story(asking: Asking) -> None:
        url = await url_of(asking)
        flags.release(a=flag(defaultVariant="on"))
        await later(lambda: asking.server.shelf.flags["production"].commit == f"{2:040x}")
        stream = asking.open(url)
        said = await heard(stream)
        await stream.leave()
        # Whoever heard of it already is not told again.
        flags.release(a=flag(), b=flag())
        await later(lambda: asking.server.shelf.flags["production"].commit == f"{3:040x}")
        again = asking.open(url, Last_Event_ID=said["etag"])
        assert (await heard(again))["etag"] != said["etag"]
        await again.leave()

    play(server_of(), story)


def test_other_environments_and_services_are_not_heard_of(flags: FlagShop, server_of: ServerOf) -> None:
    flags.release(a=flag())
    flags.release("staging", a=flag())

    async def story(asking: Asking) -> None:
        stream = asking.open(await url_of(asking, url=f"/env/production{ALL}"))
        await stream.chunk()
        flags.release("staging", a=flag(defaultVariant="on"))
        flags.shop.deploy()
        await later(lambda: asking.server.shelf.flags["staging"].commit == f"{3:040x}")
        flags.release("production", b=flag())
        tag = (await heard(stream))["etag"]
        assert tag == asking.server.shelf.flags["production"].flags.tag  # type: ignore[union-attr]
        await stream.leave()

    play(server_of(), story)


def test_a_moment_of_a_schedule_is_heard_of(
    flags: FlagShop, server_of: ServerOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    moment = int(time.time()) + 2
    flags.release(a=flag(targeting={"if": [{">=": [{"var": "$flagd.timestamp"}, moment]}, "on", "off"]}))

    async def story(asking: Asking) -> None:
        stream = asking.open(await url_of(asking))
        said = await heard(stream)
        assert time.time() >= moment
        got = await ask(asking, f"{ALL}?flagConfigEtag={said['etag']}")
        assert got.json["flags"][0]["value"] is True
        await stream.leave()

    play(server_of(), story)


@pytest.mark.parametrize("ticket", ["", "nope", "a.b", "x" * 200])
def test_what_is_no_ticket_is_refused(flags: FlagShop, server_of: ServerOf, ticket: str) -> None:
    flags.release(a=flag())

    async def story(asking: Asking) -> None:
        assert (await asking.get(f"/ofrep/v1/events?token={ticket}")).status == 401
        assert (await asking.get("/ofrep/v1/events")).status == 401

    play(server_of(), story)


def test_a_ticket_from_before_a_restart_leads_to_a_new_one(flags: FlagShop, server_of: ServerOf) -> None:
    flags.release(a=flag())
    old = Tickets(b"another key").give("production", "x", ("*",), "tag")

    async def story(asking: Asking) -> None:
        tag = (await ask(asking))["etag"]
        got = await asking.get(f"/ofrep/v1/events?token={old}")
        assert got["content-type"].startswith("text/event-stream")
        etag = json.loads(got.text.split("data: ")[1])["etag"]
        # What comes after it is whole, though the client has it: there is a new ticket in it.
        whole = await ask(asking, f"{ALL}?flagConfigEtag={etag}", If_None_Match=tag)
        assert whole.status == 200
        assert whole.json["eventStreams"]

    play(server_of(), story)


def test_a_ticket_is_good_for_its_time_and_cannot_be_changed() -> None:
    now = [1000.0]
    tickets = Tickets(b"secret", clock=lambda: now[0])
    text = tickets.give("production", "till", ("acme",), "tag.1")
    found = tickets.read(text)
    assert found is not None
    assert (found.environment, found.caller, found.tenants, found.tag) == ("production", "till", ("acme",), "tag.1")
    other = tickets.give("staging", "till", ("acme",), "tag.1")
    assert tickets.read(other.partition(".")[0] + "." + text.partition(".")[2]) is None
    assert Tickets(b"other").read(text) is None
    now[0] += LASTS
    assert tickets.read(text) is None


def test_streams_end_when_the_server_does_and_are_logged_without_their_ticket(
    flags: FlagShop, server_of: ServerOf, log: list[Any]
) -> None:
    flags.release(a=flag())

    async def story(asking: Asking) -> None:
        stream = asking.open(await url_of(asking))
        await stream.chunk()
        asking.server.close()
        assert b"closing" in await stream.chunk()
        await stream.task
        (entry,) = log
        assert (entry.path, entry.query, entry.status, entry.caller) == ("/ofrep/v1/events", b"", 200, "anonymous")

    play(server_of(), story)


def test_pages_of_named_origins_may_listen(flags: FlagShop, server_of: ServerOf) -> None:
    flags.release(a=flag())

    async def story(asking: Asking) -> None:
        stream = asking.open(await url_of(asking), Origin="https://shop.example")
        start = await stream.next()
        headers = dict(start["headers"])
        assert headers[b"access-control-allow-origin"] == b"https://shop.example"
        assert headers[b"content-type"].startswith(b"text/event-stream")
        await stream.leave()

    play(server_of(flags_origins=("https://shop.example",)), story)
