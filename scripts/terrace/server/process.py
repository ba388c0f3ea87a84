"""The process that serves: uvicorn, with one worker or several."""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import threading
import time
import typing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import uvicorn
from starlette.types import ASGIApp
from uvicorn.supervisors import Multiprocess

from terrace.errors import ExitCode, TerraceError
from terrace.server import connection, logs
from terrace.server.app import Server, Settings
from terrace.server.pages.sessions import new_key
from terrace.server.tls import Protocol, Tls

DRAIN = 20
"""Seconds that requests have to end in, once the server is told to stop."""


class Listening(NamedTuple):
    """Where to listen. `behind_proxy`: a proxy on this machine says who asks. Without `tls` all is in the clear."""

    host: str
    port: int
    workers: int = 1
    behind_proxy: bool = False
    tls: Tls | None = None


class Factory:
    """Makes the application, in each worker."""

    def __init__(self, settings: Settings, parent: int = 0) -> None:
        self._settings, self._parent = settings, parent

    def __call__(self) -> ASGIApp:
        """The application of this worker."""
        logs.begin()
        if self._parent and self._parent != os.getpid():
            threading.Thread(target=_until_parent_ends, args=(self._parent,), daemon=True).start()
        return Server(self._settings).app


def _until_parent_ends(parent: int) -> None:
    """A worker whose parent was killed would keep the port, and be told of nothing any more."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)


class Beside(typing.Protocol):
    """A process that goes on beside those that serve, until it is told to stop."""

    def stop(self) -> None:
        """End, and wait until it has."""


def run(settings: Settings, listening: Listening, beside: Callable[[], Beside] | None = None) -> int:
    """Serve until told to stop, with what `beside` starts as long. Returns an exit code."""
    settings = settings._replace(session_key=new_key())
    config = uvicorn.Config(
        Factory(settings, os.getpid()), factory=True, host=listening.host, port=listening.port,
        workers=listening.workers,
        lifespan="on", log_config=None, access_log=False, server_header=False,
        proxy_headers=listening.behind_proxy, forwarded_allow_ips="127.0.0.1,::1",
        ssl_context_factory=listening.tls.following if listening.tls else None,
        http=Protocol if listening.tls else connection.Protocol,
        timeout_keep_alive=65, timeout_graceful_shutdown=DRAIN, loop="uvloop",
    )  # fmt: skip
    # The command line leaves collecting out, for it ends soon.
    gc.enable()
    logs.begin()
    with _bound(config) as bound:
        where = address(config.host, bound.getsockname()[1], config.is_ssl)
        logging.getLogger("terrace.server").info("%s is served at %s", settings.source, where)
        with _started(beside):
            if listening.workers == 1:
                if listening.tls:
                    # What renews certificates sends it by custom. The files are read again when they change.
                    signal.signal(signal.SIGHUP, signal.SIG_IGN)
                uvicorn.Server(config).run(sockets=[bound])
            else:
                Multiprocess(config, sockets=[bound]).run()
    return ExitCode.CLEAN


@contextmanager
def _started(beside: Callable[[], Beside] | None) -> Iterator[None]:
    if beside is None:
        yield
        return
    # A web server that was told to stop passes the signal on when it has: it must not end the process before this.
    signal.signal(signal.SIGTERM, lambda *_: None)
    running = beside()
    try:
        yield
    finally:
        running.stop()


def address(host: str, port: int, secure: bool = False) -> str:
    """The URL of what listens there."""
    scheme = "https" if secure else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _bound(config: uvicorn.Config) -> socket.socket:
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    # Only of a socket that says its protocol does asyncio turn Nagle's algorithm off: without, each answer on a kept
    # connection waits 40 ms for the other side's acknowledgement.
    bound = socket.socket(family, proto=socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((config.host, config.port))
    except OSError as error:
        bound.close()
        where = address(config.host, config.port, config.is_ssl)
        raise TerraceError(f"cannot listen at {where}: {error.strerror}", hint="Choose another one: --port.") from error
    bound.set_inheritable(True)
    return bound
