"""Asks an application as a web server does, and keeps exactly what it answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from starlette.types import ASGIApp, Message

from terrace.server.app import Server

HERE = "127.0.0.1"


@dataclass(frozen=True)
class Got:
    """One response. `headers` are in the order in which they were sent."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def __getitem__(self, name: str) -> str:
        return dict(self.headers).get(name, "")

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def shape(self) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
        """All of it but what is new in every response."""
        return self.status, tuple(pair for pair in self.headers if pair[0] != "x-request-id"), self.body


class Open:
    """A response that may still go on."""

    def __init__(self, app: ASGIApp, url: str, headers: Mapping[str, str], client: str, body: bytes) -> None:
        path, _, query = url.partition("?")
        sent = {"host": HERE, **{name.lower(): value for name, value in headers.items()}}
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": sent.pop(":method", "GET"),
            "scheme": "http", "path": unquote(path), "raw_path": path.encode(), "root_path": "",
            "query_string": query.encode(), "client": (client, 4711), "server": (HERE, 80), "state": {},
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in sent.items()],
        }  # fmt: skip
        self._gone = asyncio.Event()
        self._sent: asyncio.Queue[Message] = asyncio.Queue()
        self._body = [body]
        self.task = asyncio.create_task(app(scope, self._receive, self._sent.put))  # type: ignore[arg-type]

    async def next(self) -> Message:
        """The next part of the response; the task's own error if it failed."""
        getting = asyncio.ensure_future(self._sent.get())
        async with asyncio.timeout(20):
            await asyncio.wait({getting, self.task}, return_when=asyncio.FIRST_COMPLETED)
            if not getting.done() and self.task.done():
                self.task.result()
            return await getting

    async def chunk(self) -> bytes:
        """The next part of the body; the first call also passes by the headers."""
        while True:
            message = await self.next()
            if message["type"] == "http.response.body":
                body: bytes = message["body"]
                return body

    async def whole(self) -> Got:
        """All of it."""
        start = await self.next()
        headers = tuple((key.decode(), value.decode()) for key, value in start["headers"])
        body, more = b"", True
        while more:
            message = await self.next()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        await self.task
        return Got(start["status"], headers, body)

    async def leave(self) -> None:
        """Go away, as a client does that closes its connection."""
        self._gone.set()
        await self.task

    async def _receive(self) -> Message:
        if self._body:
            return {"type": "http.request", "body": self._body.pop(), "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}


class Asking:
    """A running application."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def open(self, url: str, *, token: str = "", client: str = HERE, body: bytes = b"", **headers: str) -> Open:
        """Ask, and wait for nothing. Names of headers are written with `_` for `-`."""
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            said["authorization"] = f"Bearer {token}"
        return Open(self.server.app, url, said, client, body)

    async def get(self, url: str, **more: Any) -> Got:
        """Ask, and get all of the response."""
        return await self.open(url, **more).whole()


@asynccontextmanager
async def running(server: Server) -> AsyncIterator[Asking]:
    """The application from its start-up to its shutdown."""
    async with server.api.router.lifespan_context(server.api):
        yield Asking(server)


def play(server: Server, story: Callable[[Asking], Coroutine[Any, Any, None]]) -> None:
    """Run `story` with the application, from its start-up to its shutdown."""

    async def whole() -> None:
        async with running(server) as ask:
            await story(ask)

    asyncio.run(whole())


async def later(true: Callable[[], object]) -> None:
    """Wait until `true` is, while the application goes on."""
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.01)


def served(server: Server) -> str:
    """The digest of what is served, where that is one bundle; empty for nothing."""
    found = [snapshot.bundle.ref.digest for snapshot in server.shelf.served.values()]
    return found[0] if found else ""
