"""What every request passes: limits, headers, ids, and a log that holds nothing it should not."""

from __future__ import annotations

import io
import json
import logging
from datetime import UTC, datetime

import pytest

from terrace.server import access
from terrace.server.access import Access
from terrace.server.limits import Rate
from terrace.server.logs import Lines
from tests.server.asking import Asking, play
from tests.server.conftest import ServerOf, Shop, Tokens

URL = "/v1/config/kitchen/production"


def test_every_response_has_the_headers_that_protect_it(shop: Shop, server_of: ServerOf) -> None:
    shop.deploy()

    async def story(ask: Asking) -> None:
        for url in (URL, "/nowhere", "/livez", f"{URL}?tenant=none", f"/{'x' * 5000}"):
            got = await ask.get(url)
            assert "default-src 'self'" in got["content-security-policy"]
            assert "frame-ancestors 'none'" in got["content-security-policy"]
            assert (got["x-content-type-options"], got["referrer-policy"]) == ("nosniff", "no-referrer")
            assert len([name for name, _ in got.headers if name == "x-request-id"]) == 1

    play(server_of(), story)


@pytest.mark.parametrize(
    ("given", "kept"), [("abc-1.2_3", True), ("a" * 65, False), ("a b", False), ("a\x1b[2J", False)]
)
def test_a_request_keeps_its_id_if_it_is_well_formed(
    shop: Shop, server_of: ServerOf, log: list[Access], given: str, kept: bool
) -> None:
    async def story(ask: Asking) -> None:
        got = await ask.get("/livez", x_request_id=given)
        assert (got["x-request-id"] == given) is kept
        assert len(got["x-request-id"]) <= 64
        assert log[-1].request == got["x-request-id"]

    play(server_of(), story)


def test_what_is_too_large_is_refused(shop: Shop, server_of: ServerOf) -> None:
    shop.deploy()

    async def story(ask: Asking) -> None:
        assert (await ask.get(f"{URL}?tenant={'x' * 5000}")).status == 414
        assert (await ask.get(URL, content_length="65537")).status == 413
        assert (await ask.get(URL, content_length="9" * 40)).status == 413
        assert (await ask.get(URL, content_length="65536")).status == 200
        assert (await ask.get(f"{URL}?tenant={'x' * 254}")).status == 422

    play(server_of(), story)


def test_a_caller_who_asks_too_often_waits_and_others_do_not(
    shop: Shop, server_of: ServerOf, tokens_file: Tokens
) -> None:
    shop.deploy()
    one, other = tokens_file.make("one"), tokens_file.make("other")

    async def story(ask: Asking) -> None:
        statuses = [(await ask.get(URL, token=one)).status for _ in range(4)]
        assert statuses == [200, 200, 200, 429]
        refused = await ask.get(URL, token=one)
        assert (refused["retry-after"], refused["content-type"]) == ("1000", "application/problem+json")
        assert (await ask.get(URL, token=other)).status == 200
        guessed = [(await ask.get(URL, token=f"guess-{number}")).status for number in range(4)]
        assert guessed == [401, 401, 401, 429]
        assert (await ask.get(URL, client="192.0.2.9")).status == 401
        assert {(await ask.get("/livez")).status for _ in range(9)} == {200}

    play(server_of(tokens=str(tokens_file.path), rate=0.001, burst=3), story)


def test_a_bucket_is_filled_again_as_time_goes_by() -> None:
    rate = Rate(2.0, 2)
    assert [rate.seconds_until("a", 10.0) for _ in range(3)] == [0, 0, 0.5]
    assert rate.seconds_until("a", 10.25) == 0.25
    assert rate.seconds_until("a", 10.5) == 0
    assert rate.seconds_until("a", 9.0) == 0.5
    assert [rate.seconds_until("a", 100.0) for _ in range(3)] == [0, 0, 0.5]
    assert {Rate(0, 0).seconds_until("a", 0.0) for _ in range(99)} == {0}


def test_the_log_has_who_asked_for_what_and_no_token(
    shop: Shop, server_of: ServerOf, tokens_file: Tokens, log: list[Access]
) -> None:
    shop.deploy()
    token = tokens_file.make("the till")

    async def story(ask: Asking) -> None:
        await ask.get(f"{URL}?tenant=none&token={token}&x={token}", token=token)
        await ask.get(URL, token=f"{token}x")

    play(server_of(tokens=str(tokens_file.path)), story)
    known, unknown = (json.loads(access.line(each, datetime(2026, 11, 24, tzinfo=UTC))) for each in log)
    assert known["caller"].startswith("the till (")
    assert (known["path"], known["query"], known["status"]) == (URL, {"tenant": "none"}, 404)
    assert (unknown["caller"], unknown["status"]) == ("", 401)
    assert token.split("_", 2)[2] not in json.dumps([known, unknown])


def test_the_log_moves_no_cursor_and_is_one_line() -> None:
    nasty = "/\x1b[2J\n\r\x9b31m\u202e\u2028\ud800" + "x" * 500
    stream = io.StringIO()
    access.write(Access("id", "192.0.2.1", "", "GET", nasty, b"tenant=%1b%5b2J%0a", 404, 1, 0.1), stream)
    text = stream.getvalue()
    assert text[:-1].isprintable()
    assert text.count("\n") == 1
    said = json.loads(text)
    assert said["path"].startswith("/\x1b[2J\n\r\x9b31m\u202e")
    assert len(said["path"]) == 200
    assert said["query"] == {"tenant": "\x1b[2J\n"}


def test_a_bug_of_ours_tells_the_caller_nothing_and_the_log_no_value(
    shop: Shop, server_of: ServerOf, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    server = server_of()

    def broken(_: object) -> None:
        raise ValueError("secret-value-7791")

    async def story(ask: Asking) -> None:
        monkeypatch.setattr(type(server.shelf), "health", property(broken))
        got = await ask.get("/readyz")
        assert (got.status, got["content-type"]) == (500, "application/problem+json")
        assert "7791" not in got.text

    play(server, story)
    (record,) = [each for each in caplog.records if each.exc_info]
    line = json.loads(Lines().format(record))
    assert (line["exception"], line["level"]) == ("ValueError", "error")
    assert "7791" not in json.dumps(line)
    assert any("test_guard.py" in place for place in line["at"])
    assert record.levelno == logging.ERROR
