"""Who asks for flags, remembered for a moment: to find it out costs more than an evaluation."""

from __future__ import annotations

import time
from collections.abc import Callable

from starlette.types import Scope

from terrace.server.callers import Caller
from terrace.server.guard import Guard
from terrace.server.peers import STATE, Peer

LASTS = 0.25
"""Seconds for which a token is good that was so a moment ago, though it is taken back meanwhile."""

_MOST = 4096


class Known:
    """Asks the guard who a caller is, and remembers those who are let in. Belongs to one event loop."""

    def __init__(self, guard: Guard, clock: Callable[[], float] = time.monotonic) -> None:
        self._guard, self._clock = guard, clock
        self._known: dict[tuple[str, str, str, Peer | None], tuple[Caller, float]] = {}

    async def caller(self, scope: Scope, authorization: str, client: str, host: str) -> Caller | None:
        """Who asks; None for nobody known."""
        peer: Peer | None = scope["state"].get(STATE) if "state" in scope else None
        key = (authorization, client, host, peer)
        now = self._clock()
        remembered = self._known.get(key)
        if remembered is not None and now < remembered[1]:
            return remembered[0]
        admitted = await self._guard.known(scope, authorization, host)
        if admitted is None:
            self._known.pop(key, None)
            return None
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[key] = (admitted.caller, now + LASTS)
        return admitted.caller
