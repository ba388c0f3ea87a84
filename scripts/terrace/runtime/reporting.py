"""What was evaluated in this process, reported to a server now and then: counts, and nothing of any context."""

from __future__ import annotations

import atexit
import logging
import math
import os
import random
import threading
import time
import uuid
from collections import deque
from collections.abc import Iterator, Mapping
from itertools import islice
from urllib.parse import SplitResult
from weakref import ref

import orjson

from terrace.errors import TerraceError
from terrace.flags.counting import Batch, Counts, Series, since
from terrace.runtime.asked import Asked
from terrace.runtime.calling import address, ask, authorization

USAGE_URL = "TERRACE_USAGE_URL"
PATH = "/v1/flags/usage"
_MOST = 400
"""Series in one report: it stays below what a server takes."""
_WAITING = 200
_SECONDS = 5.0
_LAST = 2.0
log = logging.getLogger("terrace.runtime")


class Reporter:
    """Reports counts every so many seconds, from a thread that no process waits for.

    While the server is away reports are kept, the newest `_WAITING` of them; `dropped` are the evaluations in others.
    """

    def __init__(self, server: SplitResult, environ: Mapping[str, str], counts: Counts, every: float) -> None:
        self.dropped = 0
        self._server, self._environ, self._counts, self._every = server, environ, counts, every
        self._thread: threading.Thread | None = None
        self._running = False
        self._said = ""
        self._begin()
        held = ref(self)

        def in_child() -> None:
            reporter = held()
            if reporter is not None:
                reporter._begin()
                if reporter._running:
                    reporter._start_thread()

        def at_end() -> None:
            reporter = held()
            if reporter is not None and reporter._running:
                reporter.stop()

        os.register_at_fork(after_in_child=in_child)
        atexit.register(at_end)

    def start(self) -> None:
        """Begin to report."""
        if not self._running:
            self._running = True
            self._stop.clear()
            self._start_thread()

    def stop(self) -> None:
        """End, and report what is left; a server that does not answer is not waited for long."""
        self._running = False
        self._stop.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(_SECONDS)
        self.report(_LAST, in_all=_LAST)

    def report(self, seconds: float = _SECONDS, *, in_all: float = math.inf) -> bool:
        """Report what was counted since the last time, and what is left from then; whether nothing is left now."""
        end = time.monotonic() + in_all
        with self._sending:
            self._collect()
            while self._waiting:
                if time.monotonic() > end:
                    return False
                if not self._send(self._waiting[0], seconds):
                    return False
                self._waiting.popleft()
            return True

    def _begin(self) -> None:
        """As at the start: in a forked process what is left is its parent's to report."""
        self._stop = threading.Event()
        self._sending = threading.Lock()
        self._waiting: deque[Batch] = deque()
        self._reported: Mapping[Series, int] = {}

    def _start_thread(self) -> None:
        self._thread = threading.Thread(target=self._run, name="terrace-usage", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        # Many processes that were started at the same moment do not report at the same moment.
        while not self._stop.wait(self._every * (0.75 + random.random() / 2)):
            try:
                self.report()
            except Exception:
                log.exception("reporting the usage of flags failed, and goes on")

    def _collect(self) -> None:
        now = self._counts.now
        fresh = since(self._reported, now)
        self._reported = now
        for counts in _parts(fresh):
            if len(self._waiting) >= _WAITING:
                self.dropped += sum(self._waiting.popleft().counts.values())
            self._waiting.append(Batch(str(uuid.uuid4()), time.time(), counts))

    def _send(self, batch: Batch, seconds: float) -> bool:
        """Whether a report is done with: the server has it, or will never take it."""
        name = f"{self._server.scheme}://{self._server.netloc}"
        try:
            sent = {**authorization(self._environ), "Content-Type": "application/json"}
            path = self._server.path.rstrip("/") + PATH
            answer = ask(self._server, path, sent, name=name, seconds=seconds, method="POST", body=encoded(batch))
        except TerraceError as error:
            self._say(error.message)
            return False
        if answer.status < 300:
            self._said = ""
            return True
        self._say(f"{name} answers {answer.status}")
        refused = answer.status in (400, 413, 422)
        if refused:
            self.dropped += sum(batch.counts.values())
        return refused

    def _say(self, problem: str) -> None:
        if problem != self._said:
            log.warning("usage of flags is not reported now: %s", problem)
        self._said = problem


def reporter(asked: Asked, counts: Counts, every: float) -> Reporter | None:
    """Who reports for a process; None where nobody is to be told."""
    url = asked.environ.get(USAGE_URL, "") or (asked.source if asked.is_remote else "")
    return Reporter(address(url), asked.environ, counts, every) if url and every > 0 else None


def encoded(batch: Batch) -> bytes:
    """The body of a report."""
    counts = [{**series._asdict(), "number": number} for series, number in batch.counts.items()]
    return orjson.dumps({"batch": batch.id, "until": batch.until, "counts": counts})


def _parts(counts: Mapping[Series, int]) -> Iterator[dict[Series, int]]:
    items = iter(counts.items())
    while part := dict(islice(items, _MOST)):
        yield part
