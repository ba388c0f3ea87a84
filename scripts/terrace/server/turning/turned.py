"""Lets others wait until what they did was looked at."""

from __future__ import annotations

import threading


class Turned:
    """Counts looks at what is followed, from their beginning to the end of what they led to."""

    def __init__(self) -> None:
        self._begun = self._done = 0
        self._ended = threading.Condition()

    def begin(self) -> None:
        """A look begins: whatever was there before now is seen."""
        with self._ended:
            self._begun += 1

    def end(self) -> None:
        """What the last look found is turned, or refused."""
        with self._ended:
            self._done = self._begun
            self._ended.notify_all()

    @property
    def mark(self) -> int:
        """Stands for now: a look that begins from here on is a later one."""
        with self._ended:
            return self._begun

    def after(self, mark: int, seconds: float) -> bool:
        """Wait, at most so long, for the end of a look that began after `mark` was taken; whether it came."""
        with self._ended:
            return self._ended.wait_for(lambda: self._done > mark, seconds)
