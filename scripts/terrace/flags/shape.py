"""What may stand in a file of `flags/`, as a JSON Schema: for validation, and for completion in editors."""

from __future__ import annotations

from typing import Any

from terrace.model.flag import KINDS, TYPES

KEY = "^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$"
_DAY = {"type": "string", "format": "date"}
_TIME = {"type": "string", "format": "date-time"}
_SCALAR = {"type": ["string", "number", "boolean"]}
_SCALARS = {"type": "array", "items": _SCALAR, "minItems": 1}
_NAME = {"type": "string", "minLength": 1}
_NAMES = {"anyOf": [_NAME, {"type": "array", "items": _NAME, "minItems": 1, "uniqueItems": True}]}
_VARIANT = {"type": "string", "minLength": 1}
_BY = {"type": "string", "minLength": 1, "description": "The attribute that tells subjects apart; targetingKey."}
_RAW = {"type": "object", "description": "JsonLogic as flagd reads it."}
_CONDITION = {"$ref": "#/$defs/condition"}
_STATE = {"$ref": "#/$defs/state"}


def _closed(properties: dict[str, Any], *required: str, **more: Any) -> dict[str, Any]:
    shape = {"type": "object", "additionalProperties": False, "properties": properties, **more}
    return {**shape, "required": list(required)} if required else shape


def _by_name(of: dict[str, Any], description: str, pattern: str = "") -> dict[str, Any]:
    shape = {"type": "object", "description": description, "additionalProperties": of}
    return {**shape, "propertyNames": {"pattern": pattern, "maxLength": 100}} if pattern else shape


def _said(shape: dict[str, Any], description: str) -> dict[str, Any]:
    return {**shape, "description": description}


_NUMBER = {"type": "number"}
_TEXT = {"type": "string"}
_OPERATORS = {
    "eq": _said(_SCALAR, "Is this value."),
    "ne": _said(_SCALAR, "Is there, and is not this value."),
    "in": _said(_SCALARS, "Is one of these."),
    "not_in": _said(_SCALARS, "Is there, and is none of these."),
    "lt": _said(_NUMBER, "Is less."),
    "lte": _said(_NUMBER, "Is less, or equal."),
    "gt": _said(_NUMBER, "Is greater."),
    "gte": _said(_NUMBER, "Is greater, or equal."),
    "starts_with": _said(_TEXT, "Begins with this text."),
    "ends_with": _said(_TEXT, "Ends with this text."),
    "contains": _said(_TEXT, "Holds this text."),
    "semver": _said(_TEXT, 'A version in this range, as ">=2.4.0"; also = != < <= > ^ ~.'),
    "exists": {"type": "boolean", "description": "Whether the attribute is there at all."},
    "before": _said(_TIME, "For the attribute now: before this moment."),
    "after": _said(_TIME, "For the attribute now: at this moment, or later."),
}
_COMPARISON = {"anyOf": [_SCALAR, _SCALARS, _closed(_OPERATORS, minProperties=1)]}
_RULE = _closed(
    {
        "name": _said(_TEXT, "What people call it."),
        "when": _said(_CONDITION, "Whom it is for; everybody, if left out."),
        "serve": _said(_VARIANT, "The variant they get."),
        "rollout": {
            "type": "object",
            "description": "In the place of serve: per cent by variant, 100 together.",
            "additionalProperties": {"type": "integer", "minimum": 1, "maximum": 100},
            "minProperties": 1,
        },
        "by": _BY,
    }
)
_PERCENT = {"type": "integer", "minimum": 0, "maximum": 100}
_PROGRESS = _closed(
    {
        "variant": _said(_VARIANT, "The variant whose share grows."),
        "start": _said(_TIME, "When it begins, as 2027-01-15T08:00:00Z."),
        "end": _said(_TIME, "When it is done."),
        "first": _said(_PERCENT, "Per cent at the start; 0."),
        "last": _said(_PERCENT, "Per cent at the end; 100."),
        "by": _BY,
    },
    "variant", "start", "end",
    description="A share that grows with time, of those whom no rule is for.",
)  # fmt: skip
_CHANGING: dict[str, Any] = {
    "enabled": {"type": "boolean", "description": "false: everybody gets the off variant. true, if left out."},
    "default": {
        "type": ["string", "null"],
        "description": "The variant of those whom no rule is for; null: the application's own default.",
    },
    "rules": {"type": "array", "items": {"$ref": "#/$defs/rule"}, "description": "The first that fits is taken."},
    "progress": {"anyOf": [{"$ref": "#/$defs/progress"}, {"type": "null"}]},
}
_SCHEDULED = _closed({"at": _said(_TIME, "From when on, as 2027-02-01T08:00:00Z."), **_CHANGING}, "at", minProperties=2)
_STATE_SHAPE = _closed(
    {
        **_CHANGING,
        "kill": {"type": "boolean", "description": "true: applications use their own default, at once."},
        "reason": _said(_TEXT, "Why it is killed, or as it is."),
        "schedule": {"type": "array", "items": _SCHEDULED, "description": "What changes when, the earliest first."},
        "targeting": _said(_RAW, "In the place of rules and progress: JsonLogic as flagd reads it."),
    }
)
_FLAG = _closed(
    {
        "type": {"enum": list(TYPES), "description": "What every variant is."},
        "description": _said(_TEXT, "What it switches, in one line."),
        "owner": _said(_NAME, "Who answers for it."),
        "created": _said(_DAY, "The day it was made, as 2026-11-01."),
        "expires": _said(_DAY, "The day by which it is to be gone."),
        "permanent": {"type": "boolean", "description": "true: it is meant to stay, and never expires."},
        "kind": {"enum": list(KINDS), "description": "What it is for; release, if left out."},
        "tags": {"type": "array", "items": _NAME, "uniqueItems": True, "description": "To find it by."},
        "links": _by_name(_TEXT, "Where more is said of it, by name."),
        "salt": _said(_NAME, "What subjects are shuffled by; the key. Keep it when you rename the flag."),
        "variants": {**_by_name({}, "The values it can have, by name."), "minProperties": 1},
        "off_variant": _said(_VARIANT, "What everybody gets where it is not enabled."),
        "requires": {
            "type": "array",
            "description": "Flags of which a subject must get a variant; without it, it gets the off variant here.",
            "items": _closed({"flag": _NAME, "variant": _VARIANT}, "flag", "variant"),
        },
        "metadata": _by_name(_SCALAR, "More that applications get with an evaluation."),
        "environments": _by_name(_STATE, "Its state by environment; another takes that of the one it extends."),
    },
    "type", "owner", "created", "variants", "off_variant",
)  # fmt: skip
_TEST = _closed(
    {
        "name": _said(_TEXT, "What it proves."),
        "flag": _NAME,
        "environment": _NAME,
        "context": {"type": "object", "description": "The subject, by attribute."},
        "expect": {"type": ["string", "null"], "description": "The variant; null: the application's own default."},
        "now": _said(_TIME, "The moment of the evaluation; the day of the validation, if left out."),
    },
    "flag", "environment", "expect",
)  # fmt: skip
FLAGS_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Flags",
    **_closed(
        {
            "segments": _by_name(
                _closed({"description": _TEXT, "when": _CONDITION}, "when"),
                "Conditions with a name, for flags of every area.",
                KEY,
            ),
            "flags": _by_name({"$ref": "#/$defs/flag"}, "The flags by key.", KEY),
            "tests": {"type": "array", "description": "What flags must come to.", "items": {"$ref": "#/$defs/test"}},
            "archived": _by_name(
                _closed({"type": {"enum": list(TYPES)}, "day": _DAY, "reason": _TEXT}, "type", "day"),
                "Flags that are no more, by key: it is not used again.",
            ),
        }
    ),
    "$defs": {
        "flag": _FLAG,
        "state": _STATE_SHAPE,
        "rule": _RULE,
        "progress": _PROGRESS,
        "test": _TEST,
        "condition": {
            "type": "object",
            "minProperties": 1,
            "description": "Several keys: all of them. Any other key is an attribute of the context.",
            "properties": {
                "all": {"type": "array", "items": _CONDITION, "minItems": 1},
                "any": {"type": "array", "items": _CONDITION, "minItems": 1},
                "not": _CONDITION,
                "segment": _said(_NAME, "A condition from segments."),
                "tenant": _said(_NAMES, "Tenants of the environment."),
                "group": _said(_NAMES, "The tenants of groups."),
                "ring": _said(_NAMES, "The tenants of rollout rings."),
                "jsonlogic": _RAW,
            },
            "additionalProperties": _COMPARISON,
        },
    },
}
