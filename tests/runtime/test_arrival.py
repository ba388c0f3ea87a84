"""Waiting until processes run a release, as they say themselves over HTTP."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn

from terrace import arrival
from terrace.report.arrived import arrived_text
from terrace.runtime import Handle
from terrace.runtime.asgi import endpoints
from tests.runtime.conftest import World
from tests.runtime.test_watch import until

Serve = Callable[[Any], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves an ASGI application on a free port; the URL of its configz."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(application: Any) -> str:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(application, port=port, log_level="critical", lifespan="off"))
        thread = threading.Thread(target=server.run)
        thread.start()
        running.append((server, thread))
        until(lambda: server.started, "the server")
        return f"http://127.0.0.1:{port}/configz"

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join()


def ask(digest: str, *urls: str, seconds: float = 0.0) -> list[arrival.Arrival]:
    return arrival.wait(arrival.endpoints({"kitchen": digest}, {"kitchen": urls}), seconds)


def test_a_process_that_runs_it_has_arrived(world: World, serve: Serve) -> None:
    digest = world.deploy()
    (found,) = ask(digest, serve(endpoints(world.watch())), seconds=20)
    assert (found.state, found.waiting) == ("arrived", ())


def test_it_is_waited_for(world: World, serve: Serve) -> None:
    world.deploy()
    handle: Handle[Any] = world.watch()
    url = serve(endpoints(handle))
    digest = world.deploy({"pool_max": 12})
    threading.Timer(0.3, handle.refresh).start()
    (found,) = ask(digest, url, seconds=20)
    assert found.state == "arrived"
    assert found.seconds > 0.2


def test_fields_that_wait_for_a_restart_are_named(world: World, serve: Serve) -> None:
    world.deploy()
    handle = world.watch()
    digest = world.deploy({"port": 6000})
    handle.refresh()
    arrivals = ask(digest, serve(endpoints(handle)), seconds=20)
    assert arrivals[0].waiting == ("database.port",)
    assert "waits for a restart: database.port" in arrived_text(arrivals)


def test_a_process_that_refuses_it_ends_the_wait_with_its_reason(world: World, serve: Serve) -> None:
    world.deploy()
    handle = world.watch()
    digest = world.deploy({"pool_max": 999})
    handle.refresh()
    (found,) = ask(digest, serve(endpoints(handle)), seconds=3600)
    assert found.state == "refused"
    assert "is not right: 1 thing is wrong" in found.detail


def test_what_is_behind_or_not_there_is_told_apart(world: World, serve: Serve) -> None:
    old = world.deploy()
    url = serve(endpoints(world.watch()))
    nobody = "http://127.0.0.1:9/configz"
    other = serve(endpoints(lambda: None))
    behind, away, starting = ask("sha256:" + "0" * 64, url, nobody, other)
    assert (behind.state, behind.detail) == ("behind", f"runs {old[:19]}")
    assert (away.state, starting.state) == ("unreachable", "unreachable")
    assert "503" in starting.detail
    text = arrived_text([behind, away, starting])
    assert "3 of 3 endpoints not yet, or not at all." in text
    assert all(len(line) <= 80 for line in text.splitlines())


def test_every_address_of_a_host_is_asked() -> None:
    found = arrival.endpoints({"kitchen": "d"}, {"kitchen": ["http://localhost:1/configz"], "other": ["http://x/"]})
    assert {each.address for each in found} <= {"127.0.0.1", "::1"}
    assert found


def test_nobody_to_ask_is_said() -> None:
    assert "names no configz" in arrived_text([])
