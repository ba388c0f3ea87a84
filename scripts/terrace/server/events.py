"""A slice as it changes: long polls that end when it does, and streams of server-sent events."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from terrace.errors import BundleError, TerraceError
from terrace.server import asked
from terrace.server.asked import Admitted
from terrace.server.callers import Caller
from terrace.server.changes import Changes
from terrace.server.problems import ProblemError, nothing
from terrace.server.slices import Answer, Found, Question, Slices

HEARTBEAT = 15.0
"""Seconds after which a stream shows that it is alive, and its caller is looked at again."""

OPENING = 30.0
"""Seconds that opening secrets may take."""

_TRIES = 3
log = logging.getLogger("terrace.server")


class Given(NamedTuple):
    """What a request gets: an answer, and the slice it is of. `answer` is None where the caller has it already."""

    found: Found
    answer: Answer | None


class Configs:
    """Gives slices to callers, now or as soon as they are others."""

    def __init__(self, slices: Slices, changes: Changes) -> None:
        self._slices = slices
        self._changes = changes

    async def now(self, caller: Caller, question: Question, has: Callable[[Found], bool]) -> Given:
        """What is served now, unless the caller `has` it."""
        for attempt in range(_TRIES):
            try:
                found = await self._found(caller, question)
                return Given(found, None if has(found) else await self._answer(caller, question, found))
            except BundleError:
                # The release is gone, and was not in memory: a newer one is there, or will be in a moment.
                await asyncio.sleep(0.05 * (attempt + 1))
            except TimeoutError as error:
                raise ProblemError(503, "A secret cannot be opened in time.", {"Retry-After": "5"}) from error
            except TerraceError as error:
                # What went wrong names files and stores, which are for those who run this.
                log.error("a secret could not be opened for %s: %s", caller.name, error.message)
                raise ProblemError(503, "A secret cannot be opened now.", {"Retry-After": "5"}) from error
        raise ProblemError(503, "The release cannot be read now.", {"Retry-After": "1"})

    async def once(self, request: Request, question: Question) -> Given:
        """What is served now, unless the request says that the caller has it."""
        caller = asked.admitted(request).caller
        return await self.now(caller, question, lambda found: asked.has(request, found.tag))

    async def changed(self, request: Request, question: Question, seconds: float) -> Given:
        """What is served as soon as it is not what the caller has; or, after `seconds`, that it has it still."""
        admitted = asked.admitted(request)
        end = time.monotonic() + seconds
        with self._changes.place(admitted.caller.name):
            while True:
                event = self._changes.next(question.key)
                given = await self.now(admitted.caller, question, lambda found: asked.has(request, found.tag))
                left = end - time.monotonic()
                if given.answer is not None or left <= 0 or self._changes.closing:
                    return given
                await self._changes.wait(event, min(left, HEARTBEAT))
                if not admitted.still:
                    raise nothing()

    async def stream(self, request: Request, question: Question) -> Response:
        """A stream of what is served, from now on; what the caller had last (`Last-Event-ID`) is not sent again."""
        admitted = asked.admitted(request)
        await self._found(admitted.caller, question)
        self._changes.enter(admitted.caller.name)
        events = self._events(question, admitted, request.headers.get("last-event-id", ""))
        return Stream(events, lambda: self._changes.leave(admitted.caller.name))

    async def _events(self, question: Question, admitted: Admitted, last: str) -> AsyncIterator[bytes]:
        yield b": terrace\n\n"
        beat = time.monotonic() + HEARTBEAT
        while not self._changes.closing and admitted.still:
            event = self._changes.next(question.key)
            until = beat
            try:
                given = await self.now(admitted.caller, question, lambda found: _mark(found) == last)  # noqa: B023
                if given.answer is not None:
                    last = _mark(given.found)
                    yield b"event: config\nid: %s\ndata: %s\n\n" % (last.encode(), given.answer.body)
            except ProblemError as error:
                if error.status != 503:
                    yield b"event: gone\ndata: {}\n\n"
                    return
                until = min(beat, time.monotonic() + 1)
            # What wakes may be somebody else's release: nothing is sent for it, and the heartbeat keeps its time.
            if not await self._changes.wait(event, until - time.monotonic()) and until == beat:
                yield b": still here\n\n"
                beat += HEARTBEAT
        yield b": closing\n\n"

    async def _found(self, caller: Caller, question: Question) -> Found:
        if question.provenance:
            return await run_in_threadpool(self._slices.find, caller, question)
        return self._slices.find(caller, question)

    async def _answer(self, caller: Caller, question: Question, found: Found) -> Answer:
        if not caller.sees_secrets:
            return self._slices.answer(caller, question, found)
        async with asyncio.timeout(OPENING):
            return await run_in_threadpool(self._slices.answer, caller, question, found)


class Stream(StreamingResponse):
    """A stream that calls `end` when it ends, in whatever way."""

    def __init__(self, events: AsyncIterator[bytes], end: Callable[[], None]) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(events, headers=headers, media_type="text/event-stream")
        self._end = end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._end()


def _mark(found: Found) -> str:
    """What stands for a slice in a stream."""
    return found.tag.strip('"') or found.digest
