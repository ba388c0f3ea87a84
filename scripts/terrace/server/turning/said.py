"""What is told about the turning: a small file of JSON, replaced as a whole, that those who serve read."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from terrace.delivery import Delivered
from terrace.model.findings import Report, Severity
from terrace.model.release import STREAMS, Stream

FILE = "state.json"
FIRST = 5
"""How many findings are told; `terrace validate` tells all."""


class Refused(NamedTuple):
    """Why an environment is not what it should be. `kind` is `findings`, `held`, `refused` or `failed`.

    No text holds a value: of findings there are the rule and the place.
    """

    environment: str
    destination: str
    kind: str
    reason: str
    errors: int = 0
    findings: tuple[dict[str, Any], ...] = ()
    stream: Stream = "config"


class Said(NamedTuple):
    """How the turning is. `state` is `starting`, `ok` or `degraded`, `commit` what the last turn read."""

    follows: str
    environments: tuple[str, ...]
    state: str = "starting"
    commit: str = ""
    since: str = ""
    refused: tuple[Refused, ...] = ()
    turns: int = 0
    releases: int = 0
    refusals: int = 0
    seconds: float = 0.0
    remote: str = ""
    """What is wrong with the remote of the branch; empty while it answers, or has not been away for long."""
    overrides: tuple[dict[str, str], ...] = ()
    """Kills that count, and are not in the branch yet."""
    ignored: str = ""
    """What is wrong with the file of overrides."""

    @property
    def again(self) -> bool:
        """Whether the same may go well later, as where another one held the lock or a disk was full."""
        return any(each.kind == "failed" for each in self.refused)

    def after(self, outcome: Outcome) -> Said:
        """What is to be told after a turn: of the streams that it was not about, what was told before."""
        new = {each[:4] for each in outcome.refused} - {each[:4] for each in self.refused}
        others = tuple(each for each in self.refused if each.stream not in outcome.streams)
        return self._replace(
            state="degraded" if others or outcome.refused else "ok",
            commit=outcome.commit or self.commit,
            since=stamp(),
            refused=others + outcome.refused,
            turns=self.turns + 1,
            releases=self.releases + outcome.releases,
            refusals=self.refusals + len(new),
            seconds=round(outcome.seconds, 3),
        )

    def write(self, folder: Path) -> None:
        """Replace the file in `folder`."""
        wrong = self.remote or self.ignored
        state = "degraded" if wrong and self.state == "ok" else self.state
        told = {**self._asdict(), "state": state, "refused": [each._asdict() for each in self.refused]}
        temporary = folder / f".{FILE}"
        temporary.write_bytes(orjson.dumps(told))
        temporary.rename(folder / FILE)


class Outcome(NamedTuple):
    """What a turn came to: what was refused, how many releases it made, from which commit, and of which streams."""

    refused: tuple[Refused, ...] = ()
    releases: int = 0
    commit: str = ""
    seconds: float = 0.0
    streams: tuple[Stream, ...] = STREAMS


def refused(delivered: Delivered) -> Refused:
    """Why an environment was not delivered."""
    environment, report, stream = delivered.built.environment.name, delivered.built.report, delivered.built.stream
    if report is not None:
        errors = [finding for finding in report.findings if finding.severity is Severity.ERROR]
        places = tuple(_place(report, index) for index in range(min(FIRST, len(errors))))
        return Refused(environment, delivered.destination, "findings", delivered.problem, len(errors), places, stream)
    kind = "failed" if delivered.failed else "held" if delivered.destination else "refused"
    return Refused(environment, delivered.destination, kind, delivered.problem, stream=stream)


def _place(report: Report, index: int) -> dict[str, Any]:
    """A finding without its message, which may hold what stands in the file."""
    finding = [each for each in report.findings if each.severity is Severity.ERROR][index]
    rule = report.rules.get(finding.code)
    return {"code": finding.code, "rule": rule.summary if rule else "", "at": str(finding.location)}


def stamp() -> str:
    """Now, as RFC 3339 in UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
