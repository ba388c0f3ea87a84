"""Secrets from a dotenv or JSON file: what is named there, by the places of the contract."""

from __future__ import annotations

import json
import re
from typing import Any

from terrace.errors import RefusedError, UsageError
from terrace.model.layers import leaves
from terrace.model.secret import Secret
from terrace.model.source import Pointer, dotted, parse_path
from terrace.model.typed import Scalar, typed
from terrace.secrets.place import Place

_LINE = re.compile(r"(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=[ \t]*(.*)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def imported(place: Place, text: str, form: str | None = None) -> dict[Pointer, Secret[Scalar]]:
    """The secrets that a file names, typed by the contract. Refuses what is no secret, by name and never by value."""
    as_json = form == "json" or (form is None and text.lstrip().startswith("{"))
    found = _of_json(place, text) if as_json else _of_dotenv(place, text)
    if not found:
        raise UsageError("the file names no secret: it is empty")
    return found


def _of_json(place: Place, text: str) -> dict[Pointer, Secret[Scalar]]:
    try:
        read: Any = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        # The library's message does not hold what stands there, only where.
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise UsageError(f"the file is not JSON{where}") from None
    if not isinstance(read, dict):
        raise UsageError("the file is not a JSON map")
    found: dict[Pointer, Secret[Scalar]] = {}
    for pointer, value in leaves(read):
        place_of = parse_path(str(pointer[0])) if len(pointer) == 1 and "." in str(pointer[0]) else pointer
        field = place.secret(place_of)
        if place_of in found:
            raise UsageError(f"{dotted(place_of)} stands there twice")
        if isinstance(value, str):
            found[place_of] = typed(value, field, place_of)
        elif isinstance(value, bool | int | float):
            found[place_of] = Secret(value)
        else:
            raise RefusedError(f"{dotted(place_of)} is not a single value, and secrets are")
    return found


def _once(entries: list[tuple[str, Any]]) -> dict[str, Any]:
    """The entries of a map. Of a name that stands twice nobody knows which value was meant."""
    found: dict[str, Any] = {}
    for name, value in entries:
        if name in found:
            raise UsageError(f"{dotted((name,))} stands there twice")
        found[name] = value
    return found


def _of_dotenv(place: Place, text: str) -> dict[Pointer, Secret[Scalar]]:
    names = _variables(place)
    found: dict[Pointer, Secret[Scalar]] = {}
    for number, name, value in _lines(text):
        pointer = names.get(name) or (parse_path(name) if "." in name else None)
        if pointer is None:
            known = ", ".join(sorted(names))
            raise UsageError(f"line {number}: {name} is the variable of no secret", hint=f"There are: {known}.")
        if pointer in found:
            raise UsageError(f"line {number}: {name} stands there twice")
        found[pointer] = typed(value, place.secret(pointer), pointer)
    return found


def _variables(place: Place) -> dict[str, Pointer]:
    """The variables of all secrets, as `terrace show --format dotenv` and the loader name them."""
    return {
        name: field.pointer
        for contract in place.contracts
        for field in contract.root.walk()
        if field.secret and not field.is_section
        for name in (contract.env_var(field), contract.derived_variable(field.pointer))
    }


def _lines(text: str) -> list[tuple[int, str, str]]:
    """The entries of a dotenv file: number of the line, name, value. A value in quotes may go over several lines."""
    found: list[tuple[int, str, str]] = []
    # Not by `splitlines`: what Unicode calls a line's end can be part of a password.
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    index = 0
    while index < len(lines):
        start, line = index + 1, lines[index].strip(" \t")
        index += 1
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise UsageError(f"line {start} is not NAME=value")
        raw = match[2]
        while raw[:1] in ("'", '"') and not _closed(raw):
            if index == len(lines):
                raise UsageError(f"line {start}: the quotes do not close")
            raw = f"{raw}\n{lines[index]}"
            index += 1
        found.append((start, match[1], _value(raw, start)))
    return found


def _end(raw: str) -> int:
    """Where the quotes that `raw` begins with close; -1 if they do not."""
    quote, index = raw[0], 1
    while index < len(raw) and raw[index] != quote:
        index += 2 if quote == '"' and raw[index] == "\\" else 1
    return index if index < len(raw) else -1


def _closed(raw: str) -> bool:
    return _end(raw) >= 0


def _value(raw: str, line: int) -> str:
    if raw[:1] not in ("'", '"'):
        return re.split(r"[ \t]#", raw, maxsplit=1)[0].rstrip(" \t")
    end = _end(raw)
    rest = raw[end + 1 :].strip()
    if rest and not rest.startswith("#"):
        raise UsageError(f"line {line}: something stands behind the closing quotes")
    inner = raw[1:end]
    return inner if raw[0] == "'" else re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), inner, flags=re.DOTALL)
