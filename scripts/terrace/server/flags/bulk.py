"""All flags at once, with a tag that stands for the answer, so that it is not evaluated again for who has it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from typing import Any

import orjson

from terrace.flags.counting import BULK, OTHER, Counts
from terrace.server.callers import Caller
from terrace.server.flags.said import JSON, RefusedError, Said
from terrace.server.flags.served import Flags
from terrace.server.flags.tickets import Tickets

INACTIVE = 120
"""Seconds after which a client that nobody looks at should end its stream."""


def bulk(
    flags: Flags, context: Mapping[str, Any], caller: Caller, tag: bytes, tickets: Tickets, prefix: str, counts: Counts
) -> Said:
    """Every flag for whom `context` describes, with the tag of that; what they came to is counted."""
    answers = flags.answers(context)
    came_to = [(answer.flag, answer.variant) for answer in answers]
    counts.count_all(flags.environment, tenant_of(context), BULK, came_to)
    ticket = tickets.give(flags.environment, caller.name, caller.scopes.tenants, stamp(flags, time.time()))
    stream = {
        "type": "sse",
        "endpoint": {"requestUri": f"{prefix}/ofrep/v1/events?token={ticket}"},
        "inactivityDelaySec": INACTIVE,
    }
    body = b'{"flags":[%b],"metadata":%b,"eventStreams":[%b]}' % (
        b",".join([answer.body for answer in answers]), flags.metadata, orjson.dumps(stream),
    )  # fmt: skip
    return Said(200, body, (JSON, (b"etag", tag)), len(answers))


def tenant_of(context: Mapping[str, Any]) -> str:
    """The tenant that an evaluation is counted for."""
    tenant = context.get("tenant", "")
    return tenant if isinstance(tenant, str) else OTHER


def stamp(flags: Flags, now: float) -> str:
    """What stands for the flags at a moment, whoever asks."""
    return f"{flags.tag}.{flags.moments.bucket(now)}".rstrip(".")


def tag_of(flags: Flags, context: Mapping[str, Any]) -> bytes:
    """What stands for the answer: of the release, the context, and the time where that counts."""
    try:
        canonical = orjson.dumps(context, option=orjson.OPT_SORT_KEYS)
    except TypeError as error:
        raise RefusedError(400, "INVALID_CONTEXT", "`context` is nested too deep.") from error
    whole = hashlib.blake2b(canonical, digest_size=16, key=stamp(flags, time.time()).encode()[:64])
    return b'"%b"' % whole.hexdigest().encode()
