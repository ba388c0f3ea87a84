"""Kills that count before the branch has them: because its remote is away, or does not take what nobody reviewed.

They lie beside the audit in a file that is signed with a key of its own and replaced as a whole, so that they outlive
the server; each is over after some hours. What is not as it was written counts for nothing, and is said.
"""

from __future__ import annotations

import fcntl
import hmac
import logging
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import orjson

FILE, KEY, LOCK = "overrides.json", "overrides.key", "overrides.lock"
log = logging.getLogger("terrace.server")


class Override(NamedTuple):
    """A flag that is killed in an environment until `expires`, for a reason and by somebody. Times are RFC 3339.

    `follows` is the branch that is to have it; `proposed` the branch that was put up for review, where one was.
    """

    flag: str
    environment: str
    reason: str
    actor: str
    email: str
    made: str
    expires: str
    follows: str
    proposed: str = ""


class Overrides:
    """The overrides of a repository's servers, in `folder`; those of the branch `follows` are this one's."""

    def __init__(self, folder: Path, follows: str, hours: float) -> None:
        self._folder, self._follows, self._hours = folder, follows, hours
        self._seen: object = None
        self._read: tuple[Override, ...] = ()
        self._said: set[str] = set()
        self.problem = ""

    def now(self, moment: datetime) -> tuple[Override, ...]:
        """Those that count at a moment."""
        seen = _stamp(self._folder / FILE)
        if seen != self._seen:
            self._read, self._seen = self._checked(), seen
        mine = [each for each in self._read if each.follows == self._follows]
        for each in mine:
            if _time(each.expires) <= moment and each.expires not in self._said:
                self._said.add(each.expires)
                log.error("the override that kills %s in %s is over: it was never in the branch", *each[:2])
        return tuple(each for each in mine if _time(each.expires) > moment)

    def add(self, flag: str, environment: str, reason: str, actor: tuple[str, str]) -> Override:
        """Kill a flag at once, and until it is over."""
        now = datetime.now(UTC)
        made, over = (each.strftime("%Y-%m-%dT%H:%M:%SZ") for each in (now, now + timedelta(hours=self._hours)))
        new = Override(flag, environment, reason, *actor, made, over, self._follows)
        self._change(lambda kept: [*(each for each in kept if not _same(each, new)), new])
        log.warning("%s is killed in %s by an override until %s: %s", flag, environment, over, reason)
        return new

    def lift(self, gone: Override, why: str) -> None:
        """Take one away."""
        self._change(lambda kept: [each for each in kept if not _same(each, gone)])
        log.info("the override that kills %s in %s is taken away: %s", gone.flag, gone.environment, why)

    def note(self, each: Override, proposed: str) -> None:
        """Remember that it was put up for review."""
        self._change(lambda kept: [one._replace(proposed=proposed) if _same(one, each) else one for one in kept])

    def _change(self, change: Callable[[Iterable[Override]], Iterable[Override]]) -> None:
        with self._alone():
            now = datetime.now(UTC)
            kept = [each for each in change(self._checked()) if _time(each.expires) > now]
            held = [each._asdict() for each in kept]
            data = orjson.dumps({"overrides": held, "mac": _mac(self._key(), held)})
            temporary = self._folder / f".{FILE}"
            file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                os.write(file, data)
                os.fsync(file)
            finally:
                os.close(file)
            temporary.replace(self._folder / FILE)

    def _checked(self) -> tuple[Override, ...]:
        """What the file holds, if it is as it was written."""
        try:
            data = (self._folder / FILE).read_bytes()
        except FileNotFoundError:
            self.problem = ""
            return ()
        except OSError as error:
            return self._ignored(str(error.strerror))
        try:
            held = orjson.loads(data)
            mac, listed = held["mac"], held["overrides"]
            if not hmac.compare_digest(str(mac), _mac(self._key(), listed)):
                return self._ignored("it is not as it was written")
            found = tuple(Override(**each) for each in listed)
        except (ValueError, TypeError, KeyError):
            return self._ignored("it is not as it was written")
        self.problem = ""
        return found

    def _ignored(self, why: str) -> tuple[Override, ...]:
        self.problem = f"{FILE} counts for nothing: {why}"
        log.error("%s", self.problem)
        return ()

    def _key(self) -> bytes:
        """The key, made when it is first needed."""
        path = self._folder / KEY
        with suppress(FileExistsError):
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                os.write(file, secrets.token_bytes(32))
                os.fsync(file)
            finally:
                os.close(file)
        return path.read_bytes()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self._folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def _same(one: Override, other: Override) -> bool:
    return (one.flag, one.environment, one.follows) == (other.flag, other.environment, other.follows)


def _mac(key: bytes, held: object) -> str:
    return hmac.new(key, orjson.dumps(held, option=orjson.OPT_SORT_KEYS), "sha256").hexdigest()


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _stamp(file: Path) -> object:
    try:
        found = file.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_mtime_ns, found.st_size
