"""What OpenAPI says of each route: every status, with its headers, its body and an example."""

from __future__ import annotations

from typing import Any, TypedDict

Responses = dict[int | str, dict[str, Any]]


class Said(TypedDict):
    """What a route's decorator takes."""

    responses: Responses
    response_class: Any
    openapi_extra: dict[str, Any]
    operation_id: str
    tags: list[str | Any]


PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
}
TEXT = {"type": "string"}
_DIGEST = {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}
_NAMES = {"type": "array", "items": TEXT}
CONFIGURATION: dict[str, Any] = {
    "type": "object",
    "required": ["service", "environment", "tenant", "path", "digest", "values", "secrets"],
    "properties": {
        "service": TEXT,
        "environment": TEXT,
        "tenant": {"type": ["string", "null"]},
        "path": {"type": "string", "description": "The place of the values; empty for all."},
        "digest": {**_DIGEST, "description": "Of this slice, as this caller sees it."},
        "values": {"description": "An object, or what stands at the path."},
        "secrets": {"type": "object", "required": ["withheld"], "properties": {"withheld": _NAMES}},
        "provenance": {"type": "object", "additionalProperties": TEXT},
    },
}
_EXAMPLE = {
    "service": "backend", "environment": "production", "tenant": "acme", "path": "database",
    "digest": "sha256:" + "2f6c81d4" * 8, "values": {"host": "orders.db.svc.cluster.local", "pool_max": 40},
    "secrets": {"withheld": ["database.password"]},
}  # fmt: skip


def _header(description: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"description": description, "schema": schema or TEXT}


def problem(description: str, **headers: dict[str, Any]) -> dict[str, Any]:
    """What is said of a response that is a problem."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": description, "content": content, "headers": {**EVERY, **headers}}


def json_body(
    description: str, schema: dict[str, Any], example: Any, media: str = "application/json"
) -> dict[str, Any]:
    """What is said of a response with a body of that form."""
    return {"description": description, "content": {media: {"schema": schema, "example": example}}, "headers": EVERY}


EVERY = {"X-Request-Id": _header("As it was sent, if it was well formed; else made here.")}
ETAG = {"ETag": _header("Strong: of what this caller sees of the slice.")}
_OF_CONFIG = {
    **EVERY,
    **ETAG,
    "Vary": _header("Accept, Authorization"),
    "Cache-Control": _header("`no-store` where secrets are inside."),
    "Preference-Applied": _header("`wait=N`, where the request asked to wait."),
    "Terrace-Release": _header("The bundle's digest; not for callers that are limited to tenants.", _DIGEST),
    "Terrace-Commit": _header("The commit that the bundle was built from; as Terrace-Release."),
}
RETRY = {"Retry-After": _header("Seconds.", {"type": "integer"})}
ALWAYS: Responses = {
    401: problem("Nobody known asks.", **{"WWW-Authenticate": _header("Bearer")}),
    413: problem("The body is too large."),
    414: problem("The URL is too long."),
    422: problem("A parameter is not well formed."),
    429: problem("Too many requests of this caller.", **RETRY),
}
NOT_FOUND: Responses = {404: problem("Not there, or not for this caller: one answer for both.")}
AWAY: Responses = {503: problem("It cannot be read, or a secret not be opened, now.", **RETRY)}
_BODY = {"schema": {"$ref": "#/components/schemas/Configuration"}, "example": _EXAMPLE}
_PARAMETERS = [
    {"name": "If-None-Match", "in": "header", "schema": TEXT, "description": "The ETag that the caller has."},
    {
        "name": "Prefer", "in": "header", "schema": TEXT, "example": "wait=60",
        "description": "`wait=N`, with `If-None-Match`: answer when the values change, or after N seconds, at most 60.",
    },
    {"name": "Last-Event-ID", "in": "header", "schema": TEXT, "description": "For a stream: the last event."},
]  # fmt: skip
_CONFIG: Responses = {
    **ALWAYS,
    **NOT_FOUND,
    **AWAY,
    200: {
        "description": "The values.",
        "content": {
            "application/json": _BODY,
            "application/yaml": {"schema": {"description": "The values alone."}, "example": _EXAMPLE["values"]},
            "text/x-java-properties": {"schema": TEXT, "example": "database.pool_max=40\n"},
            "text/x-dotenv": {"schema": TEXT, "example": "DATABASE_POOL_MAX=40\n"},
            "text/event-stream": {"schema": TEXT, "example": "event: config\nid: 2f6c81\ndata: {}\n\n"},
        },
        "headers": {**_OF_CONFIG, "Terrace-Withheld": _header("How many secrets were left out.", {"type": "integer"})},
    },
    304: {"description": "The caller has it.", "headers": _OF_CONFIG},
    406: problem("There is no form that is accepted."),
}


def route(operation: str, responses: Responses, tag: str, extra: dict[str, Any] | None = None) -> Said:
    """What is said of a route."""
    from starlette.responses import Response

    extra = {**(extra or {}), "security": [{"token": []}, {}]}
    return Said(
        responses=responses, response_class=Response, openapi_extra=extra, operation_id=operation, tags=[tag]
    )  # fmt: skip


CONFIG = route("config", _CONFIG, "Configuration", {"parameters": _PARAMETERS})
PART = route(
    "config_part",
    {**_CONFIG, 403: problem("A secret stands at the path, and the caller may not see secrets.")},
    "Configuration",
    {"parameters": _PARAMETERS},
)
_ENVIRONMENT = {"type": "object", "required": ["name", "services"], "properties": {"name": TEXT, "services": _NAMES}}
ENVIRONMENTS = route(
    "environments",
    {
        **ALWAYS,
        200: json_body(
            "What this caller can read.",
            {
                "type": "object",
                "required": ["environments"],
                "properties": {"environments": {"type": "array", "items": _ENVIRONMENT}},
            },
            {"environments": [{"name": "production", "services": ["backend"]}]},
        ),
    },
    "Lists",
)
TENANTS = route(
    "tenants",
    {
        **ALWAYS,
        200: json_body(
            "This caller's tenants.",
            {"type": "object", "required": ["tenants"], "properties": {"tenants": _NAMES}},
            {"tenants": ["acme", "bolt"]},
        ),
    },
    "Lists",
)
_BUNDLE = {"service": TEXT, "digest": _DIGEST}
_RELEASE = {
    "type": "object",
    "required": ["number", "time", "action", "actor", "commit", "reason", "bundles"],
    "properties": {
        "number": {"type": "integer"},
        "time": {"type": "string", "format": "date-time"},
        "action": {"type": "string", "enum": ["deploy", "rollback"]},
        "actor": TEXT,
        "commit": TEXT,
        "reason": TEXT,
        "bundles": {
            "type": "array",
            "items": {"type": "object", "required": ["service", "digest"], "properties": _BUNDLE},
        },
    },
}
RELEASES = route(
    "releases",
    {
        **ALWAYS,
        **NOT_FOUND,
        **AWAY,
        403: problem("The token is limited to tenants."),
        200: json_body(
            "The releases.",
            {
                "type": "object",
                "required": ["environment", "releases"],
                "properties": {"environment": TEXT, "releases": {"type": "array", "items": _RELEASE}},
            },
            {"environment": "production", "releases": []},
        ),
    },
    "Lists",
)
BUNDLE = route(
    "bundle",
    {
        **ALWAYS,
        **NOT_FOUND,
        **AWAY,
        200: {
            **json_body("The manifest: see the description of bundles.", {"type": "object"}, {"format": 1}),
            "headers": {**EVERY, **ETAG},
        },
        304: {"description": "The caller has it.", "headers": {**EVERY, **ETAG}},
    },
    "Bundles",
)
BUNDLE_FILE = route(
    "bundleFile",
    {
        **ALWAYS,
        **NOT_FOUND,
        **AWAY,
        200: {
            "description": "The bytes of the file.",
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
            "headers": EVERY,
        },
    },
    "Bundles",
)
SCHEMA = route(
    "schema",
    {
        **ALWAYS,
        **NOT_FOUND,
        **AWAY,
        200: {
            **json_body("The contract.", {"type": "object"}, {"type": "object"}, "application/schema+json"),
            "headers": {**EVERY, **ETAG},
        },
        304: {"description": "The caller has it.", "headers": {**EVERY, **ETAG}},
    },
    "Lists",
)
_STATUS = {"type": "object", "required": ["status"], "properties": {"status": TEXT}}
LIVE = route("livez", {**ALWAYS, 200: json_body("It runs.", _STATUS, {"status": "ok"})}, "Health")
READY = route(
    "readyz",
    {
        **ALWAYS,
        200: json_body(
            "It answers.",
            _STATUS,
            {"status": "degraded", "following": {"status": "degraded", "refused": 1, "findings": 2}},
        ),
        503: json_body("It has nothing to serve, or is about to stop.", _STATUS, {"status": "empty"}),
    },
    "Health",
)
CONFIGZ = route(
    "configz",
    {
        **ALWAYS,
        403: problem("The token is limited to tenants."),
        200: json_body("What is served and what was refused.", _STATUS, {"status": "ok", "services": []}),
    },
    "Health",
)
METRICS = route(
    "metrics",
    {
        **ALWAYS,
        403: problem("The token is limited to tenants."),
        200: json_body("Numbers of this worker.", TEXT, "terrace_server_waiting_requests 0\n", "text/plain"),
    },
    "Health",
)
