"""The two ways in which flagd puts a subject into a bucket, so that we can tell which one an evaluator has.

v3 hashes the key to split by as CBOR writes it, v2 as text. The evaluator of ours has v3 alone.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Literal

Algorithm = Literal["v2", "v3"]


def variant_by(algorithm: Algorithm, key: str, flag: Mapping[str, Any], context: Mapping[str, Any]) -> str | None:
    """The variant that a flag comes to where subjects are split by `algorithm`; None for the application's default."""
    from json_logic import jsonLogic
    from openfeature.contrib.tools.flagd.core.targeting.targeting import OPERATORS

    operators = OPERATORS if algorithm == "v3" else {**OPERATORS, "fractional": _fractional_v2}
    data = {**context, "$flagd": {"flagKey": key, "timestamp": int(time.time())}}
    found = jsonLogic(flag.get("targeting") or None, data, operators)
    if isinstance(found, bool):
        return str(found).lower()
    default = flag.get("defaultVariant")
    return str(found) if found is not None else default if isinstance(default, str) else None


def _fractional_v2(data: Mapping[str, Any], *said: Any) -> Any:
    import mmh3

    key: object = None
    shares = said
    if said and not isinstance(said[0], list):
        key, shares = said[0], said[1:]
    elif isinstance(data.get("targetingKey"), str):
        key = data["$flagd"]["flagKey"] + data["targetingKey"]
    if not isinstance(key, str):
        return None
    weights = [max(0, share[1]) if len(share) > 1 else 1 for share in shares]
    bucket = (mmh3.hash(key, signed=False) * sum(weights)) >> 32
    for share, weight in zip(shares, weights, strict=True):
        bucket -= weight
        if bucket < 0:
            return share[0]
    return None
