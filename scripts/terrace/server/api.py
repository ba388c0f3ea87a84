"""The routes below /v1: what a service gets, and what there is for whom."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request, Response
from fastapi import Path as InPath
from starlette.concurrency import run_in_threadpool

from terrace.server import asked, documented, listings
from terrace.server.events import Configs, Given
from terrace.server.forms import FORMS, chosen, content_type
from terrace.server.problems import ProblemError, nothing
from terrace.server.shelf import Shelf
from terrace.server.slices import Question
from terrace.server.stand import Key

Name = Annotated[str, InPath(max_length=253, examples=["backend"])]
Environment = Annotated[str, InPath(max_length=253, examples=["production"])]
Place = Annotated[str, InPath(max_length=2000, examples=["database/pool_max"])]
Tenant = Annotated[
    str, Query(max_length=253, description="Whose configuration; none for no tenant.", examples=["acme"])
]
Format = Annotated[
    str, Query(pattern="^(json|yaml|properties|dotenv|)$", description="Instead of `Accept`.", examples=["yaml"])
]
Provenance = Annotated[bool, Query(description="Say of each value where it was set: path:line:column.")]
_VARY = "Accept, Authorization"


def routes(shelf: Shelf, configs: Configs) -> APIRouter:
    """The routes, for what is on a shelf."""
    router = APIRouter(prefix="/v1")
    _config_routes(router, configs)
    _list_routes(router, shelf)
    return router


def _config_routes(router: APIRouter, configs: Configs) -> None:
    async def reply(request: Request, question: Question) -> Response:
        form = question.form or chosen(request.headers.get("accept", ""))
        if not form:
            raise ProblemError(406, f"There is: {', '.join(FORMS.values())}.")
        if form == "events":
            return await configs.stream(request, question._replace(form="json"))
        question = question._replace(form=form)
        seconds = asked.seconds_to_wait(request)
        # Who does not say what it has gets what there is: there is nothing to wait for.
        if seconds is None or "if-none-match" not in request.headers:
            return _response(request, question, await configs.once(request, question), None)
        return _response(request, question, await configs.changed(request, question, seconds), seconds)

    @router.get("/config/{service}/{environment}", **documented.CONFIG, name="Configuration of a service")
    async def config(
        request: Request,
        service: Name,
        environment: Environment,
        tenant: Tenant = "",
        format: Format = "",
        provenance: Provenance = False,
    ) -> Response:
        """The effective values of a service in an environment, for a tenant or none.

        Secrets are left out, and named in `secrets.withheld` (counted in `Terrace-Withheld`), unless the token has the
        scope `secrets`. With `Prefer: wait=60` and `If-None-Match` the response comes as soon as the values change.
        `Accept: text/event-stream` gives a stream of them.
        """
        return await reply(request, Question(Key(environment, service), tenant, (), format, provenance))

    @router.get("/config/{service}/{environment}/{path:path}", **documented.PART, name="A part of a configuration")
    async def part(
        request: Request,
        service: Name,
        environment: Environment,
        path: Place,
        tenant: Tenant = "",
        format: Format = "",
        provenance: Provenance = False,
    ) -> Response:
        """The same, for one place in the values: names of sections and numbers of items, separated by slashes."""
        way = tuple(path.strip("/").split("/")) if path.strip("/") else ()
        return await reply(request, Question(Key(environment, service), tenant, way, format, provenance))


def _list_routes(router: APIRouter, shelf: Shelf) -> None:
    @router.get("/environments", **documented.ENVIRONMENTS, name="Environments")
    async def environments(request: Request) -> Response:
        """The environments in which this caller can read something, and its services there."""
        return _json(listings.environments(shelf.served, asked.admitted(request).caller))

    @router.get("/tenants", **documented.TENANTS, name="Tenants")
    async def tenants(
        request: Request,
        environment: Annotated[str, Query(max_length=253, description="Only those in this environment.")] = "",
        service: Annotated[str, Query(max_length=253, description="Only those that this service has.")] = "",
    ) -> Response:
        """The tenants whose configuration this caller can read."""
        return _json(listings.tenants(shelf.served, asked.admitted(request).caller, environment, service))

    @router.get("/releases/{environment}", **documented.RELEASES, name="Releases")
    async def releases(
        request: Request,
        environment: Environment,
        limit: Annotated[int, Query(ge=1, le=1000, description="How many, the newest first.")] = 50,
    ) -> Response:
        """What was deployed to an environment and rolled back, the newest first.

        Not for tokens that are limited to tenants: a release tells of all of them.
        """
        caller = asked.admitted(request).caller
        if not caller.sees_all_tenants:
            raise ProblemError(403, "Releases tell of all tenants, and this token is for some.")
        found = await run_in_threadpool(listings.releases, shelf.served, caller, environment, limit)
        if found is None:
            raise nothing()
        return _json(found)

    @router.get("/schema/{service}", **documented.SCHEMA, name="Contract")
    async def schema(
        request: Request, service: Name, environment: Annotated[str, Query(max_length=253, examples=["production"])]
    ) -> Response:
        """The contract of a service as JSON Schema, as the values in an environment were checked against it."""
        key = Key(environment, service)
        snapshot = shelf.served.get(key)
        if snapshot is None or not listings.is_visible(snapshot, asked.admitted(request).caller):
            raise nothing()
        tag = f'"{snapshot.bundle.manifest.schema_sha256[:32]}"'
        headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": _VARY}
        if asked.has(request, tag):
            return Response(status_code=304, headers=headers)
        data = shelf.contents.read(snapshot.bundle, "schema.json")
        return Response(data, headers=headers, media_type="application/schema+json")


def _response(request: Request, question: Question, given: Given, waited: int | None) -> Response:
    found, caller = given.found, asked.admitted(request).caller
    headers = {"Vary": _VARY, "Cache-Control": "no-store" if caller.sees_secrets else "private, no-cache"}
    if found.tag:
        headers["ETag"] = found.tag
    if waited is not None:
        headers["Preference-Applied"] = f"wait={waited}"
    if caller.sees_all_tenants:
        # Of the bundle, which changes with any tenant's values: so it is no part of the body, nor of the tag.
        headers["Terrace-Release"] = found.snapshot.bundle.ref.digest
        if found.snapshot.commit:
            headers["Terrace-Commit"] = found.snapshot.commit
    if given.answer is None:
        return Response(status_code=304, headers=headers)
    headers["Terrace-Withheld"] = str(given.answer.withheld)
    return Response(given.answer.body, headers={**headers, "Content-Type": content_type(question.form)})


def _json(said: dict[str, Any]) -> Response:
    headers = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}
    return Response(orjson.dumps(said), headers=headers, media_type="application/json")
