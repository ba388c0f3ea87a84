"""Asks the remote of a followed branch for what is new, and brings it what it has not got: kills that count already."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from terrace.errors import GitError, TerraceError
from terrace.flags.states import named_for
from terrace.git.advance import Tip
from terrace.git.push import DeclinedError
from terrace.server import audited
from terrace.server.turning.overrides import Override, Overrides
from terrace.server.turning.remote import Remote
from terrace.server.turning.wanted import Wanted, tip
from terrace.toggle import Action, propose, refuse
from terrace.toggle.commit import at_commit
from terrace.toggle.work import Toggle, everything

if TYPE_CHECKING:
    from terrace.git import Git

AGAIN = 15.0
"""Seconds between two tries to bring an override to a remote, where nobody polls more often."""
PATIENCE = 120.0
"""Seconds that a remote may be away before that is said of the server's health."""
log = logging.getLogger("terrace.server")


class Courier:
    """Goes to one remote. `alone` is held while it writes; `told` hears what is wrong, or that nothing is any more."""

    def __init__(
        self, wanted: Wanted, git: Git, remote: Remote, overrides: Overrides, alone: threading.Lock,
        told: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._wanted, self._git, self._remote = wanted, git, remote
        self._overrides, self._alone, self._told = overrides, alone, told
        self._away_since: float | None = None
        self._problem = ""

    def start(self, stop: threading.Event) -> None:
        """Go again and again, in a thread, until `stop`."""
        threading.Thread(target=self._go_on, args=(stop,), name="terrace-remote", daemon=True).start()

    def fetch(self) -> None:
        """Fetch now. Raises where the remote is away; that it is, is said once."""
        try:
            self._remote.fetch(self._git)
        except GitError as error:
            self._away(error.message)
            raise
        self._there()

    def _go_on(self, stop: threading.Event) -> None:
        polls, pause = self._wanted.poll or AGAIN, 0.0
        while not stop.wait(pause):
            pause = min(polls, AGAIN)
            waiting = self._overrides.now(datetime.now(UTC))
            if not waiting and not self._wanted.poll:
                continue
            try:
                self.fetch()
                for each in waiting:
                    self._deliver(each)
            except TerraceError as error:
                log.debug("the remote: %s", error.message)
            except Exception:
                log.exception("going to the remote failed: a bug of Terrace")

    def _deliver(self, each: Override) -> None:
        if self._has(each):
            self._overrides.lift(each, "the branch has it")
            return
        if each.proposed and tip(self._git, f"refs/heads/{each.proposed}"):
            return
        git = self._git.by(each.actor, each.email)
        action = Action("kill", each.flag, each.environment, reason=each.reason)
        message = action.message(requested_by=each.actor)
        with self._alone:
            try:
                oid, _ = self._remote.push(git, lambda: self._worked_out(action), message)
            except DeclinedError:
                self._propose(git, each, action, message)
                return
        self._overrides.lift(each, f"it is pushed as {oid[:12]}")
        self._audit(each, "pushed", commit=oid)

    def _propose(self, git: Git, each: Override, action: Action, message: str) -> None:
        found = self._worked_out(action)
        at = Tip(self._remote.branch, found.commit, here=False)
        made = propose(
            Path(self._wanted.folder), found, message, os.environ, git=git, at=at, remote=self._remote.name
        )  # fmt: skip
        self._overrides.note(each, made.branch)
        self._audit(each, "proposed", branch=made.branch, url=made.url)
        log.warning("the kill of %s in %s is put up for review as %s", each.flag, each.environment, made.branch)

    def _worked_out(self, action: Action) -> Toggle:
        found = at_commit(Path(self._wanted.folder), self._git, tip(self._git, self._remote.ref), action)
        refuse(found)
        return found

    def _has(self, each: Override) -> bool:
        """Whether the branch kills it, or has no such flag any more."""
        flags, environments, _ = everything(Path(self._wanted.folder), at=self._remote.ref)
        flag = flags.flags.get(each.flag)
        if flag is None:
            return True
        state = flag.states.get(named_for(flag, each.environment, environments))
        return state is not None and state.kill

    def _audit(self, each: Override, outcome: str, **more: str) -> None:
        request = {
            "verb": "kill", "flag": each.flag, "environment": each.environment, "reason": each.reason,
            "actor": {"name": each.actor},
        }  # fmt: skip
        audited.write(Path(self._wanted.own), outcome, request, **more)

    def _away(self, why: str) -> None:
        now = time.monotonic()
        if self._away_since is None:
            self._away_since = now
            log.warning("%s", why)
        if now - self._away_since >= PATIENCE and not self._problem:
            self._problem = why
            self._told(why)

    def _there(self) -> None:
        if self._away_since is not None:
            log.info("the remote %r is there again", self._remote.name)
        self._away_since, was = None, self._problem
        self._problem = ""
        if was:
            self._told("")
