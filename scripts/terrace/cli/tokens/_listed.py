"""Tokens for people and for programs. In `report` they would know of the server, which stands above it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from terrace.report.formats.json import dump
from terrace.report.style import PLAIN, Style
from terrace.report.table import Column, table
from terrace.server.tokens import ANY, stamp

if TYPE_CHECKING:
    from terrace.server.tokens import Token


def listed_text(kept: Sequence[Token], now: datetime, style: Style = PLAIN) -> str:
    """A line for each token, those that end first at the top."""
    if not kept:
        return "There is no token.\n"
    names = ("ID", "NAME", "ENVIRONMENTS", "SERVICES", "TENANTS", "MAY", "UNTIL")
    rows = [_row(each, now) for each in sorted(kept, key=lambda each: each.expires)]
    return table([Column(name) for name in names], rows, style)


def listed_json(kept: Sequence[Token]) -> str:
    """`tokens`: each with `id`, `name`, `environments`, `services`, `tenants`, `may`, `created` and `expires`."""
    return dump({"version": 1, "tokens": [_record(each) for each in kept]})


def created_json(text: str, made: Token) -> str:
    """`token`, which is shown only now, and what is kept of it."""
    return dump({"version": 1, "token": text, **_record(made)})


def _row(token: Token, now: datetime) -> tuple[str, ...]:
    tenants = tuple(each or "(none)" for each in token.scopes.tenants)
    names = (token.scopes.environments, token.scopes.services, tenants, token.scopes.may)
    until = stamp(token.expires)[:10] if token.expires > now else "over"
    return (token.id, token.name, *("all" if each == (ANY,) else ", ".join(each) for each in names), until)


def _record(token: Token) -> dict[str, Any]:
    return {
        "id": token.id, "name": token.name, **{name: list(each) for name, each in token.scopes._asdict().items()},
        "created": stamp(token.created), "expires": stamp(token.expires),
    }  # fmt: skip
