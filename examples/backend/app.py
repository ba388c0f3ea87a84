"""An application that serves all restaurants, and takes a new release without losing a request.

    uvicorn examples.backend.app:app

It needs TERRACE_SOURCE, TERRACE_ENV, and a key for the secrets; `python -m examples.backend` gives it all three.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from openfeature import api
from openfeature.evaluation_context import EvaluationContext

from examples.backend.pool import Pool
from schemas.backend import Config
from terrace.runtime import Change, ConfigError, Handle, watch
from terrace.runtime.asgi import endpoints
from terrace.runtime.flags import provider


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Load the configuration or do not start, and follow it until the end."""
    try:
        handle = watch(Config, service="backend", reason="start of the example")
    except ConfigError as error:
        sys.exit(str(error))
    with handle:
        pool = Pool(handle.current.database.pool_max)

        def resize(change: Change[Config]) -> None:
            pool.resize(change.new.config.database.pool_max)

        handle.on_change(resize)
        flags = provider()
        api.set_provider_and_wait(flags)
        app.state.handle, app.state.pool, app.state.flags = handle, pool, flags
        yield
        api.shutdown()


app = FastAPI(title="Harbour Kitchen", lifespan=lifespan)
app.mount(
    "/ops",
    endpoints(
        lambda: getattr(app.state, "handle", None), metrics=True, flags=lambda: getattr(app.state, "flags", None)
    ),
)


@app.get("/")
def house(request: Request) -> dict[str, Any]:
    """What the house as a whole runs with."""
    revision = request.app.state.handle.revision
    return {
        "digest": revision.digest,
        "restaurants": list(revision.tenants),
        "maintenance": revision.config.server.maintenance_message,
        "pool": {"size": request.app.state.pool.size, "used": request.app.state.pool.used},
    }


@app.get("/restaurants/{name}")
async def restaurant(name: str, request: Request) -> dict[str, Any]:
    """The page of one restaurant. Everything in one answer is of one revision."""
    handle: Handle[Config] = request.app.state.handle
    revision = handle.revision
    if name not in revision.tenants:
        raise HTTPException(404, "there is no such restaurant")
    config = revision.for_tenant(name)
    live = api.get_client().get_boolean_value("live-tickets", False, EvaluationContext(name, {"tenant": name}))
    async with request.app.state.pool:
        return {
            "digest": revision.digest,
            "title": config.storefront.title,
            "locale": config.storefront.locale,
            "live_tickets": live,
            "pool_max": config.database.pool_max,
            "house_pool_max": revision.config.database.pool_max,
        }
