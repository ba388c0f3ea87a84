"""One turn: a state of the repository into releases, or into the reasons why not, as `terrace deploy` does it."""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from terrace import delivery, pipeline
from terrace.bundle.keys import in_variables
from terrace.deploy.directory import DirectoryDestination
from terrace.deploy.kinds import open_destination
from terrace.errors import TerraceError
from terrace.model.release import Stream
from terrace.pipeline import Built
from terrace.remembered import Remembered
from terrace.server.turning.overrides import Override
from terrace.server.turning.said import Outcome, Refused, refused
from terrace.server.turning.wanted import Wanted, follows_edits
from terrace.source import Source
from terrace.source.content import Names

log = logging.getLogger("terrace.server")
STAGING = "staging"
"""In the own folder: where bundles are made."""
SERVED = "served"
"""In the own folder: a link for each environment to the destination that is served."""
REMEMBERED = "destinations"
"""Below `.terrace`: the same for every environment, for a start while the repository cannot be read."""


class Look(NamedTuple):
    """A state that was looked at. `at` is its commit, None for edits, whose source takes and gives names of contents.

    `streams` are those that can be others than in the last state; `still` says whether it is the present;
    `overrides` are kills that count beside it.
    """

    source: Callable[[Names], Source]
    at: str | None
    reason: str
    streams: tuple[Stream, ...]
    still: Callable[[], bool]
    overrides: tuple[Override, ...] = ()


class Turner:
    """Turns one state after the other. What the last one came to is remembered, and bundles stay where they were made.

    Where anything went wrong nothing is remembered: the next state is turned as if it were the first.
    """

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._output = Path(wanted.own, STAGING)
        self._remembered = Remembered()

    def turn(self, look: Look) -> Outcome | None:
        """Build and deliver, and what came of it. None where it is, once it is built, the past."""
        begun = time.monotonic()
        try:
            outcome = self._turn(look)
        except (TerraceError, OSError) as error:
            self._forget()
            said = f"{error.message}. {error.hint}".strip() if isinstance(error, TerraceError) else str(error)
            outcome = Outcome((Refused("", "", "failed", said, stream=look.streams[0]),))
        except Exception as error:  # the next state may be read without it, and the last release is served meanwhile
            self._forget()
            log.exception("turning this state into a release failed")
            said = f"a bug of Terrace: {type(error).__name__}"
            outcome = Outcome((Refused("", "", "failed", said, stream=look.streams[0]),))
        return outcome and outcome._replace(seconds=time.monotonic() - begun, streams=look.streams)

    def _turn(self, look: Look) -> Outcome | None:
        folder, now = Path(self._wanted.folder), datetime.now(UTC)
        try:
            made = self._build(look, now)
        except TerraceError:
            if look.still():
                raise
            self._forget()
            return None
        if not look.still():
            return None
        if look.at is None:
            made = [_only_development(built) for built in made]
        for built in made:
            _point(self._wanted, built)
        done = delivery.deliver(folder, made, actor=self._wanted.actor, reason=look.reason, now=now)
        for each in done:
            _tell(each)
        new = [each for each in done if each.delivery is not None and not each.delivery.unchanged]
        commit = next((built.origin.commit for built in made if built.origin.commit), "")
        return Outcome(tuple(refused(each) for each in done if each.problem), len(new), commit)

    def _build(self, look: Look, now: datetime) -> list[Built]:
        source, remembered = look.source(self._remembered.names), self._remembered
        return pipeline.build_source(
            source,
            self._output,
            self._wanted.environments,
            at=look.at,
            today=pipeline.day_of(source, look.at) if look.at else now.date(),
            jobs=os.cpu_count() or 1,
            streams=look.streams,
            key=in_variables(),
            remembered=remembered,
            killed={each[:2]: each.reason for each in look.overrides},
        )

    def _forget(self) -> None:
        self._remembered = Remembered()
        shutil.rmtree(self._output, ignore_errors=True)


def _only_development(built: Built) -> Built:
    """An environment that an edit made another than one for development is not built from edits any more."""
    environment = built.environment
    if built.problem or follows_edits(environment.kind, protected=environment.protected):
        return built
    return built._replace(
        bundles=(), problem="it is not a development environment any more: commit, and follow a branch"
    )


def _point(wanted: Wanted, built: Built) -> None:
    """Let those who serve find the environment's first destination."""
    config: Mapping[str, Any] | None = next(iter(built.environment.destinations), None)
    if built.problem or config is None:
        return
    destination = open_destination(config, Path(wanted.folder))
    if not isinstance(destination, DirectoryDestination):
        log.warning("%s: its destination is no directory, so it is released and not served", built.environment.name)
        return
    for links in (Path(wanted.folder) / ".terrace" / REMEMBERED, Path(wanted.own) / SERVED):
        links.mkdir(parents=True, exist_ok=True)
        link = links / built.environment.name
        root = os.path.abspath(destination.root)  # noqa: PTH100 - a link on the way to it is to be followed each time
        if not (link.is_symlink() and os.readlink(link) == root):  # noqa: PTH115
            with suppress(FileNotFoundError):
                (links / f".{link.name}").unlink()
            (links / f".{link.name}").symlink_to(root)
            (links / f".{link.name}").rename(link)


def _tell(each: delivery.Delivered) -> None:
    name, delivered = each.built.environment.name, each.delivery
    for warning in delivered.warnings if delivered else ():
        log.warning("%s: %s", name, warning)
    if delivered is not None and delivered.recovered is not None:
        log.warning("%s: release %d was interrupted, and finished first", name, delivered.recovered.number)
    if delivered is not None and not delivered.unchanged:
        release = delivered.release
        log.info("%s: release %d: %s", name, release.number, release.reason)
