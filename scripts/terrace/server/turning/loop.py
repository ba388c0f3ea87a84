"""The process: it waits for something new, and turns it, until its parent ends or tells it to."""

from __future__ import annotations

import ctypes
import gc
import logging
import os
import shutil
import signal
import sys
import threading
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from terrace.errors import TerraceError
from terrace.model.release import STREAMS, Stream
from terrace.server.audited import folder_of
from terrace.server.turning.commits import Commits
from terrace.server.turning.desk import Desk
from terrace.server.turning.door import Door
from terrace.server.turning.edits import Edits
from terrace.server.turning.notices import Bell, listen
from terrace.server.turning.overrides import Override, Overrides
from terrace.server.turning.said import Outcome, Refused, Said
from terrace.server.turning.turn import REMEMBERED, SERVED, STAGING, Look, Turner
from terrace.server.turning.turned import Turned
from terrace.server.turning.wanted import Wanted

log = logging.getLogger("terrace.server")
TICK = 1.0
_LONGEST_PAUSE = 60.0
_PR_SET_PDEATHSIG = 1


def run(wanted: Wanted) -> None:
    """Follow until this process is told to stop. A delivery that is under way is finished first."""
    bell = Bell()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: bell.end())
    os.register_at_fork(after_in_child=_in_child)
    threading.Thread(target=_until_parent_ends, args=(bell,), daemon=True).start()
    shutil.rmtree(Path(wanted.own, STAGING), ignore_errors=True)
    Loop(wanted, bell).run()


def _in_child() -> None:
    """What shares the judging of many tenants ends when it is told to, and when this process is gone."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _until_parent_ends(bell: Bell) -> None:
    """Its end of our standard input is closed by the kernel, however it went."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    bell.end()


class Loop:
    """One repository that is followed."""

    def __init__(self, wanted: Wanted, bell: Bell) -> None:
        folder = Path(wanted.folder)
        self._wanted, self._bell = wanted, bell
        self._followed: Edits | Commits = Commits(folder, wanted.ref) if wanted.ref else Edits(folder)
        self._turner = Turner(wanted)
        self._said = Said(wanted.name, wanted.environments)
        self._overrides = Overrides(folder_of(Path(wanted.own)), wanted.name, wanted.override_hours)
        self._killed: tuple[Override, ...] = ()
        self._telling = threading.Lock()
        self._seen: dict[str, str] | None = None
        self._holds: object = None
        self._turned = Turned()
        self._look_at = self._again_at = 0.0
        self._pause = TICK

    def run(self) -> None:
        """Turn what is there now, then whatever is new, until the bell ends it."""
        self._said.write(Path(self._wanted.own))
        listen(self._bell, self._followed.watched)
        desk = Desk(self._wanted, self, self._overrides, self._tell_of_remote)
        door = Door(Path(self._wanted.own), desk.answer, desk.prepare)
        if desk.courier is not None:
            desk.courier.start(self._bell.stop)
        rung = True
        # Collecting is for the time in which nobody waits for a release.
        gc.disable()
        while not self._bell.stop.is_set():
            try:
                if self._turn_if_new(rung):
                    gc.collect()
            except (TerraceError, OSError) as error:
                said = f"{error.message}. {error.hint}".strip() if isinstance(error, TerraceError) else str(error)
                self._tell(Outcome((Refused("", "", "failed", said),)))
                self._again_at = 0.0
            rung = self._bell.wait(TICK)
        door.close()
        desk.close()

    def ring(self) -> None:
        """Look soon."""
        self._bell.ring()

    def now(self, environment: str, seconds: float) -> bool:
        """Turn what is there now; whether the environment's flags were released within so many seconds."""
        mark = self._turned.mark
        self._bell.ring()
        came = self._turned.after(mark, seconds)
        refused = [each for each in self._said.refused if each.stream == "flags"]
        return came and not any(each.environment in ("", environment) for each in refused)

    def _turn_if_new(self, rung: bool) -> bool:
        """Look, if it is time to, and turn what is new; whether something was."""
        now, holds = time.monotonic(), self._holds_there()
        again = now >= self._again_at if self._said.refused else False
        killed = self._overrides.now(datetime.now(UTC))
        others = holds != self._holds or killed != self._killed or self._overrides.problem != self._said.ignored
        if not (rung or again or others or now >= self._look_at):
            return False
        self._look_at = now + self._followed.look
        self._turned.begin()
        state = self._followed.state()
        if state == self._seen and not others and not again:
            self._turned.end()
            return False
        followed = self._followed
        reason = followed.reason(self._seen, state)
        flags_alone = (
            self._seen is not None and not again and holds == self._holds and followed.is_of_flags(self._seen, state)
        )
        streams: tuple[Stream, ...] = ("flags",) if flags_alone else STREAMS
        for each in killed:
            reason += f"; {each.flag} is killed in {each.environment} by an override: {each.reason}"
        look = Look(
            partial(followed.source, state), followed.at(state), reason, streams, partial(self._still, state), killed
        )  # fmt: skip
        outcome = self._turner.turn(look)
        if outcome is None:
            # It was changed while it was read: what was built may be half of one state and half of another.
            self._bell.ring()
            return True
        # The holds as they were before: a rollback that comes while this is delivered must not count as seen.
        self._seen, self._holds, self._killed = state, holds, killed
        self._tell(outcome)
        self._turned.end()
        self._pause = min(self._pause * 2, _LONGEST_PAUSE) if self._said.again else TICK
        self._again_at = time.monotonic() + self._pause if self._said.again else float("inf")
        return True

    def _still(self, state: dict[str, str]) -> bool:
        return not self._bell.stop.is_set() and (self._followed.lasts or self._followed.state() == state)

    def _tell(self, outcome: Outcome) -> None:
        before = {each[:4] for each in self._said.refused}
        after = self._said.after(outcome)
        for each in outcome.refused:
            if each[:4] not in before:
                places = "".join(f"; {found['code']} at {found['at']}" for found in each.findings)
                log.error("%s: not released (%s): %s%s", each.environment or "all", each.kind, each.reason, places)
        if self._said.refused and not after.refused:
            log.info("%s is released again", self._wanted.name)
        if outcome.seconds or after.refused != self._said.refused:
            listed = tuple(each._asdict() for each in self._killed)
            with self._telling:
                problem = self._overrides.problem
                self._said = after._replace(remote=self._said.remote, overrides=listed, ignored=problem)
                self._said.write(Path(self._wanted.own))

    def _tell_of_remote(self, problem: str) -> None:
        with self._telling:
            self._said = self._said._replace(remote=problem)
            self._said.write(Path(self._wanted.own))

    def _holds_there(self) -> object:
        """What tells one set of holds at the destinations from another."""
        return tuple(
            _changed(Path(self._wanted.own, SERVED, name, ".terrace", "holds")) for name in self._wanted.environments
        )


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def remembered(wanted: Wanted) -> None:
    """Let those who serve find the destinations of last time, before anything of the repository is read."""
    served = Path(wanted.own) / SERVED
    served.mkdir(exist_ok=True)
    for name in wanted.environments:
        link = Path(wanted.folder) / ".terrace" / REMEMBERED / name
        if link.is_symlink() and not (served / name).is_symlink():
            (served / name).symlink_to(os.readlink(link))  # noqa: PTH115
