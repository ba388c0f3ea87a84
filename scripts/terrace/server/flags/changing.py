"""Flags of a repository over HTTP: what each is in words, its history and usage, and how one is changed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path as Folder
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool

from terrace.flags.usage import UsageStore
from terrace.server import asked, audited
from terrace.server.callers import Caller
from terrace.server.door import Repository
from terrace.server.flags import changing_said as said
from terrace.server.problems import MEDIA, ProblemError, body, nothing

_FRESH = {"Cache-Control": "no-store"}
_ALL_TENANTS = "The rules of a flag name tenants, and the token is for some: ask at /ofrep/v1/ instead."
_NOT_FOR_FLAGS = "This token is not for flags."
_NOT_FOR_WRITING = "Changing flags needs a token with the right `write` that is limited to no tenant."
_NO_REPOSITORY = "This server follows no repository: it was not started with --follow."
_OTHER_TYPE = "Send JSON, as application/json."
_COMMIT = r"^[0-9a-f]{7,64}$"

Environment = Annotated[str, Path(max_length=253, examples=["production"])]
Key = Annotated[str, Path(min_length=1, max_length=253, examples=["checkout-v2"])]
Limit = Annotated[int, Query(ge=1, le=200, description="How many commits at most.")]
Hours = Annotated[int, Query(ge=1, le=24 * 31, description="How far back.")]


def _whole(number: object) -> object:
    """To JSON Schema 3.0 is an integer, too."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


_Weight = Annotated[int, BeforeValidator(_whole), Field(ge=0, le=1_000_000)]
_Text = Annotated[str, Field(max_length=253)]


class Wanted(BaseModel):
    """What is to be done. `base` is the commit that somebody looked at: what changed there since is a conflict."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    do: Annotated[Literal["on", "off", "set", "kill", "promote", "restore"], Field(examples=["off"])]
    variant: Annotated[_Text | None, Field(description="For `set`; null: the application's own default.")] = ""
    rule: Annotated[_Text, Field(description="For `set`: the rule by its name.")] = ""
    rollout: Annotated[dict[str, _Weight], Field(max_length=100, description="For `set`: shares of the rule.")] = {}
    source: Annotated[_Text, Field(description="For `promote`: the environment whose state is taken.")] = ""
    revision: Annotated[str, Field(description="For `restore`: the commit; with ^, the one before.")] = ""
    reason: Annotated[str, Field(max_length=1000, description="Why: it stands in the commit.")] = ""
    base: Annotated[str, Field(pattern=r"^([0-9a-f]{7,64})?$")] = ""


def routes(door: Repository | None, own: Folder | None, usage: UsageStore | None) -> APIRouter:
    """The routes, for the repository behind `door`."""
    router = APIRouter(prefix="/v1/flags")

    @router.get("/{environment}/{key}", **said.SHOWN, name="A flag in words")
    async def shown(request: Request, environment: Environment, key: Key) -> Response:
        """What a flag is in an environment, in words, as the followed repository has it.

        For tokens with the right `flags` that are limited to no tenant.
        """
        _refuse_reading(asked.admitted(request).caller, environment)
        return _told(_in(environment, await _asked(door, do="show", flag=key)))

    @router.get("/{environment}/{key}/history", **said.HISTORY, name="Who changed a flag")
    async def history(request: Request, environment: Environment, key: Key, limit: Limit = 20) -> Response:
        """The commits that changed a flag in an environment, the newest first, with what each did, in words."""
        _refuse_reading(asked.admitted(request).caller, environment)
        answer = await _asked(door, do="history", flag=key, environment=environment, limit=limit)
        if answer.get("status") == 200:
            commits = [_move(each, environment) for each in answer["commits"]]
            answer = {"status": 200, "flag": key, "environment": environment, "commits": commits}
        return _told(answer)

    @router.get("/{environment}/{key}/usage", **said.USAGE, name="How often a flag was asked for")
    async def used(request: Request, environment: Environment, key: Key, hours: Hours = 24) -> Response:
        """How often a flag came to which variant for which reason, hour by hour."""
        _refuse_reading(asked.admitted(request).caller, environment)
        if usage is None:
            raise ProblemError(404, "Usage is not kept here.")
        points = await run_in_threadpool(usage.usage, environment, key, time.time() - hours * 3600)
        told = {"flag": key, "environment": environment, "points": [each._asdict() for each in points]}
        return _told({"status": 200, **told})

    @router.post("/{environment}/{key}", **said.changed(Wanted.model_json_schema()), name="Change a flag")
    async def change(request: Request, environment: Environment, key: Key) -> Response:
        """Turn a flag on or off, set what it gives, kill it, promote or restore its state, by a commit.

        In a protected environment it is put up for review, but for `kill`, which acts at once everywhere. For tokens
        with the right `write` for the environment, that are limited to no tenant.
        """
        caller = asked.admitted(request).caller
        actor = {"name": caller.name}
        if not caller.writes(environment):
            _audit(own, environment, key, actor)
            raise ProblemError(403, _NOT_FOR_WRITING)
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            # What a form of another page could send is none.
            raise ProblemError(415, _OTHER_TYPE)
        wanted = _read(await request.body())
        more = wanted.model_dump(exclude={"do"}, exclude_defaults=True)
        question = {"verb": wanted.do, "flag": key, "environment": environment, "actor": actor, **more}
        return _told(await _asked(door, do="toggle", **question))

    return router


def _refuse_reading(caller: Caller, environment: str) -> None:
    if "flags" not in caller.scopes.may:
        raise ProblemError(403, _NOT_FOR_FLAGS)
    if not caller.sees_all_tenants:
        raise ProblemError(403, _ALL_TENANTS)
    if not caller.evaluates(environment):
        raise nothing()


async def _asked(door: Repository | None, **question: Any) -> Mapping[str, Any]:
    if door is None:
        raise ProblemError(503, _NO_REPOSITORY, {"Retry-After": "3600"})
    return await door.ask(question)


def _told(answer: Mapping[str, Any]) -> Response:
    """The answer of the process that follows, as HTTP has it."""
    status = int(answer["status"])
    told = {name: value for name, value in answer.items() if name != "status"}
    if status == 200:
        return Response(orjson.dumps(told), 200, _FRESH, "application/json")
    whole = {**orjson.loads(body(status, str(told.pop("detail", "")))), **told}
    more = {"Retry-After": "1"} if status == 503 else {}
    return Response(orjson.dumps(whole), status, {**_FRESH, **more}, MEDIA)


def _in(environment: str, answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """A flag as it is told for one environment."""
    if answer.get("status") != 200:
        return answer
    there = answer["environments"].get(environment)
    if there is None:
        raise nothing()
    tests = [each for each in answer["tests"] if each["environment"] == environment]
    whole = {name: value for name, value in answer.items() if name != "environments"}
    return {**whole, "environment": environment, "tests": tests, **there}


def _move(commit: Mapping[str, Any], environment: str) -> dict[str, Any]:
    whole = {name: value for name, value in commit.items() if name not in ("environments", "before")}
    return {**whole, "parent": commit["before"], **commit["environments"][environment]}


def _read(sent: bytes) -> Wanted:
    try:
        return Wanted.model_validate_json(sent)
    except ValidationError as error:
        # Of what was sent nothing is repeated, also no name that we do not have.
        found = {str(part) for each in error.errors(include_input=False) for part in each["loc"]}
        names = sorted(found & {*Wanted.model_fields})
        raise ProblemError(422, f"Not well formed: {', '.join(names) or 'the body'}.") from None


def _audit(own: Folder | None, environment: str, key: str, actor: Mapping[str, str]) -> None:
    if own is not None:
        audited.write(own, "forbidden", {"flag": key, "environment": environment, "actor": actor})
