"""One record of the log, and its line: canonical JSON whose last member is the seal over everything before it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson

from terrace.audit.key import Key
from terrace.model.source import Pointer, dotted

Value = str | bytes | int | float | bool

FIRST = "0" * 64
"""What the first record of a log names as the seal before it."""

_SEAL = b',"mac":"'
_END = b'"}'


class Who(NamedTuple):
    """Who opens: the user of the operating system, who logged in (where the kernel knows it), and the Git identity."""

    user: str
    uid: int
    login: int | None = None
    identity: str = ""


class Opening(NamedTuple):
    """One opening of one file or reference, before it is known what is inside."""

    who: Who
    command: str
    reason: str
    file: str
    commit: str = ""


class Record(NamedTuple):
    """One line of the log. `values` holds the fingerprint of every opened value, by dotted path.

    `outcome` is `opened`, `failed` (the secret could not be opened), or `mended`: a line that was never finished was
    moved to the file that `reason` names.
    """

    sequence: int
    previous: str
    time: str
    host: str
    pid: int
    outcome: str
    opening: Opening
    values: Mapping[str, str] = MappingProxyType({})
    key: str = ""
    mac: str = ""


def whoami(identity: str = "") -> Who:
    """The user that this process runs as."""
    import pwd

    uid = os.getuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:  # a container may run as a number that has no name
        name = str(uid)
    return Who(name, uid, _login(), identity)


def fingerprints(values: Mapping[Pointer, Value], key: Key) -> dict[str, str]:
    """The fingerprint of each value, by dotted path."""
    return {dotted(pointer): key.fingerprint(value) for pointer, value in values.items()}


def encode(record: Record, key: Key) -> tuple[bytes, str]:
    """The line of a record, sealed, and the seal. The record's own `key` and `mac` are not looked at."""
    opening, who = record.opening, record.opening.who
    body = orjson.dumps(
        {
            "seq": record.sequence,
            "prev": record.previous,
            "key": key.name,
            "time": record.time,
            "host": record.host,
            "pid": record.pid,
            "user": _clean(who.user),
            "uid": who.uid,
            "login": who.login,
            "identity": _clean(who.identity),
            "outcome": record.outcome,
            "command": _clean(opening.command),
            "reason": _clean(opening.reason),
            "file": _clean(opening.file),
            "commit": _clean(opening.commit),
            "values": {_clean(path): mark for path, mark in record.values.items()},
        }
    )[:-1]
    mac = key.seal(body)
    return body + _SEAL + mac.encode() + _END + b"\n", mac


def decode(line: bytes) -> Record | None:
    """The record of a line, without looking at its seal; None for what is no record."""
    try:
        raw: dict[str, Any] = orjson.loads(line)
        who = Who(str(raw["user"]), int(raw["uid"]), raw["login"], str(raw["identity"]))
        opening = Opening(who, str(raw["command"]), str(raw["reason"]), str(raw["file"]), str(raw["commit"]))
        return Record(
            int(raw["seq"]),
            str(raw["prev"]),
            str(raw["time"]),
            str(raw["host"]),
            int(raw["pid"]),
            str(raw["outcome"]),
            opening,
            dict(raw["values"]),
            str(raw["key"]),
            str(raw["mac"]),
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, OverflowError):
        return None


def sealed(line: bytes, key: Key) -> bool:
    """Whether a line (without its end) bears the seal that `key` gives to exactly these bytes."""
    import hmac

    body, seal, mac = line[: -64 - len(_SEAL) - len(_END)], line[-64 - len(_SEAL) - len(_END) :], line[-66:-2]
    framed = seal[: len(_SEAL)] == _SEAL and line[-2:] == _END
    return framed and hmac.compare_digest(mac, key.seal(body).encode())


def _clean(text: str) -> str:
    """`text` with the bytes of a file name or argument that are no UTF-8 written out: JSON cannot hold them."""
    return text.encode("utf-8", "backslashreplace").decode()


def _login() -> int | None:
    """The user who logged in, which `sudo` and `su` do not change; None where the kernel does not keep it."""
    try:
        with open("/proc/self/loginuid", "rb") as file:
            number = int(file.read())
    except (OSError, ValueError):
        return None
    return None if number == 0xFFFFFFFF else number
