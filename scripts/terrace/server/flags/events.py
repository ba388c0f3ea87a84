"""A stream that says when to ask for flags again: after a release, and when a moment comes at which they change."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator

import orjson

from terrace.model.flag import STREAM
from terrace.server.changes import Changes
from terrace.server.events import HEARTBEAT, Stream
from terrace.server.flags.bulk import stamp
from terrace.server.flags.said import RefusedError
from terrace.server.flags.tickets import Ticket, Tickets, is_one
from terrace.server.problems import ProblemError
from terrace.server.shelf import Shelf
from terrace.server.stand import Key

MOST = 5000
"""How many may listen at once, in one worker."""

RENEW = "renew"
"""What the tag of an event begins with after which a client gets all flags, and with them a new ticket."""

_RETRY = 2000


class Events:
    """Streams for whoever has a ticket."""

    def __init__(self, shelf: Shelf, changes: Changes, tickets: Tickets) -> None:
        self._shelf, self._changes, self._tickets = shelf, changes, tickets

    def stream(self, token: str, last: str) -> tuple[Stream, str]:
        """The stream for a ticket, and who has it. `last` is the id of the event that the client had last."""
        ticket = self._tickets.read(token)
        if ticket is None:
            if not is_one(token):
                raise RefusedError(401, "GENERAL", "The URL of events is in the answer for all flags: eventStreams.")
            # It is over, or the server was started anew. A client that got an error would never ask again.
            return Stream(_renewed(), lambda: None), ""
        try:
            self._changes.enter(STREAM, MOST)
        except ProblemError as error:
            raise RefusedError(error.status, "GENERAL", error.detail, error.headers) from error
        return Stream(self._events(ticket, last or ticket.tag), lambda: self._changes.leave(STREAM)), ticket.caller

    async def _events(self, ticket: Ticket, last: str) -> AsyncIterator[bytes]:
        key = Key(ticket.environment, STREAM)
        yield b"retry: %d\n: terrace\n\n" % _RETRY
        beat = time.monotonic() + HEARTBEAT
        while not self._changes.closing:
            event = self._changes.next(key)
            now = time.time()
            if now >= ticket.until:
                yield _renewal()
                return
            found = self._shelf.flags.get(ticket.environment)
            until = beat
            if found is not None and found.flags is not None:
                tag = stamp(found.flags, now)
                if tag != last:
                    last = tag
                    yield _message(tag, found.flags.made)
                moment = found.flags.moments.next(now)
                # A little later than it comes, lest it be asked for a little too early.
                until = min(beat, time.monotonic() + moment - now + 0.05) if moment is not None else beat
            if not await self._changes.wait(event, until - time.monotonic()) and until == beat:
                yield b": still here\n\n"
                beat += HEARTBEAT
        yield b": closing\n\n"


async def _renewed() -> AsyncIterator[bytes]:
    yield b"retry: 30000\n\n"
    yield _renewal()


def _renewal() -> bytes:
    return _message(f"{RENEW}-{secrets.token_hex(8)}", int(time.time()))


def _message(tag: str, made: int) -> bytes:
    said = orjson.dumps({"type": "refetchEvaluation", "etag": tag, "lastModified": made})
    return b"id: %b\ndata: %b\n\n" % (tag.encode(), said)
