"""What OpenAPI says of flags of a repository: in words, their past, their usage, and how one is changed."""

from __future__ import annotations

from typing import Any

from terrace.server import documented
from terrace.server.documented import ALWAYS, AWAY, NOT_FOUND, TEXT, Responses, Said, json_body, problem

_FLAG = "checkout-v2"
_COMMIT = "9f3c0a51" * 5
_READS: Responses = {
    **ALWAYS, **NOT_FOUND, **AWAY,
    403: problem("The token is limited to tenants, or not for flags."),
}  # fmt: skip
_YES = {"type": "boolean"}
_RULE = {"type": "object", "properties": dict.fromkeys(("name", "whom", "gets", "words"), TEXT)}
_STATE: dict[str, Any] = {
    "type": "object",
    "required": ["key", "environment", "state", "words", "commit", "enabled", "kill", "protected", "rules"],
    "properties": {
        "key": TEXT,
        "environment": TEXT,
        "commit": {"type": "string", "description": "What was read: the `base` of a change."},
        "state": {"enum": ["on", "off", "killed", "mixed", "absent"]},
        "words": TEXT,
        "takes": {"type": "string", "description": "The environment whose state it takes; empty for its own."},
        "enabled": _YES,
        "kill": _YES,
        "reason": TEXT,
        "default": {"type": ["string", "null"]},
        "protected": {"type": "boolean", "description": "Whether changes are put up for review, but for a kill."},
        "rules": {"type": "array", "items": _RULE},
    },
}
_STATED = {
    "status": 200, "key": _FLAG, "environment": "production", "commit": _COMMIT, "state": "on", "words":
    "on for everybody", "takes": "", "enabled": True, "kill": False, "reason": "", "default": "on", "protected": True,
    "rules": [],
}  # fmt: skip
_CHANGE = {
    "type": "object",
    "required": ["commit", "time", "author", "subject", "before", "after"],
    "properties": {
        **dict.fromkeys(("commit", "parent", "time", "author", "subject", "reason", "before", "after"), TEXT),
        "revertible": _YES,
    },
}
_PAST = {
    "type": "object",
    "required": ["flag", "environment", "commits"],
    "properties": {"flag": TEXT, "environment": TEXT, "commits": {"type": "array", "items": _CHANGE}},
}
_PASSED = {"flag": _FLAG, "environment": "production", "commits": [{
    "commit": _COMMIT, "time": "2026-11-24T09:30:00Z", "author": "Ada", "subject": "flags: turn on checkout-v2",
    "before": "not enabled: off for everybody", "after": "on for everybody",
}]}  # fmt: skip
_POINT = {
    "type": "object",
    "properties": {"at": {"type": "integer"}, "number": {"type": "integer"},
                   **dict.fromkeys(("variant", "tenant", "reason"), TEXT)},
}  # fmt: skip
_USED = {
    "type": "object",
    "required": ["flag", "environment", "points"],
    "properties": {"flag": TEXT, "environment": TEXT, "points": {"type": "array", "items": _POINT}},
}
_MADE = {
    "type": "object",
    "required": ["commit", "branch", "changed", "released", "proposed"],
    "properties": {
        "commit": TEXT, "branch": TEXT, "changed": _YES, "url": TEXT, "problem": TEXT,
        "released": {"type": "boolean", "description": "Whether it is evaluated already."},
        "proposed": {"type": "boolean", "description": "Whether it was put up for review."},
        "override": {"type": "string", "description": "Until when it counts without being in the branch."},
    },
}  # fmt: skip
_DONE = {"commit": _COMMIT, "branch": "main", "changed": True, "released": True, "proposed": False}

SHOWN = documented.route("shownFlag", {**_READS, 200: json_body("What it is.", _STATE, _STATED)}, "Flags")
HISTORY = documented.route("flagHistory", {**_READS, 200: json_body("Its changes.", _PAST, _PASSED)}, "Flags")
USAGE = documented.route(
    "flagUsage",
    {**_READS, 404: problem("Not for this caller, or usage is not kept."),
     200: json_body("By minutes, or hours.", _USED, {"flag": _FLAG, "environment": "production", "points": []})},
    "Flags",
)  # fmt: skip


def changed(wanted: dict[str, Any]) -> Said:
    """What is said of changing a flag, with a body as the schema `wanted` has it."""
    told: Responses = {
        **ALWAYS, **NOT_FOUND, **AWAY,
        200: json_body("Done: committed, or put up for review.", _MADE, _DONE),
        403: problem("The token may not write there, or this server releases nothing there."),
        409: problem("It was changed since `base`: `difference` has what, `commit` where the branch is now."),
        415: problem("The body is no JSON."),
        422: problem("Not well formed, or the edit brings an error: `findings`."),
    }  # fmt: skip
    body = {"required": True, "content": {"application/json": {"schema": wanted}}}
    return documented.route("changeFlag", told, "Flags", {"requestBody": body})


def hooked() -> Said:
    """What is said of a forge's webhook."""
    told: Responses = {
        413: ALWAYS[413], 414: ALWAYS[414], 429: ALWAYS[429],
        202: {"description": "It is looked at.", "headers": documented.EVERY},
        401: problem("It is not signed with the secret."),
        503: problem("The process that follows is away."),
    }  # fmt: skip
    body = {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
    found = documented.route("hook", told, "Flags", {"requestBody": body})
    return {**found, "openapi_extra": {**found["openapi_extra"], "security": []}}
