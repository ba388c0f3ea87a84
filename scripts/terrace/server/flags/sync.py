"""The definition of an environment's flags, as flagd's http sync and its providers read it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from terrace.server import asked
from terrace.server.flags import described
from terrace.server.problems import ProblemError, nothing
from terrace.server.shelf import Shelf

_ALL_TENANTS = "The definition names tenants in its rules, and the token is for some: ask at /ofrep/v1/ instead."
_NOT_FOR_FLAGS = "This token is not for flags."


def routes(shelf: Shelf) -> APIRouter:
    """The route for flagd."""
    router = APIRouter(prefix="/v1/flags")

    @router.get("/{environment}", **described.DEFINITION, name="Definition of flags")
    async def definition(
        request: Request, environment: Annotated[str, Path(max_length=253, examples=["production"])]
    ) -> Response:
        """All flags of an environment as one flagd definition, with the commit as `version` in its metadata.

        For tokens with the right `flags` that are limited to no tenant. flagd sends the ETag it has, and gets 304.
        """
        caller = asked.admitted(request).caller
        if not caller.sees_all_tenants or "flags" not in caller.scopes.may:
            raise ProblemError(403, _NOT_FOR_FLAGS if caller.sees_all_tenants else _ALL_TENANTS)
        found = shelf.flags.get(environment)
        if found is None or found.flags is None or not caller.evaluates(environment):
            raise nothing()
        tag = f'"{found.flags.tag}"'
        headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
        if asked.has(request, tag):
            return Response(status_code=304, headers=headers)
        return Response(found.flags.document, headers=headers, media_type="application/json")

    return router
