"""`terrace serve` as a process: refusals at its start, releases under load, and its end."""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest
import uvicorn

from terrace import cli, server
from terrace.bundle import open_bundle
from terrace.server import process
from tests.server.conftest import NOW, Shop, Tokens, eventually
from tests.server.process import Client, Reply, once, serving
from tests.soak import rounds

URL = "/v1/config/kitchen/production"


@pytest.mark.parametrize(
    ("options", "says", "hint"),
    [
        (["--host", "0.0.0.0"], "nothing says who may ask", "terrace tokens create"),
        (["--host", "::", "--tokens", "{tokens}"], "in the clear", "--insecure-no-tls"),
        (["--workers", "0"], "--workers is at least 1", ""),
        (["--tokens", "{tokens}x"], "there is no", "terrace tokens create"),
        (["--source", "nowhere"], "nowhere is not a folder", "a destination"),
    ],
)
def test_what_would_not_be_safe_or_cannot_work_is_refused_at_the_start(
    shop: Shop, tokens_file: Tokens, capsys: pytest.CaptureFixture[str], options: list[str], says: str, hint: str
) -> None:
    tokens_file.make("all")
    argv = [each.format(tokens=tokens_file.path) for each in options]
    assert cli.run(["serve", "--source", str(shop.root), *argv]) in (2, 3)
    said = capsys.readouterr().err
    assert says in said
    assert hint in said


def test_without_the_extra_it_says_how_to_install_it(
    shop: Shop, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(server, "process", raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "terrace.server.process", raising=False)
    assert cli.run(["serve", "--source", str(shop.root)]) == 3
    assert "pip install 'terrace-config[server]'" in capsys.readouterr().err


def test_a_port_that_is_taken_is_one_clear_line(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    shop.deploy()
    with serving(shop) as running:
        port = str(running.port)
        assert cli.run(["serve", "--source", str(shop.root), "--port", port]) == 3
    assert f"cannot listen at http://127.0.0.1:{port}" in capsys.readouterr().err


@pytest.mark.parametrize("workers", ["1", "2"])
def test_it_stops_when_it_is_told_and_answers_whoever_waits(shop: Shop, workers: str) -> None:
    shop.deploy()
    with (
        serving(shop, "--workers", workers) as running,
        Client(running.port) as waiting,
        Client(running.port) as streaming,
    ):
        tag = once(running.port, URL).headers["etag"]
        replies: list[Reply] = []

        def wait() -> None:
            replies.append(waiting.get(URL, If_None_Match=tag, Prefer="wait=60"))

        poll = threading.Thread(target=wait)
        poll.start()
        stream = streaming.open(URL, Accept="text/event-stream")
        while not stream.readline().startswith(b"data: "):
            pass
        eventually(lambda: waiting_requests(running.port) >= (2 if workers == "1" else 1))
        running.stop()
        poll.join(timeout=30)
        assert [reply.status for reply in replies] == [304]
        assert stream.read().endswith(b": closing\n\n")
        assert not [line for line in running.said if "Traceback" in line or '"error"' in line]
        lines = [json.loads(line) for line in running.said]
        assert {"message", "path"} <= {key for line in lines for key in line}


def waiting_requests(port: int) -> int:
    """How many requests wait, in the worker that happens to answer."""
    metrics = once(port, "/metrics").body.decode().splitlines()
    return int(next(line for line in metrics if line.startswith("terrace_server_waiting_requests ")).split()[1])


class Load(threading.Thread):
    """Asks for one thing, again and again, over one connection, and keeps what was wrong with any answer."""

    def __init__(self, port: int, query: str, digests: dict[int, set[str]]) -> None:
        super().__init__(daemon=True)
        self._client, self._url, self._digests = Client(port), URL + query, digests
        self.last = ""
        self.wrong: list[str] = []
        self.statuses: Counter[int] = Counter()
        self.over = threading.Event()

    def run(self) -> None:
        """Ask until it is over."""
        tag = ""
        try:
            while not self.over.is_set():
                # Every other question says what the answer before was.
                reply = self._client.get(self._url, **({"If_None_Match": tag} if tag else {}))
                self.statuses[reply.status] += 1
                self._judge(reply)
                tag = reply.headers.get("etag", "") if not tag else ""
        except OSError as error:
            self.wrong.append(f"a connection failed: {error!r}")
        finally:
            self._client.__exit__()

    def _judge(self, reply: Reply) -> None:
        release = reply.headers.get("terrace-release", "")
        self.last = release
        if reply.status == 304:
            return
        if reply.status != 200:
            self.wrong.append(f"{reply.status}: {reply.body!r}")
            return
        values = json.loads(reply.body)["values"]
        numbers = {values["database"]["port"], values["limits"]["first"], values["limits"]["last"]}
        if len(numbers) != 1 or release not in self._digests.get(numbers.pop(), set()):
            self.wrong.append(f"mixed: {values} as {release}")


def sealed(shop: Shop, number: int) -> Path:
    """A bundle in which one number stands at several places."""
    limits = {"first": number, **{f"limit-{index}": index for index in range(50)}, "last": number}
    return shop.seal({"port": number}, {"acme": {"pool_max": 2}, "bolt": None}, limits=limits)


def release(shop: Shop, number: int, digests: dict[int, set[str]]) -> str:
    """Deploy the number; the digest, which is noted before anybody can be given it."""
    bundle = sealed(shop, number)
    digest = open_bundle(bundle).ref.digest
    digests.setdefault(number, set()).add(digest)
    shop.destination().deploy([bundle], now=NOW, actor="ci")
    return digest


def taken_back(shop: Shop) -> str:
    """Go back to the release before; its digest."""
    gone_back = shop.destination().rollback(reason="a test", actor="ops", now=NOW).release
    return gone_back.bundles[0].digest


def everybody_has(load: list[Load], digest: str) -> None:
    """Wait until each connection gets a release, or something is wrong."""
    eventually(lambda: {each.last for each in load} == {digest} or any(each.wrong for each in load))


def test_releases_under_load_fail_no_request_and_mix_nothing(shop: Shop) -> None:
    """60 releases, some of them damaged and some taken back, while two workers are asked all the time."""
    digests: dict[int, set[str]] = {}
    release(shop, 1, digests)
    with serving(shop, "--workers", "2", "--rate", "0", "--no-access-log") as running:
        queries = ("", "?tenant=acme", "?tenant=bolt", "", "?tenant=acme")
        load = [Load(running.port, query, digests) for query in queries]
        for each in load:
            each.start()
        for number in range(2, rounds(60) + 1):
            if number % 6 == 0:
                shop.tamper(sealed(shop, 1000 + number))
                continue
            everybody_has(load, release(shop, number, digests))
            if number % 7 == 0:
                everybody_has(load, taken_back(shop))
        for each in load:
            each.over.set()
            each.join(timeout=30)
        assert [wrong for each in load for wrong in each.wrong][:3] == []
        statuses = Counter(status for each in load for status in each.statuses)
        assert set(statuses) == {200, 304}
        refused = json.loads(once(running.port, "/configz").body)["services"][0]["refusals"]
        assert refused > 0
        running.stop()


def test_answers_on_a_kept_connection_are_not_held_back() -> None:
    """Asyncio sends at once (TCP_NODELAY) only on sockets that say their protocol: else an answer waits 40 ms."""
    with process._bound(uvicorn.Config("x:y", port=0)) as bound:
        assert bound.proto == socket.IPPROTO_TCP
