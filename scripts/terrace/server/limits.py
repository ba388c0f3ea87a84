"""How often one caller may ask: a bucket of tokens for each, filled again as time goes by."""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

_MOST = 10_000


class _Bucket(NamedTuple):
    left: float
    at: float


class Rate:
    """`rate` requests a second, and `burst` at once; for one event loop. No limit where `rate` is 0."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, max(burst, 1.0)
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def seconds_until(self, caller: str, now: float) -> float:
        """0 if `caller` may ask now, which is counted; else the seconds until it may."""
        if self._rate <= 0:
            return 0.0
        left, at = self._buckets.pop(caller, _Bucket(self._burst, now))
        left = min(self._burst, left + max(now - at, 0.0) * self._rate)
        waits = 0.0 if left >= 1 else (1 - left) / self._rate
        self._buckets[caller] = _Bucket(left if waits else left - 1, now)
        if len(self._buckets) > _MOST:
            # Who did not ask for longest has a full bucket by now, or nearly.
            self._buckets.popitem(last=False)
        return waits
