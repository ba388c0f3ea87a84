"""Shamir's secret sharing over GF(2^8), as SOPS splits a data key between groups of keys. Reading only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terrace.sops.errors import DamagedError

if TYPE_CHECKING:
    from collections.abc import Sequence

_POLYNOMIAL = 0x11B


def combine(parts: Sequence[bytes]) -> bytes:
    """The secret that `parts` were made from. The last byte of a part is its x, the others are a y each."""
    xs = [part[-1] for part in parts]
    if len(set(xs)) != len(xs) or 0 in xs or len({len(part) for part in parts}) != 1:
        raise DamagedError("the parts of the file's data key do not belong together")
    weights = [_weight(x, [other for other in xs if other != x]) for x in xs]
    secret = bytearray(len(parts[0]) - 1)
    for part, weight in zip(parts, weights, strict=True):
        for index, y in enumerate(part[:-1]):
            secret[index] ^= _times(y, weight)
    return bytes(secret)


def _weight(x: int, others: Sequence[int]) -> int:
    """Lagrange's factor of the point at `x`, taken at 0."""
    weight = 1
    for other in others:
        weight = _times(weight, _times(other, _inverse(x ^ other)))
    return weight


def _times(left: int, right: int) -> int:
    product = 0
    while right:
        if right & 1:
            product ^= left
        left <<= 1
        if left & 0x100:
            left ^= _POLYNOMIAL
        right >>= 1
    return product


def _inverse(value: int) -> int:
    """The power 254: every element but 0 has the order 255."""
    result = 1
    for _ in range(254):
        result = _times(result, value)
    return result
