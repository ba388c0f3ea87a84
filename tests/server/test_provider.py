"""The keys of a provider: asked for with care, kept while it is away, and taken from nobody else."""

from __future__ import annotations

import asyncio
import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from terrace.errors import TerraceError
from terrace.server import fetch
from terrace.server.jwks import Keys
from terrace.server.provider import FRESH, KEPT, PAUSE, Remote, Source
from tests.server.issuer import Provider, provider, public, reply, rsa_key
from tests.server.pki import HERE, SERVER, Authority


@pytest.fixture
def issuer() -> Iterator[Provider]:
    with provider(Provider) as running:
        yield running


class Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = 10.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def remote(issuer: Provider, clock: Clock) -> Remote:
    return Remote(Source(issuer.url, "", ""), clock)


def known(remote: Remote, key: str) -> bool:
    """Whether a key is known, once all that was asked is answered."""

    async def asked() -> None:
        await remote.ready(key)
        if remote._asking is not None:
            await remote._asking

    asyncio.run(asked())
    return remote.keys.has(key)


def test_a_new_key_is_known_at_once_but_asked_for_no_more_often_than_may_be(
    remote: Remote, issuer: Provider, clock: Clock
) -> None:
    assert known(remote, "RS256")
    issuer.keys.append(public("next", "RS256", rsa_key(1)))
    assert not known(remote, "next")
    clock.now += PAUSE
    assert known(remote, "next")
    assert issuer.asked["/jwks"] == 2
    for number in range(20):
        assert not known(remote, f"unknown-{number}")
    assert issuer.asked["/jwks"] == 2


def test_a_key_that_the_provider_took_back_is_not_good_for_long(remote: Remote, issuer: Provider, clock: Clock) -> None:
    assert known(remote, "RS256")
    issuer.keys = issuer.keys[1:]
    clock.now += FRESH - 1
    assert known(remote, "RS256")
    clock.now += 2
    assert not known(remote, "RS256")
    assert known(remote, "ES256")


def test_the_last_keys_are_good_while_the_provider_is_away_but_not_for_ever(
    remote: Remote, issuer: Provider, clock: Clock
) -> None:
    assert known(remote, "RS256")
    issuer.answers["/jwks"] = lambda ask: reply(ask, {}, 503)
    clock.now += KEPT - 1
    assert known(remote, "RS256")
    clock.now += 2
    assert not known(remote, "RS256")
    assert remote.keys == Keys()
    issuer.answers["/jwks"] = lambda ask: reply(ask, {"keys": issuer.keys})
    clock.now += PAUSE
    assert known(remote, "RS256")


def test_who_leaves_takes_the_answer_from_nobody(remote: Remote, issuer: Provider) -> None:
    may = threading.Event()

    def slow(ask: http.server.BaseHTTPRequestHandler) -> None:
        may.wait(20)
        reply(ask, {"keys": issuer.keys})

    issuer.answers["/jwks"] = slow

    async def story() -> None:
        first, second = asyncio.ensure_future(remote.ready("RS256")), asyncio.ensure_future(remote.ready("ES256"))
        while not issuer.asked["/jwks"]:
            await asyncio.sleep(0.01)
        first.cancel()
        may.set()
        await second
        assert remote.keys.has("ES256")

    asyncio.run(story())
    assert issuer.asked["/jwks"] == 1


Ask = http.server.BaseHTTPRequestHandler


def right(ask: Ask) -> dict[str, Any]:
    """A document that would be right as either."""
    host = ask.headers["Host"]
    keys = [public("RS256", "RS256")]
    return {"issuer": f"http://{host}", "jwks_uri": f"http://{host}/jwks", "keys": keys}


def drip(ask: Ask) -> None:
    """Answer rightly, but take a long time, with a little now and then."""
    ask.send_response(200)
    ask.end_headers()
    slowly(ask, b" ")


def drip_headers(ask: Ask) -> None:
    """Take a long time to come to the body."""
    ask.wfile.write(b"HTTP/1.1 200 OK\r\n")
    slowly(ask, b"X-More: y\r\n", b"\r\n")


def slowly(ask: Ask, part: bytes, last: bytes = b"") -> None:
    try:
        for _ in range(50):
            ask.wfile.write(part)
            time.sleep(0.05)
        ask.wfile.write(last + json.dumps(right(ask)).encode())
    except OSError:
        return


def padded(ask: Ask) -> None:
    """Answer rightly, say no length, and send more than is read."""
    ask.send_response(200)
    ask.end_headers()
    with suppress(OSError):
        ask.wfile.write(json.dumps(right(ask)).encode() + b" " * fetch.LARGEST)


def cut(ask: Ask) -> None:
    """Say more than is sent."""
    reply(ask, right(ask), Content_Length="5000")
    ask.close_connection = True


def no_http(ask: Ask) -> None:
    """Answer with something that is no response."""
    ask.wfile.write(b"\x00" * 100)


BAD: dict[str, Callable[[Ask], None]] = {
    "a redirect": lambda ask: reply(ask, right(ask), 302, Location="/evil"),
    "a permanent redirect": lambda ask: reply(ask, right(ask), 308, Location="/evil"),
    "an error": lambda ask: reply(ask, right(ask), 500),
    "a huge body": lambda ask: reply(ask, {**right(ask), "more": "x" * fetch.LARGEST}),
    "a huge body of no length": padded,
    "a body that ends too soon": cut,
    "a body that takes too long": drip,
    "headers that take too long": drip_headers,
    "a page": lambda ask: reply(ask, b"<html>"),
    "nothing in it": lambda ask: reply(ask, {"keys": []}),
    "something else": lambda ask: reply(ask, [1]),
    "what is deep": lambda ask: reply(ask, b"[" * 100_000),
    "no HTTP": no_http,
}


def test_a_document_that_is_right_as_either_is_one(remote: Remote, issuer: Provider) -> None:
    issuer.answers = dict.fromkeys(issuer.answers, lambda ask: reply(ask, right(ask)))
    assert known(remote, "RS256")


def test_a_set_of_too_many_keys_is_none(remote: Remote, issuer: Provider) -> None:
    issuer.keys = [public(f"key-{number}", "EdDSA") for number in range(101)]
    assert not known(remote, "key-1")


@pytest.mark.parametrize("place", ["/jwks", "/.well-known/openid-configuration"])
@pytest.mark.parametrize("bad", BAD)
def test_what_a_provider_answers_badly_is_nothing(
    remote: Remote, issuer: Provider, monkeypatch: pytest.MonkeyPatch, place: str, bad: str
) -> None:
    real = fetch.get
    monkeypatch.setattr(fetch, "get", lambda url, **more: real(url, **more, seconds=0.5))
    issuer.answers[place] = BAD[bad]
    assert not known(remote, "RS256")
    assert issuer.asked[place] == 1
    assert issuer.asked["/evil"] == 0


@pytest.mark.parametrize(
    "said",
    [
        {"issuer": "https://other.example", "jwks_uri": "{url}/jwks"},
        {"issuer": "{url}/", "jwks_uri": "{url}/jwks"},
        {"jwks_uri": "{url}/jwks"},
        {"issuer": "{url}"},
        {"issuer": "{url}", "jwks_uri": "http://192.0.2.1/jwks"},
        {"issuer": "{url}", "jwks_uri": "file:///etc/passwd"},
        {"issuer": "{url}", "jwks_uri": ["{url}/jwks"]},
    ],
)
def test_a_discovery_that_is_not_the_issuer_s_own_names_no_keys(
    remote: Remote, issuer: Provider, said: dict[str, Any]
) -> None:
    told = {name: value.format(url=issuer.url) if isinstance(value, str) else value for name, value in said.items()}
    issuer.answers["/.well-known/openid-configuration"] = lambda ask: reply(ask, told)
    assert not known(remote, "RS256")
    assert issuer.asked["/jwks"] == 0


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://keys.example/a?b=c", True),
        ("http://127.0.0.1:8080/", True),
        ("http://[::1]/", True),
        ("http://localhost/", True),
        ("http://keys.example/", False),
        ("http://127.0.0.1.evil.example/", False),
        ("http://localhost.evil.example/", False),
        ("http://169.254.169.254/latest", False),
        ("http://0.0.0.0/", False),
        ("http://127.0.0.1@evil.example/", False),
        ("https://user:word@keys.example/", False),
        ("https://keys.example/#a", False),
        ("https://keys.example:port/", False),
        ("https:///keys", False),
        ("https://keys.example/a b", False),
        ("https://keys.example/\r\nX: y", False),
        ("file:///etc/passwd", False),
        ("ftp://keys.example/", False),
        ("keys.example", False),
    ],
)
def test_only_https_is_asked_and_http_on_this_machine_where_that_is_meant(url: str, allowed: bool) -> None:
    assert fetch.is_allowed(url, loopback=True) is allowed
    assert fetch.is_allowed(url, loopback=False) is (allowed and url.startswith("https"))
    if not allowed:
        with pytest.raises(TerraceError, match="is not asked"):
            fetch.get(url, loopback=True)


def test_a_provider_elsewhere_names_no_keys_on_this_machine(tmp_path: Any, issuer: Provider) -> None:
    """What a discovery document says is not of the file: it may not point into this machine."""
    with pytest.raises(TerraceError, match="is not asked"):
        fetch.get(f"{issuer.url}/jwks", loopback=False)
    assert not issuer.asked


def test_a_provider_with_an_authority_of_its_own_is_believed_by_that_only(tmp_path: Any) -> None:
    import ssl

    authority, other = Authority(tmp_path), Authority(tmp_path, "Somebody else")
    files = authority.issue("provider", HERE, use=SERVER)

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            reply(self, {"keys": []})

        def log_message(self, format: str, *args: object) -> None:
            """Tests are quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*files)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    try:
        url = f"https://127.0.0.1:{server.server_port}/jwks"
        assert fetch.get(url, ca_file=str(authority.certificate)) == b'{"keys": []}'
        for ca_file in (str(other.certificate), ""):
            with pytest.raises(TerraceError, match="cannot be had: SSLCertVerificationError"):
                fetch.get(url, ca_file=ca_file)
    finally:
        server.shutdown()
        server.server_close()
