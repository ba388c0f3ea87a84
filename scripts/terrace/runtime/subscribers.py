"""Who wants to hear of a change: asked before it, told after it, in this thread or in an event loop of theirs."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    import asyncio

C = TypeVar("C")
SECONDS = 30.0
"""A coroutine that was asked before a change and has no answer after this time refuses it."""


class _Subscriber(NamedTuple, Generic[C]):
    call: Callable[[C], Any]
    loop: asyncio.AbstractEventLoop | None


class Veto(NamedTuple):
    """Who objects, and why in their own words, which may show a value."""

    summary: str
    reason: str


class Subscribers(Generic[C]):
    """The subscribers of one handle."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: list[_Subscriber[C]] = []
        self._told: list[_Subscriber[C]] = []

    def add(self, call: Callable[[C], Any], *, prepares: bool) -> Callable[[], None]:
        """Subscribe; what comes back ends it. A coroutine function belongs to the loop that is running now."""
        loop = None
        if inspect.iscoroutinefunction(call) or inspect.iscoroutinefunction(type(call).__call__):
            import asyncio

            loop = asyncio.get_running_loop()
        subscriber, those = _Subscriber(call, loop), self._asked if prepares else self._told
        with self._lock:
            those.append(subscriber)

        def end() -> None:
            with self._lock:
                if subscriber in those:
                    those.remove(subscriber)

        return end

    def prepare(self, change: C) -> Veto | None:
        """Why the first subscriber that objects does; None where nobody does."""
        for subscriber in self._copy(self._asked):
            try:
                _call(subscriber, change)
            except Exception as error:  # noqa: BLE001 - a subscriber is its owner's code and may raise anything
                return Veto(f"{_name(subscriber)} objects", _told(error))
        return None

    def tell(self, change: C) -> Iterator[str]:
        """What went wrong with those that were told, one line each; the others were told all the same."""
        for subscriber in self._copy(self._told):
            try:
                _call(subscriber, change)
            except Exception as error:  # noqa: BLE001 - as above
                yield f"{_name(subscriber)}: {_told(error)}"

    def _copy(self, those: list[_Subscriber[C]]) -> list[_Subscriber[C]]:
        with self._lock:
            return list(those)


def _call(subscriber: _Subscriber[C], change: C) -> None:
    if subscriber.loop is None:
        subscriber.call(change)
        return
    import asyncio

    if subscriber.loop.is_closed():
        raise RuntimeError("its event loop is closed")
    coroutine: Coroutine[Any, Any, Any] = subscriber.call(change)
    asyncio.run_coroutine_threadsafe(coroutine, subscriber.loop).result(SECONDS)


def _name(subscriber: _Subscriber[C]) -> str:
    return str(getattr(subscriber.call, "__qualname__", type(subscriber.call).__name__))


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
