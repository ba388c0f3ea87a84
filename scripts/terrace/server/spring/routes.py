"""The routes below /spring: one environment as properties, and its values as files."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Request, Response
from fastapi import Path as InPath

from terrace import yamlio
from terrace.model.source import Pointer, dotted
from terrace.report.config import java_property
from terrace.server import asked
from terrace.server.callers import Caller
from terrace.server.events import Configs, Given
from terrace.server.problems import nothing
from terrace.server.shelf import Shelf
from terrace.server.slices import Question
from terrace.server.spring import documented
from terrace.server.spring.asked import PREFIX, Label, environment_of, key_of, labelled, refuse_unknown
from terrace.server.spring.properties import properties
from terrace.server.stand import Key

WITH_ORIGINS = "application/vnd.spring-cloud.config-server.v2+json"
"""What clients of today accept: beside each value stands where it was set."""

_TEXT = "text/plain; charset=utf-8"
FLAT = {"yml": _TEXT, "yaml": _TEXT, "json": "application/json", "properties": _TEXT}
Application = Annotated[str, InPath(max_length=253, description="The service.", examples=["backend"])]
Profile = Annotated[str, InPath(max_length=253, description="The environment, or several.", examples=["production"])]
Named = Annotated[str, InPath(max_length=300, description="`tenant:NAME`, a digest, or `main`.", examples=["main"])]


def routes(shelf: Shelf, configs: Configs) -> APIRouter:
    """The routes, for what is on a shelf."""
    router = APIRouter(prefix=PREFIX)
    # Those first whose last part has an ending: it would pass for a profile.
    for ending in FLAT:
        _flat_routes(router, shelf, configs, ending)
    _environment_routes(router, shelf, configs)
    return router


def _environment_routes(router: APIRouter, shelf: Shelf, configs: Configs) -> None:
    async def reply(request: Request, application: str, profile: str, label: str) -> Response:
        wanted = labelled(label)
        profiles = [each.strip() for each in profile.split(",")]
        caller = asked.admitted(request).caller
        environment = environment_of(shelf.served, caller, application, profiles, wanted.tenant)
        said = {"name": application, "profiles": profiles, "label": label or None, "version": None, "state": None}
        if not environment:
            refuse_unknown(shelf.served, caller, application, profiles, wanted)
            return _response(orjson.dumps({**said, "propertySources": []}), "application/json", _headers(caller))
        with_origins = WITH_ORIGINS in request.headers.get("accept", "").lower()
        question = Question(Key(environment, application), wanted.tenant, provenance=with_origins)
        given = await _given(configs, request, question, wanted)
        headers = _headers(caller, given)
        if given.answer is None:
            return Response(status_code=304, headers=headers)
        found = orjson.loads(given.answer.body)
        source = {"name": _source_name(question), "source": _source(found, given)}
        body = orjson.dumps({**said, "version": found["digest"], "propertySources": [source]})
        return _response(body, WITH_ORIGINS if with_origins else "application/json", headers)

    @router.get("/{application}/{profile}", **documented.ENVIRONMENT, name="Environment for Spring")
    async def environment(request: Request, application: Application, profile: Profile) -> Response:
        """What clients of Spring Cloud Config ask for: every value under its name as Spring has it.

        Secrets are left out, and counted in `Terrace-Withheld`, unless the token has the scope `secrets`.
        """
        return await reply(request, application, profile, "")

    @router.get("/{application}/{profile}/{label}", **documented.LABELLED, name="Environment with a label")
    async def with_label(request: Request, application: Application, profile: Profile, label: Named) -> Response:
        """The same for a tenant (`tenant:NAME`); or only while a digest is what is served."""
        return await reply(request, application, profile, label)


def _flat_routes(router: APIRouter, shelf: Shelf, configs: Configs, ending: str) -> None:
    async def reply(request: Request, stem: str, label: str) -> Response:
        wanted = labelled(label)
        caller = asked.admitted(request).caller
        question = Question(key_of(shelf.served, caller, stem, wanted.tenant), wanted.tenant)
        given = await _given(configs, request, question, wanted)
        headers = _headers(caller, given)
        if given.answer is None:
            return Response(status_code=304, headers=headers)
        return _response(_flat(orjson.loads(given.answer.body)["values"], given, ending), FLAT[ending], headers)

    path = f"/{{application}}-{{profile}}.{ending}"

    @router.get(path, **documented.flat(ending), name=f"Values as .{ending}")
    async def values(request: Request, application: Application, profile: Profile) -> Response:
        """The values as a file."""
        return await reply(request, f"{application}-{profile}", "")

    @router.get(f"/{{label}}{path}", **documented.flat(ending, "labelled_"), name=f"Labelled values as .{ending}")
    async def with_label(request: Request, application: Application, profile: Profile, label: Named) -> Response:
        """The values as a file, for a tenant (`tenant:NAME`); or only while a digest is what is served."""
        return await reply(request, f"{application}-{profile}", label)


async def _given(configs: Configs, request: Request, question: Question, wanted: Label) -> Given:
    given = await configs.once(request, question)
    if wanted.digest not in ("", given.found.digest):
        raise nothing()
    return given


def _source_name(question: Question) -> str:
    """The name of the one source. `-production` in it tells Spring that it is stronger than files for all profiles."""
    tenant = f"/{question.tenant}" if question.tenant else ""
    return f"terrace:{question.key.service}-{question.key.environment}{tenant}"


def _source(found: dict[str, Any], given: Given) -> dict[str, Any]:
    """Every property by name, with its origin where that was asked for."""
    listed = properties(found["values"], given.found.snapshot.contract)
    origins: dict[str, str] | None = found.get("provenance")
    if origins is None:
        return {each.name: each.value for each in listed}
    return {each.name: {"value": each.value, "origin": _origin(origins, each.pointer)} for each in listed}


def _origin(origins: dict[str, str], pointer: Pointer) -> str:
    """Where the value at a place was set, or the list that it stands in."""
    while pointer:
        found = origins.get(dotted(pointer))
        if found:
            return found
        pointer = pointer[:-1]
    return "default"


def _flat(values: dict[str, Any], given: Given, ending: str) -> bytes:
    if ending == "json":
        return orjson.dumps(values)
    if ending != "properties":
        return yamlio.dump(values).encode("utf-8")
    listed = properties(values, given.found.snapshot.contract)
    return "".join(java_property(each.name, each.value) for each in listed).encode("utf-8")


def _headers(caller: Caller, given: Given | None = None) -> dict[str, str]:
    headers = {"Vary": "Accept, Authorization"}
    headers["Cache-Control"] = "no-store" if caller.sees_secrets else "private, no-cache"
    if given is not None and given.found.tag:
        headers["ETag"] = given.found.tag
    if given is not None and given.answer is not None:
        headers["Terrace-Withheld"] = str(given.answer.withheld)
    return headers


def _response(body: bytes, media: str, headers: dict[str, str]) -> Response:
    return Response(body, headers={**headers, "Content-Type": media})
