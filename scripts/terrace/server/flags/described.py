"""What OpenAPI says of flags: the routes of OFREP, which no framework knows of, and the one for flagd."""

from __future__ import annotations

from typing import Any

from terrace.server.documented import ALWAYS, ETAG, EVERY, NOT_FOUND, RETRY, Responses, Said, json_body, problem, route

_TEXT = {"type": "string"}
_SCALARS = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}
_CONTEXT = {
    "type": "object",
    "properties": {"targetingKey": {"type": ["string", "null"]}, "tenant": {}},
    "description": "Who asks. A token that is for one tenant decides what `tenant` is.",
}
_FAILURE = {
    "type": "object",
    "required": ["errorCode", "errorDetails"],
    "properties": {"key": _TEXT, "errorCode": _TEXT, "errorDetails": _TEXT},
}
_SUCCESS = {
    "type": "object",
    "required": ["key", "reason", "variant", "metadata"],
    "properties": {
        "key": _TEXT,
        "reason": {"enum": ["STATIC", "DEFAULT", "TARGETING_MATCH", "DISABLED"]},
        "variant": {"type": "string", "description": "Empty where the application's own default counts."},
        "value": {"description": "Absent where the application's own default counts."},
        "metadata": _SCALARS,
    },
}
_STREAM = {
    "type": "object",
    "required": ["type", "endpoint", "inactivityDelaySec"],
    "properties": {
        "type": {"const": "sse"},
        "endpoint": {"type": "object", "required": ["requestUri"], "properties": {"requestUri": _TEXT}},
        "inactivityDelaySec": {"type": "integer"},
    },
}
_ALL = {
    "type": "object",
    "required": ["flags", "metadata", "eventStreams"],
    "properties": {
        "flags": {"type": "array", "items": {"anyOf": [_SUCCESS, _FAILURE]}},
        "metadata": _SCALARS,
        "eventStreams": {"type": "array", "items": _STREAM},
    },
}
SCHEMAS = {"FlagEvaluation": _SUCCESS, "FlagFailure": _FAILURE, "FlagEvaluations": _ALL}
SECURITY = {"apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "The token, as it is."}}
_REQUEST_ID = {"X-Request-Id": {"description": "The id of the request in the log.", "schema": _TEXT}}
_TAG = {"ETag": {"description": "Of the answer, for `If-None-Match`.", "schema": _TEXT}}
_WAIT = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
_BODY = {
    "required": True,
    "content": {"application/json": {
        "schema": {"type": "object", "properties": {"context": {"anyOf": [_CONTEXT, {"type": "null"}]}}},
        "example": {"context": {"targetingKey": "user-1", "tenant": "acme"}},
    }},
}  # fmt: skip


def _failure(description: str, headers: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "description": description,
        "headers": {**_REQUEST_ID, **(headers or {})},
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/FlagFailure"}}},
    }


def _answer(description: str, schema: str, headers: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "description": description,
        "headers": {**_REQUEST_ID, **(headers or {})},
        "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}},
    }


_CHALLENGED = {"WWW-Authenticate": {"description": "How to say who asks.", "schema": _TEXT}}
_REFUSED = {
    "400": _failure("The body is not right, or it is not said which environment is meant."),
    "401": _failure("Nobody known asks.", _CHALLENGED),
    "403": _failure("The token is not for flags."),
    "404": _failure("There is no such flag or environment, or it is not for this caller."),
    "413": _failure("The body is too large."),
    "414": _failure("The URL is too long."),
    "429": _failure("Too many requests.", _WAIT),
}


def _parameter(place: str, name: str, description: str, example: str) -> dict[str, Any]:
    schema = {"type": "string", "minLength": 1, "maxLength": 253}
    needed = place == "path"
    found = {"name": name, "in": place, "required": needed, "description": description, "schema": schema}
    return {**found, "example": example}


_ENVIRONMENT = _parameter("path", "environment", "The environment.", "production")
_KEY = _parameter("path", "key", "The key of the flag; slashes may stand in it as they are.", "checkout-v2")
_SELECTED = "`Flagd-Selector: flagSetId=ENVIRONMENT` is another way to say the environment."
_HEARD = [
    {
        **_parameter("query", "flagConfigEtag", "The `etag` of the event after which this is asked.", "5a1e"),
        "schema": _TEXT,
    },
    {
        **_parameter("query", "flagConfigLastModified", "The `lastModified` of that event.", "1771622898"),
        "schema": _TEXT,
    },
]


def _one(name: str, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    return {"post": {
        "tags": ["Flags"], "operationId": f"{name}Flag", "summary": "One flag",
        "description": "What a flag is for whom the context describes (OFREP). " + _SELECTED,
        "parameters": [*parameters, _KEY], "requestBody": _BODY,
        "security": [{"token": []}, {"apiKey": []}],
        "responses": {"200": _answer("What it is.", "FlagEvaluation"), **_REFUSED},
    }}  # fmt: skip


def _every(name: str, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    same = {"description": "The caller has it.", "headers": {**_REQUEST_ID, **_TAG}}
    return {"post": {
        "tags": ["Flags"], "operationId": f"{name}Flags", "summary": "All flags",
        "description": f"What every flag is for whom the context describes (OFREP), and a stream. {_SELECTED}",
        "parameters": [*parameters, *_HEARD], "requestBody": _BODY,
        "security": [{"token": []}, {"apiKey": []}],
        "responses": {"200": _answer("What they are.", "FlagEvaluations", _TAG), "304": same, **_REFUSED},
    }}  # fmt: skip


def _events(name: str, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    token = {**_parameter("query", "token", "The ticket from `eventStreams`.", "..."), "required": True}
    token["schema"] = {"type": "string", "minLength": 1, "maxLength": 2000}
    stream = {
        "description": "Server-sent events: `refetchEvaluation`, with `etag` and `lastModified`.",
        "headers": _REQUEST_ID,
        "content": {"text/event-stream": {"schema": _TEXT}},
    }
    refused = {status: _REFUSED[status] for status in ("401", "414", "429")}
    return {"get": {
        "tags": ["Flags"], "operationId": f"{name}FlagEvents", "summary": "When flags change",
        "description": "A stream for whoever has a ticket; it ends when the ticket does, or the server.",
        "parameters": [*parameters, token], "security": [],
        "responses": {"200": stream, **refused},
    }}  # fmt: skip


PATHS = {
    "/ofrep/v1/evaluate/flags/{key}": _one("evaluate", []),
    "/ofrep/v1/evaluate/flags": _every("evaluate", []),
    "/ofrep/v1/events": _events("hear", []),
    "/env/{environment}/ofrep/v1/evaluate/flags/{key}": _one("evaluateEnvironment", [_ENVIRONMENT]),
    "/env/{environment}/ofrep/v1/evaluate/flags": _every("evaluateEnvironment", [_ENVIRONMENT]),
    "/env/{environment}/ofrep/v1/events": _events("hearEnvironment", [_ENVIRONMENT]),
}


def usage(report: dict[str, Any]) -> Said:
    """What is said of reports of usage, whose body is as the schema `report` has it."""
    said: Responses = {
        **ALWAYS,
        404: problem("An environment is not there, or not for this caller; or usage is not kept."),
        403: problem("The token is not for flags, or not for a tenant that is reported."),
        422: problem("The report is not well formed."),
        503: problem("It cannot be kept now.", **RETRY),
        204: {"description": "It counts, once.", "headers": EVERY},
    }
    body = {"required": True, "content": {"application/json": {"schema": report}}}
    return route("report_usage", said, "Flags", {"requestBody": body})


def definition_of_flags() -> Said:
    """What is said of the definition of an environment's flags."""
    definition = {
        "type": "object",
        "required": ["flags", "metadata"],
        "properties": {"flags": {"type": "object"}, "metadata": {"type": "object"}},
    }
    same = {"description": "The caller has it.", "headers": {**EVERY, **ETAG}}
    found = json_body("The definition.", definition, {"flags": {}, "metadata": {"flagSetId": "production"}})
    limited = problem("The token is limited to tenants, or not for flags.")
    said = {**ALWAYS, **NOT_FOUND, 403: limited, 200: {**found, "headers": {**EVERY, **ETAG}}, 304: same}
    return route("flags", said, "Flags")


DEFINITION: Said = definition_of_flags()
