"""Values as canonical JSON: the same value gives the same bytes, on any machine and with any version of Python."""

from __future__ import annotations

import re
from typing import Any

import orjson

from terrace.errors import BundleError

_exponent = re.compile(rb"e(?<=[0-9]e)[-+]?[0-9]").search
"""Finds `1e-7`. It begins with a letter, not with a digit: digits are everywhere, and this is asked of every file."""


def canonical(value: Any) -> bytes:
    """`value` as the one JSON text that stands for it.

    - UTF-8 without a byte order mark; nothing is escaped but `"`, `\\` and control characters below U+0020;
    - keys sorted by code point, no spaces, no line end;
    - integers as they are; a float as the shortest digits that read back as the same number, always with `.0` or an
      exponent (`1.0`, `0.25`, `1e-07`, `1e+16`: an exponent below 0.0001 and from 1e16 on), as Python writes it.

    Infinities and NaN have no JSON form: whoever reads configuration refuses them long before this.
    """
    try:
        data = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return _slow(value)
    # orjson is ten times faster, and writes very small and large numbers in ways that change between its versions.
    return _slow(value) if _exponent(data) or b"0.0000" in data else data


def _slow(value: Any) -> bytes:
    import json

    try:
        text = json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode()
    except (TypeError, ValueError) as error:
        raise BundleError(
            f"a value cannot be written as JSON: {error}", hint="This is checked when files are read."
        ) from error
