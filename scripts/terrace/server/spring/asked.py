"""What a request of Spring Cloud Config means: an application is a service, and one of its profiles an environment.

A label is a tenant (`tenant:acme`), or the digest that has to be served, or `main` or `master`, which say nothing.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import NamedTuple

from starlette.types import ASGIApp, Receive, Scope, Send

from terrace.server.callers import Caller
from terrace.server.problems import ProblemError, nothing
from terrace.server.shelf import Served
from terrace.server.stand import Key

PREFIX = "/spring"
_NO_LABELS = frozenset({"", "main", "master"})
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class Label(NamedTuple):
    """What a label asks for: a tenant, or that a digest is what is served. Both are empty for none."""

    tenant: str = ""
    digest: str = ""


def labelled(label: str) -> Label:
    """What a label asks for. Raises a problem where it is none that is served."""
    if label in _NO_LABELS:
        return Label()
    if _DIGEST.fullmatch(label):
        return Label(digest=label)
    kind, _, tenant = label.partition(":")
    if kind == "tenant" and tenant:
        return Label(tenant=tenant)
    # What is served is what was released: who asks for a branch must not take that for it.
    raise nothing()


def environment_of(served: Served, caller: Caller, application: str, profiles: list[str], tenant: str) -> str:
    """The one profile that is an environment of this application, to this caller; empty if there is none.

    Values of two environments are never mixed, and which of them was meant is not guessed.
    """
    found = [each for each in dict.fromkeys(profiles) if _is_there(served, caller, Key(each, application), tenant)]
    if len(found) > 1:
        raise ProblemError(400, f"Each of these profiles is an environment, and one can be served: {', '.join(found)}.")
    return found[0] if found else ""


def key_of(served: Served, caller: Caller, stem: str, tenant: str) -> Key:
    """The environment and service of `backend-production`. Names may hold hyphens too: the last one is tried first."""
    parts = stem.split("-")
    for count in range(len(parts) - 1, 0, -1):
        application, profiles = "-".join(parts[:count]), "-".join(parts[count:]).split(",")
        environment = environment_of(served, caller, application, profiles, tenant)
        if environment:
            return Key(environment, application)
    raise nothing()


def _is_there(served: Served, caller: Caller, key: Key, tenant: str) -> bool:
    snapshot = served.get(key)
    is_there = snapshot is not None and tenant in snapshot.bundle.manifest.slices
    return caller.reaches(*key) & caller.has_tenant(tenant) & is_there


def refuse_unknown(served: Served, caller: Caller, application: str, profiles: list[str], wanted: Label) -> None:
    """Raise, unless the request is the one that clients begin with: before profiles are active they ask for `default`.

    An application that nobody knows, or that is another's, is one at that time already.
    """
    known = [_is_there(served, caller, key, wanted.tenant) for key in served if key.service == application]
    if profiles != ["default"] or not any(known):
        raise nothing()


def with_passwords(app: ASGIApp) -> ASGIApp:
    """`app`, for which a password below /spring is a token: as one, these clients send it."""

    async def passed(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(f"{PREFIX}/"):
            scope = {**scope, "headers": [(name, _as_bearer(name, value)) for name, value in scope["headers"]]}
        await app(scope, receive, send)

    return passed


def _as_bearer(name: bytes, value: bytes) -> bytes:
    """An `Authorization` header with a password as one with a token; any other header as it is."""
    scheme, _, said = value.partition(b" ")
    if name != b"authorization" or scheme.lower() != b"basic":
        return value
    try:
        return b"Bearer " + base64.b64decode(said.strip(), validate=True).partition(b":")[2]
    except binascii.Error:
        return value
