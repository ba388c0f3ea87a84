"""What OpenAPI says of the routes for Spring Cloud Config."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from terrace.server import documented
from terrace.server.documented import Responses, Said

_KNOWN = documented.CONFIG["responses"]
_SECURITY: dict[str, Any] = {"security": [{"token": []}, {"password": []}, {}]}
_SOURCE = {
    "type": "object",
    "required": ["name", "source"],
    "properties": {
        "name": {"type": "string"},
        "source": {"type": "object", "description": "By name: the value, or an object of `value` and `origin`."},
    },
}
_ENVIRONMENT = {
    "type": "object",
    "required": ["name", "profiles", "label", "version", "state", "propertySources"],
    "properties": {
        "name": {"type": "string"},
        "profiles": {"type": "array", "items": {"type": "string"}},
        "label": {"type": ["string", "null"]},
        "version": {"type": ["string", "null"], "description": "The digest of this slice, as this caller sees it."},
        "state": {"type": "null"},
        "propertySources": {"type": "array", "items": _SOURCE},
    },
}
_EXAMPLE = {
    "name": "backend", "profiles": ["production"], "label": None, "version": "sha256:" + "2f6c81d4" * 8, "state": None,
    "propertySources": [{"name": "terrace:backend-production", "source": {"database.pool_max": 40}}],
}  # fmt: skip
_WITH_ORIGINS = {
    **_EXAMPLE,
    "propertySources": [
        {
            "name": "terrace:backend-production",
            "source": {"database.pool_max": {"value": 40, "origin": "environments/production/backend.yaml:7:13"}},
        }
    ],
}
_FLAT: dict[str, dict[str, Any]] = {
    "yml": {"text/plain": {"schema": {"type": "string"}, "example": "database:\n  pool_max: 40\n"}},
    "json": {"application/json": {"schema": {"type": "object"}, "example": {"database": {"pool_max": 40}}}},
    "properties": {"text/plain": {"schema": {"type": "string"}, "example": "database.pool_max=40\n"}},
}
_FLAT["yaml"] = _FLAT["yml"]


def flat(ending: str, labelled: str = "") -> Said:
    """Of the route that gives values as a file."""
    return _said(f"spring_{labelled}{ending}", _FLAT[ending])


def _said(operation: str, content: dict[str, Any]) -> Said:
    return Said(
        responses=_responses(content),
        response_class=Response,
        openapi_extra=_SECURITY,
        operation_id=operation,
        tags=["Spring Cloud Config"],
    )


def _responses(content: dict[str, Any]) -> Responses:
    same: Responses = {status: _KNOWN[status] for status in (304, 401, 404, 413, 414, 422, 429, 503)}
    return {
        **same,
        200: {**_KNOWN[200], "content": content},
        400: {**_KNOWN[404], "description": "Several of the profiles are environments."},
        409: {**_KNOWN[404], "description": "A value stands at a place that Spring has no name for."},
    }


_MEDIA = {
    "application/json": {"schema": _ENVIRONMENT, "example": _EXAMPLE},
    "application/vnd.spring-cloud.config-server.v2+json": {"schema": _ENVIRONMENT, "example": _WITH_ORIGINS},
}
ENVIRONMENT = _said("spring_environment", _MEDIA)
LABELLED = _said("spring_labelled_environment", _MEDIA)
