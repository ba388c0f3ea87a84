"""What may stand in `environment.yaml`, `tenant.yaml` and `recipients.yaml`, as JSON Schemas."""

from __future__ import annotations

from typing import Any

from terrace.model.entities import KINDS
from terrace.model.recipients import KINDS as RECIPIENT_KINDS
from terrace.model.reference import GRANT
from terrace.model.rotation import POLICY_SCHEMA

_NAME = {"type": "string", "pattern": "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"}
_NAMES = {"type": "array", "items": _NAME, "uniqueItems": True}
_SUPPRESS = {
    "type": "array",
    "description": "Findings in secrets files that may stand: SOPS encrypts comments, so they are listed here.",
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["code", "file", "reason"],
        "properties": {
            "code": {"type": "string", "pattern": "^[A-Z]{3,4}[0-9]{3}$"},
            "file": {"type": "string", "description": "The secrets file's name, as backend.secrets.yaml."},
            "path": {"type": "string", "description": "The dotted path of the value; any, if left out."},
            "reason": {"type": "string", "minLength": 1},
            "until": {"type": "string", "format": "date"},
        },
    },
}

_ENVIRONMENT: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Environment",
    "type": "object",
    "additionalProperties": False,
    "required": ["kind"],
    "properties": {
        "description": {"type": "string", "description": "What the environment is for, in one line."},
        "kind": {"enum": list(KINDS), "description": "What the environment is for; rules on production go by it."},
        "extends": {**_NAME, "description": "One environment of equal protection whose files lie below this one's."},
        "order": {"type": "integer", "description": "Its place in promotion; the lowest is deployed first."},
        "protected": {"type": "boolean", "description": "Built from commits only, never from an edited work tree."},
        "owners": {
            "type": "array",
            "description": "Who answers for it, as CODEOWNERS writes them.",
            "items": {"type": "string"},
        },
        "destinations": {
            "type": "array",
            "description": "Where releases of the environment go.",
            "items": {"type": "object"},
        },
        "configz": {
            "type": "object",
            "description": "Where processes tell which release they run, by service: for --wait.",
            "additionalProperties": {
                "type": "array",
                "items": {"type": "string", "pattern": "^https?://[^\\s/]+(/\\S*)?$"},
                "uniqueItems": True,
            },
        },
        "signers": {
            "type": "object",
            "description": "Public keys by name, in PEM: only what one of them signed becomes current.",
            "propertyNames": {"pattern": _NAME["pattern"]},
            "additionalProperties": {"type": "string"},
            "minProperties": 1,
        },
        "recipients": {
            "type": "array",
            "description": "Who opens its secrets: names from recipients.yaml. Recovery keys do anyway.",
            "items": {"type": "string"},
            "uniqueItems": True,
        },
        "references": {
            "type": "array",
            "description": "Places in secret managers that references may name here; ends with / for all below it.",
            "items": {"type": "string", "pattern": GRANT},
            "uniqueItems": True,
        },
        "rotation": {
            "type": "object",
            "description": "How secrets are renewed here, by service and path, as backend.database.password.",
            "additionalProperties": POLICY_SCHEMA,
        },
        "suppress": _SUPPRESS,
    },
}

TENANT_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Tenant",
    "type": "object",
    "additionalProperties": False,
    "required": ["services", "environments"],
    "properties": {
        "display_name": {"type": "string", "description": "The name that people know the tenant by."},
        "contact": {"type": "string", "description": "Whom to write to about its configuration."},
        "groups": {**_NAMES, "description": "Groups whose overlays lie below the tenant's, in this order."},
        "services": {**_NAMES, "description": "The services that serve the tenant."},
        "environments": {**_NAMES, "description": "The environments the tenant is in."},
        "ring": {"type": "string", "description": "The rollout ring, as canary or early."},
        "recipients": {
            "type": "array",
            "description": "Who opens the tenant's own secrets, beside those of the environment; from recipients.yaml.",
            "items": {"type": "string"},
            "uniqueItems": True,
        },
        "suppress": _SUPPRESS,
    },
}

_DAY = {"type": "string", "format": "date"}
RECIPIENTS_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Recipients",
    "type": "object",
    "additionalProperties": False,
    "required": ["recipients"],
    "properties": {
        "recipients": {
            "type": "object",
            "description": "Everybody who can open secrets, by name.",
            "propertyNames": {"pattern": _NAME["pattern"]},
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "required": ["kind", "key", "owner", "since"],
                "properties": {
                    "kind": {
                        "enum": list(RECIPIENT_KINDS),
                        "description": "A person, a workload (an application, a pipeline), or a recovery key.",
                    },
                    "key": {"type": "string", "description": "The public key: age1..., ssh-ed25519 ... or ssh-rsa ..."},
                    "owner": {"type": "string", "minLength": 1, "description": "Who answers for it."},
                    "environments": {**_NAMES, "description": "Where it may be at most."},
                    "since": {**_DAY, "description": "The day it was let in."},
                    "reviewed": {**_DAY, "description": "The day somebody last made sure that it is still needed."},
                    "retired": {**_DAY, "description": "The day it was taken out; from then on it opens nothing."},
                },
            },
        },
    },
}


def environment_schema(destination: dict[str, Any]) -> dict[str, Any]:
    """What may stand in `environment.yaml`, where an entry of `destinations` is as the schema `destination` says."""
    properties = _ENVIRONMENT["properties"]
    return {
        **_ENVIRONMENT,
        "properties": {**properties, "destinations": {**properties["destinations"], "items": destination}},
    }
