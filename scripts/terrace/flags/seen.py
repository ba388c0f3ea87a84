"""When flags were last evaluated, from a file: the one in which a server keeps usage, or JSON from elsewhere."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from terrace.errors import UsageError

_SQLITE = b"SQLite format 3\0"
_HINT = 'It is what a server keeps, or JSON: {"environments": {"production": {"since": TIME, "last": {KEY: TIME}}}}'


class Seen(NamedTuple):
    """Since when evaluations are counted, and when each flag was evaluated last, by environment, in Unix time."""

    since: Mapping[str, int] = MappingProxyType({})
    last: Mapping[str, Mapping[str, int]] = MappingProxyType({})


def seen_in(path: Path) -> Seen:
    """What a file says of evaluations. It is never written."""
    try:
        with path.open("rb") as stream:
            is_database = stream.read(len(_SQLITE)) == _SQLITE
        return _of_database(path) if is_database else _of_json(path.read_bytes())
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    except (sqlite3.Error, ValueError, RecursionError) as error:
        raise UsageError(f"{path} is no usage of flags: {error}", hint=_HINT) from error


def _of_database(path: Path) -> Seen:
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        last: dict[str, dict[str, int]] = {}
        for environment, flag, at in connection.execute("select environment, flag, max(at) from last group by 1, 2"):
            last.setdefault(environment, {})[flag] = at
        since = dict(connection.execute("select environment, min(at) from hour group by 1").fetchall())
    return Seen(since, last)


def _of_json(data: bytes) -> Seen:
    said: Any = json.loads(data)
    environments = said.get("environments") if isinstance(said, dict) else None
    if not isinstance(environments, dict) or not all(isinstance(each, dict) for each in environments.values()):
        raise ValueError("`environments` is no mapping of mappings")
    since = {name: _moment(about["since"]) for name, about in environments.items() if "since" in about}
    last = {name: dict(about.get("last", {})) for name, about in environments.items()}
    return Seen(since, {name: {key: _moment(at) for key, at in keys.items()} for name, keys in last.items()})


def _moment(text: object) -> int:
    moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    if moment is None or moment.tzinfo is None:
        raise ValueError(f"{text!r} is not a moment, as 2026-11-01T08:00:00Z is")
    return int(moment.timestamp())
