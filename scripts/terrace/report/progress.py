"""A bar for work that takes longer than a second: on standard error, on a terminal, gone when the work is done."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from time import monotonic
from typing import TextIO, TypeVar

from terrace.report.cells import cut

T = TypeVar("T")

_PATIENCE = 1.0
"""Work that is done by then shows no bar."""
_PAUSE = 0.1
_CELLS = 24
_ERASE = "\r\x1b[K"


def progress(
    iterable: Iterable[T],
    total: int,
    label: str,
    *,
    stream: TextIO | None = None,
    clock: Callable[[], float] = monotonic,
) -> Iterator[T]:
    """The items of `iterable`, while a bar tells how many of `total` are done."""
    shown_on = sys.stderr if stream is None else stream
    if not shown_on.isatty() or os.environ.get("TERM") == "dumb":
        yield from iterable
        return
    due, drawn = clock() + _PATIENCE, False
    try:
        for done, item in enumerate(iterable):
            now = clock()
            if now >= due:
                shown_on.write(_ERASE + _bar(label, done, total, _encodes_blocks(shown_on)))
                shown_on.flush()
                due, drawn = now + _PAUSE, True
            yield item
    finally:
        if drawn:
            shown_on.write(_ERASE)
            shown_on.flush()


def _bar(label: str, done: int, total: int, blocks: bool) -> str:
    share = min(1.0, done / total) if total > 0 else 0.0
    full = int(share * _CELLS)
    on, off = ("━", "─") if blocks else ("#", "-")
    count = f"{done:,} of {total:,}" if total > 0 else f"{done:,}"
    # One line of 79: a line that wraps cannot be erased.
    return cut(f"{cut(label, 30)} {on * full}{off * (_CELLS - full)} {share:4.0%}  {count}", 79)


def _encodes_blocks(stream: TextIO) -> bool:
    return (getattr(stream, "encoding", None) or "").lower().replace("-", "") == "utf8"
