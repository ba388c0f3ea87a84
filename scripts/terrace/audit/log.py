"""The access log of one folder: records are appended by any number of processes, read, and verified."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import NamedTuple, Protocol, TypeVar

from terrace.audit import files
from terrace.audit.anchor import Anchor
from terrace.audit.key import Key, make_key, read_key
from terrace.audit.record import FIRST, Opening, Record, Value, decode, encode, fingerprints, sealed
from terrace.audit.verify import Verification, verified
from terrace.errors import AuditError
from terrace.model.source import Pointer

Values = TypeVar("Values", bound=Mapping[Pointer, Value])

LARGEST = 16 << 20
"""A part of the log that would grow past so many bytes is followed by the next one."""

_SPARE = 64 << 10


class Sink(Protocol):
    """Somewhere else that hears of every record, and of the head that it makes."""

    def send(self, record: Record, head: Anchor) -> None:
        """Tell it. An `OSError` is reported to whoever opened, and stops nobody."""


class Written(NamedTuple):
    """What became of a record: the head it made, and what went wrong on the way (nothing, if empty)."""

    head: Anchor | None
    problem: str = ""


class _Head(NamedTuple):
    grows: files.Part
    size: int
    sequence: int
    mac: str


def default_folder(environ: Mapping[str, str]) -> str:
    """Where the log of this user is, if nobody says otherwise: `$XDG_STATE_HOME/terrace/audit`."""
    state = environ.get("XDG_STATE_HOME", "")
    if not state.startswith("/"):
        home = environ.get("HOME", "")
        if not home.startswith("/"):
            raise AuditError(
                "there is no place for the audit log: neither XDG_STATE_HOME nor HOME is set",
                hint="Set XDG_STATE_HOME, or name a folder for the audit log.",
            )
        state = f"{home}/.local/state"
    return f"{state}/terrace/audit"


class Log:
    """The log in `folder`.

    `required` says that nothing may be opened without its record; otherwise a record that cannot be written is a
    problem that `Written` names. `repository` is a folder that neither log nor key may lie in: what is committed has
    no secret key beside it.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        key: str | os.PathLike[str] | None = None,
        required: bool = True,
        sinks: Iterable[Sink] = (),
        repository: str | os.PathLike[str] | None = None,
        largest: int = LARGEST,
        sync: bool = True,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.folder = os.path.abspath(folder)  # noqa: PTH100
        self.key_file = os.path.abspath(key) if key is not None else f"{self.folder}/key"  # noqa: PTH100
        self.required = required
        self._sinks = tuple(sinks)
        self._largest = largest
        self._sync = sync
        self._clock = clock
        for path in (self.folder, self.key_file):
            _refuse_inside(path, repository)

    def release(self, opening: Opening, open_it: Callable[[], Values]) -> tuple[Values, Written]:
        """What `open_it` gives, once its record is on disk. Nothing is opened where the log cannot be written.

        A failure of `open_it` is put into the log too, as an attempt.
        """
        if self.required:
            self.check()
        try:
            values = open_it()
        except Exception:
            self._write(opening, "failed", {})
            raise
        return values, self.record(opening, values)

    def record(self, opening: Opening, values: Mapping[Pointer, Value]) -> Written:
        """Append a record of what was opened, before the values go any further. Raises if `required` and it can't."""
        return self._write(opening, "opened", values)

    def check(self) -> None:
        """Raise where a record could not be written now: no permission, no space, no key, a tampered end."""
        with self._open() as (key, _), files.told("write the audit log"):
            head = self._head(key)
            files.append(head.grows.path, b"", sync=False)
            free = os.statvfs(self.folder)
            if free.f_bavail * free.f_frsize < _SPARE:
                raise AuditError(
                    f"cannot write the audit log: the disk is full ({self.folder})",
                    hint="Free some space; nothing is opened until a record can be written.",
                )

    def anchor(self) -> Anchor | None:
        """The head of the log, to be kept somewhere else; None while the log is empty."""
        key = self._key()
        for part in reversed(files.parts(self.folder)):
            with files.told("read the audit log"):
                last = self._last(files.read_tail(part.path).line, key, part)
            if last is not None:
                return Anchor(key.name, last.sequence, last.mac)
        return None

    def verify(self, against: Iterable[Anchor] = ()) -> Verification:
        """What was done to the log since it was written, as far as that can be known. Writers may go on."""
        with files.told("read the audit log"):
            return verified(self.folder, self._key(), tuple(against))

    def read(self) -> Iterator[Record]:
        """Every record, the oldest first, without looking at seals; lines that are no records are passed over."""
        for line in self.export():
            record = decode(line)
            if record is not None:
                yield record

    def export(self) -> Iterator[bytes]:
        """Every line as it stands, the oldest first; needs no key."""
        with files.told("read the audit log"):
            for part, size in files.snapshot(self.folder).parts:
                yield from (line for _, line in files.lines(part.path, size))

    def _key(self) -> Key:
        key = read_key(self.key_file)
        if key is None:
            raise AuditError(
                f"there is no audit key at {self.key_file}", hint="Name the key file that this log was written under."
            )
        return key

    def _write(self, opening: Opening, outcome: str, values: Mapping[Pointer, Value]) -> Written:
        try:
            with self._open() as (key, when), files.told("write the audit log"):
                head = self._head(key)
                record = self._next(head, opening, outcome, when, fingerprints(values, key))
                made = self._append(head, record, key)
                anchor = Anchor(key.name, made.sequence, made.mac)
        except AuditError as error:
            if self.required:
                raise
            return Written(None, error.message)
        return Written(anchor, self._tell(record._replace(key=key.name, mac=made.mac), anchor))

    def _tell(self, record: Record, head: Anchor) -> str:
        for sink in self._sinks:
            try:
                sink.send(record, head)
            except OSError as error:
                return f"the audit log's record {head.sequence} was not sent on: {error}"
        return ""

    @contextmanager
    def _open(self) -> Iterator[tuple[Key, datetime]]:
        with files.told("open the audit log"):
            os.makedirs(self.folder, mode=0o700, exist_ok=True)  # noqa: PTH103
            os.makedirs(os.path.dirname(self.key_file), mode=0o700, exist_ok=True)  # noqa: PTH103, PTH120
            with files.locked(self.folder):
                key = read_key(self.key_file)
                if key is None:
                    key = self._new_key()
                # Taken under the lock, so that the times of records do not run against their order.
                yield key, self._clock()

    def _new_key(self) -> Key:
        if any(os.path.getsize(part.path) for part in files.parts(self.folder)):  # noqa: PTH202
            raise AuditError(
                f"the audit key {self.key_file} is gone, and the log in {self.folder} was written under it",
                hint="Restore the key from a backup; or move the log's folder away as it is, to begin a new log.",
            )
        key = make_key(self.key_file)
        files.sync_folder(os.path.dirname(self.key_file))  # noqa: PTH120
        return key

    def _head(self, key: Key) -> _Head:
        """The end of the log, mended if it was torn."""
        found = files.parts(self.folder)
        grows = found[-1] if found else files.part(self.folder, 1)
        tail = files.read_tail(grows.path) if found else files.Tail(b"", 0, 0)
        line = tail.line
        for part in reversed(found[:-1]):
            line = line or files.read_tail(part.path).line
        last = self._last(line, key, grows)
        head = _Head(grows, tail.end, last.sequence if last else 0, last.mac if last else FIRST)
        return self._mend(head, tail, key) if tail.torn else head

    def _last(self, line: bytes, key: Key, grows: files.Part) -> Record | None:
        if not line:
            return None
        last = decode(line)
        if last is None or not sealed(line, key):
            other = last is not None and last.key != key.name
            why = "was written under another key" if other else "is not as it was written"
            raise AuditError(
                f"the audit log cannot be continued: its last record {why} ({grows.path})",
                hint="Verify it to see what was done. To begin a new log, move the log's folder away as it is.",
            )
        return last

    def _mend(self, head: _Head, tail: files.Tail, key: Key) -> _Head:
        name = files.set_aside(self.folder, head.grows, tail)
        from terrace.audit.record import whoami

        reason = f"{tail.torn} bytes without a line's end were moved to {name}"
        opening = Opening(whoami(), "", reason, f"{head.grows.name}")
        return self._append(head, self._next(head, opening, "mended", self._clock(), {}), key)

    def _next(self, head: _Head, opening: Opening, outcome: str, when: datetime, values: Mapping[str, str]) -> Record:
        time = when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return Record(head.sequence + 1, head.mac, time, os.uname().nodename, os.getpid(), outcome, opening, values)

    def _append(self, head: _Head, record: Record, key: Key) -> _Head:
        line, mac = encode(record, key)
        grows, size = head.grows, head.size
        if size and size + len(line) > self._largest:
            grows, size = files.part(self.folder, grows.number + 1), 0
        files.append(grows.path, line, sync=self._sync)
        return _Head(grows, size + len(line), record.sequence, mac)


def _refuse_inside(path: str, repository: str | os.PathLike[str] | None) -> None:
    if repository is None:
        return
    root = os.path.realpath(repository)
    if os.path.commonpath([root, os.path.realpath(path)]) == root:
        raise AuditError(
            f"the audit log may not lie in the repository: {path}",
            hint="Its key would be committed one day. Name a folder elsewhere, as $XDG_STATE_HOME/terrace/audit.",
        )
