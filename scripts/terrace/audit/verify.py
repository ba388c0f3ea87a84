"""What was done to the log since it was written: every seal is computed anew, and every link to the record before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from terrace.audit import files
from terrace.audit.anchor import Anchor
from terrace.audit.key import Key
from terrace.audit.record import FIRST, Record, decode, sealed

Kind = Literal["edited", "reordered", "removed", "truncated", "torn", "other-key", "other-head"]


class Problem(NamedTuple):
    """One thing that is not as it was written, with its file and line (0: the file as a whole)."""

    kind: Kind
    file: str
    line: int
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.message}"


class Verification(NamedTuple):
    """What verifying found. `unknown` says what such a log cannot show, whatever was found."""

    problems: tuple[Problem, ...]
    records: int
    head: Anchor | None
    unknown: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.problems


def verified(folder: str, key: Key, anchors: Sequence[Anchor]) -> Verification:
    """Everything that is wrong with the log in `folder`."""
    ours = [anchor for anchor in anchors if anchor.key == key.name]
    chain = _Chain(key, {anchor.sequence: anchor for anchor in ours})
    there = files.snapshot(folder)
    for part, size in there.parts:
        chain.part(part, size)
    chain.torn_files(there.torn)
    chain.end()
    head = Anchor(key.name, chain.sequence, chain.mac) if chain.records else None
    unknown = _unknown(head, max((anchor.sequence for anchor in ours), default=0), len(anchors) - len(ours))
    return Verification(tuple(chain.problems), chain.records, head, unknown)


class _Chain:
    """Where verifying has come to: the last record that was as it should be, and the problems so far."""

    def __init__(self, key: Key, anchors: dict[int, Anchor]) -> None:
        self.problems: list[Problem] = []
        self.records = 0
        self.sequence = 0
        self.mac = FIRST
        self._key = key
        self._anchors = anchors
        self._number = 0
        self._file = files.part("", 1).name
        self._mended: set[str] = set()
        # Lines since the last good record that are none: as many records may be missing without being removed.
        self._unread = 0

    def part(self, part: files.Part, size: int) -> None:
        """Take the next file of the log."""
        self._begins(part, size)
        self._number, self._file = part.number, part.name
        whole = 0
        for number, line in files.lines(part.path, size):
            whole += len(line) + 1
            self._line(number, line)
        if whole < size:
            said = f"{size - whole} bytes at the end are no whole record: a crash leaves that, and so does a cut"
            self._report("torn", 0, said)

    def torn_files(self, names: Sequence[str]) -> None:
        """Report every end that was moved aside, and what stands there without the log's knowing."""
        for name in sorted(self._mended.union(names)):
            if name not in self._mended:
                said = "no record tells of this file: mending was interrupted, or somebody put it here"
            elif name in names:
                said = "a record that was never finished was moved here: a crash leaves that, and so does a cut"
            else:
                said = "the record that was never finished, and was moved to this file, is gone"
            self.problems.append(Problem("torn", name, 0, said))

    def end(self) -> None:
        """Hold the head against the highest anchor."""
        highest = max(self._anchors, default=0)
        if highest > self.sequence:
            said = f"the log ends with record {self.sequence}, and record {highest} was anchored: it was cut"
            self._report("truncated", 0, said)

    def _begins(self, part: files.Part, size: int) -> None:
        """Notice files that are not there. Older ones may be archived, where an anchor vouches for their end."""
        missing = range(self._number + 1, part.number)
        if not missing or (not self._number and self._vouched(part, size)):
            return
        first, last = (files.part("", number).path[1:] for number in (missing[0], missing[-1]))
        names = f"{first} is" if first == last else f"{first} to {last} are"
        self.problems.append(Problem("removed", part.name, 0, f"{names} missing before this file"))

    def _vouched(self, part: files.Part, size: int) -> bool:
        first = next((decode(line) for _, line in files.lines(part.path, size)), None)
        anchor = self._anchors.get(first.sequence - 1) if first else None
        if first is None or anchor is None or anchor.mac != first.previous:
            return False
        self.sequence, self.mac = anchor.sequence, anchor.mac
        return True

    def _line(self, number: int, line: bytes) -> None:
        record = decode(line)
        if record is None or not sealed(line, self._key):
            self._unread += 1
            if record is not None and record.key != self._key.name:
                self._report("other-key", number, f"written under another key ({record.key}): it cannot be verified")
            else:
                self._report("edited", number, "not as it was written: the seal does not fit")
            return
        self.records += 1
        if self._link(number, record):
            self._anchored(number, record)
            self.sequence, self.mac, self._unread = record.sequence, record.mac, 0
        if record.outcome == "mended":
            self._mended.add(record.opening.reason.rsplit(" ", 1)[-1])

    def _link(self, number: int, record: Record) -> bool:
        """Whether a record comes after those before it, be it with a gap."""
        wanted, found = self.sequence + 1, record.sequence
        if found < wanted:
            self._report("reordered", number, f"record {found} stands after record {self.sequence}: moved, or repeated")
            return False
        if found == wanted and record.previous != self.mac:
            self._report("other-head", number, f"record {found} was written after another record {self.sequence}")
        elif found - wanted > self._unread:
            names = f"record {wanted} is" if found - wanted == 1 else f"records {wanted} to {found - 1} are"
            self._report("removed", number, f"{names} missing before this line")
        return True

    def _anchored(self, number: int, record: Record) -> None:
        anchor = self._anchors.get(record.sequence)
        if anchor is not None and anchor.mac != record.mac:
            said = f"another record {record.sequence} was anchored: the log was replaced from here or earlier"
            self._report("other-head", number, said)

    def _report(self, kind: Kind, number: int, said: str) -> None:
        self.problems.append(Problem(kind, self._file, number, said))


def _unknown(head: Anchor | None, reached: int, foreign: int) -> tuple[str, ...]:
    """What this verification cannot exclude, in sentences."""
    said = []
    if foreign:
        said.append(f"{foreign} of the anchors are of a log under another key, and said nothing.")
    if not reached:
        said.append("No anchor was given: the end may have been cut off, or the whole log replaced by an older copy.")
    elif head is None or reached != head.sequence:
        said.append(f"Records after {reached}, the last anchored one, may have been cut off at the end.")
    said.append("Whoever has the key can write a log that verifies.")
    said.append("An opening without Terrace, as with `sops -d`, leaves no record here.")
    return tuple(said)
