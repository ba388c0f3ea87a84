"""Usage of flags: counted where this server evaluates, reported by applications that evaluate themselves, and kept.

Each worker counts, and writes what is new every few seconds. Without a file nothing is kept, and everything else works.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool

from terrace.flags.counting import OTHER, Batch, Counts, Series, since
from terrace.flags.usage import UsageStore
from terrace.server import asked
from terrace.server.callers import Caller
from terrace.server.flags import described
from terrace.server.problems import ProblemError, nothing
from terrace.server.shelf import Shelf

EVERY = 10.0
"""Seconds between two writings."""
_WAITING = 100
log = logging.getLogger("terrace.server")


class Usage:
    """What one worker counts, and where it is kept; `store` is None where nothing is."""

    def __init__(self, store: UsageStore | None) -> None:
        self.counts = Counts()
        self.store = store
        self.dropped = 0
        self._written: Mapping[Series, int] = {}
        self._waiting: list[Batch] = []

    def write(self) -> bool:
        """Keep what was counted since the last time; whether nothing is left."""
        if self.store is None:
            return True
        now = self.counts.now
        new = since(self._written, now)
        self._written = now
        if new:
            self._waiting.append(Batch(str(uuid.uuid4()), time.time(), new))
        while self._waiting and self.store.add(self._waiting[0]):
            self._waiting.pop(0)
        while len(self._waiting) > _WAITING:
            self.dropped += sum(self._waiting.pop(0).counts.values())
        return not self._waiting

    async def keep_writing(self) -> None:
        """Write again and again, until it is cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            await run_in_threadpool(self.write)

    @property
    def health(self) -> dict[str, Any]:
        """Whether usage is kept, and what is wrong with that."""
        if self.store is None:
            return {"status": "off"}
        problem, notice = self.store.problem, self.store.notice
        return {"status": "degraded" if problem else "ok", "problem": problem or None, "notice": notice or None}

    def metrics(self, caller: Caller) -> str:
        """What this worker evaluated in environments that `caller` may see, in the format of Prometheus."""
        name, dropped = "terrace_flag_evaluations_total", "terrace_flag_evaluations_dropped_total"
        lines = [f"# HELP {name} Evaluations of flags by this worker.", f"# TYPE {name} counter"]
        for series, number in sorted(self.counts.now.items()):
            if caller.evaluates(series.environment) or caller.reads(series.environment):
                labels = ",".join(f'{label}="{_escaped(said)}"' for label, said in _labels(series))
                lines.append(f"{name}{{{labels}}} {number}")
        lines += [f"# HELP {dropped} Evaluations whose counts could not be kept.", f"# TYPE {dropped} counter"]
        return "\n".join([*lines, f"{dropped} {self.dropped}"]) + "\n"

    def close(self) -> None:
        """Write what is left, and let go of the file."""
        self.write()
        if self.store is not None:
            self.store.close()


def _labels(series: Series) -> Iterator[tuple[str, str]]:
    return zip(Series._fields, (*series[:4], series.reason.lower()), strict=True)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _whole(number: object) -> object:
    """To JSON Schema 3.0 is an integer, too."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


_Name = Annotated[str, Field(max_length=253)]


class Counted(_Part):
    """How often a flag came to one thing. `variant` and `tenant` are empty where there was none."""

    environment: Annotated[str, Field(min_length=1, max_length=253, examples=["production"])]
    flag: Annotated[str, Field(min_length=1, max_length=253, examples=["menu-allergens"])]
    variant: _Name
    tenant: _Name
    reason: Literal["STATIC", "DEFAULT", "TARGETING_MATCH", "DISABLED", "ERROR"]
    number: Annotated[int, BeforeValidator(_whole), Field(ge=1, le=2**53)]


class Report(_Part):
    """What a process counted until a moment (seconds of Unix time) since its last report. Of one name, one counts."""

    batch: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{8,64}$", examples=["7f0c2a9e-5a53-4f3e-8f0e-2f6c81d0b1aa"])]
    until: Annotated[float, Field(ge=0, le=2**40, allow_inf_nan=False)]
    counts: Annotated[list[Counted], Field(max_length=1000)]


def routes(shelf: Shelf, usage: Usage) -> APIRouter:
    """The route for reports."""
    router = APIRouter(prefix="/v1/flags")

    @router.post("/usage", **described.usage(_schema()), name="Report the usage of flags", status_code=204)
    async def report(request: Request) -> Response:
        """Add what an application evaluated in its own process. The same report may be sent again: it counts once.

        For tokens with the right `flags`, of environments and tenants that they are for.
        """
        caller, report = asked.admitted(request).caller, _read(await request.body())
        counts = _admitted(shelf, usage.counts, caller, report.counts)
        # Reports of several callers may have one name.
        batch = Batch(f"{caller.name}/{report.batch}", report.until, counts)
        if usage.store is None:
            raise ProblemError(404, "Usage is not kept here.")
        if not await run_in_threadpool(usage.store.add, batch):
            raise ProblemError(503, "Usage cannot be kept now.", {"Retry-After": "10"})
        return Response(status_code=204)

    return router


def _read(body: bytes) -> Report:
    try:
        return Report.model_validate_json(body)
    except ValidationError as error:
        # Of what was sent nothing is repeated, also no name that we do not have.
        known = {*Report.model_fields, *Counted.model_fields}
        said = {str(part) for each in error.errors(include_input=False) for part in each["loc"]}
        names = sorted(said & known)
        raise ProblemError(422, f"Not well formed: {', '.join(names) or 'the body'}.") from None


def _schema() -> dict[str, Any]:
    """A report as JSON Schema, in one piece."""
    said = Report.model_json_schema()
    said["properties"]["counts"]["items"] = said.pop("$defs")["Counted"]
    return said


def _admitted(shelf: Shelf, limits: Counts, caller: Caller, counts: Collection[Counted]) -> dict[Series, int]:
    """What is added, if the caller may report all of it."""
    if "flags" not in caller.scopes.may:
        raise ProblemError(403, "This token is not for flags.")
    if not all(caller.evaluates(each.environment) for each in counts):
        raise nothing()
    if not all(caller.has_tenant(each.tenant) for each in counts):
        raise ProblemError(403, "This token reports for its own tenants only.")
    # Applications of one environment send what they like; kept is what can be a flag's.
    known: dict[str, Mapping[str, frozenset[str]]] = {}
    added: dict[Series, int] = {}
    for each in counts:
        if each.environment not in known:
            found = shelf.flags.get(each.environment)
            known[each.environment] = found.flags.variants if found is not None and found.flags is not None else {}
        variants = known[each.environment].get(each.flag)
        flag = OTHER if variants is None else each.flag
        variant = each.variant if variants is not None and each.variant in variants else ""
        series = limits.admitted(each.environment, flag, variant, each.tenant, each.reason)
        added[series] = added.get(series, 0) + each.number
    return added
