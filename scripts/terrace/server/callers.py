"""Who asks, and what they may: the scopes of a token, or of a caller on this machine without one."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, Protocol

from terrace.server import tokens
from terrace.server.peers import NOBODY, Peer
from terrace.server.reread import Reread
from terrace.server.tokens import ANY, Scopes

_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


class Caller(NamedTuple):
    """Somebody who was let in. `name` is for logs."""

    name: str
    scopes: Scopes

    @property
    def sees_all_tenants(self) -> bool:
        """Whether no tenant is hidden from this caller, in the environments and services that it has."""
        return ANY in self.scopes.tenants

    @property
    def sees_secrets(self) -> bool:
        """Whether this caller gets secrets."""
        return "secrets" in self.scopes.may

    @property
    def asks_for_flags(self) -> bool:
        """Whether this caller may ask for flags at all."""
        return "flags" in self.scopes.may

    def reaches(self, environment: str, service: str) -> bool:
        """Whether this caller may read anything of a service in an environment."""
        scopes = self.scopes
        return bool("read" in scopes.may) & _has(scopes.environments, environment) & _has(scopes.services, service)

    def reads(self, environment: str) -> bool:
        """Whether this caller may read anything of an environment."""
        return bool("read" in self.scopes.may) & _has(self.scopes.environments, environment)

    def evaluates(self, environment: str) -> bool:
        """Whether this caller may ask for the flags of an environment."""
        return bool("flags" in self.scopes.may) & _has(self.scopes.environments, environment)

    def writes(self, environment: str) -> bool:
        """Whether this caller may change the flags of an environment: for all tenants, or not at all."""
        may = "write" in self.scopes.may
        return bool(may) & _has(self.scopes.environments, environment) & self.sees_all_tenants

    def has_tenant(self, tenant: str) -> bool:
        """Whether `tenant` is one of this caller's; `""` is no tenant."""
        return _has(self.scopes.tenants, tenant)


class Callers(Protocol):
    """Tells who asks."""

    async def ready(self, authorization: str) -> None:
        """Wait until what this `Authorization` is judged by is here, if it can be had. It blocks no other request."""

    def caller(self, authorization: str, client: str, host: str, peer: Peer = NOBODY) -> Caller | None:
        """Who asks with this `Authorization`, from this address, with this `Host`; None for nobody known.

        `peer` is who showed a certificate for the connection.
        """


ANONYMOUS = Caller("anonymous", Scopes((ANY,), (ANY,), (ANY,), ("read", "flags")))


class LocalOnly:
    """Without tokens: whoever is on this machine may read plain values, and ask for flags.

    A page in a browser here can make its own name mean this machine, and would then ask under that name: only the
    machine's own names are answered.
    """

    async def ready(self, authorization: str) -> None:
        """Nothing has to be had."""

    def caller(self, authorization: str, client: str, host: str, peer: Peer = NOBODY) -> Caller | None:
        """The anonymous caller, from loopback only."""
        local = is_loopback(client) and _name(host) in _LOCAL_NAMES
        return ANONYMOUS if local and not authorization else None


class TokenFile:
    """Callers by the tokens of a file, which is read again when it changes. One that is not right is not taken up."""

    def __init__(self, path: Path) -> None:
        self._tokens = Reread("the tokens", (path,), lambda: {each.id: each for each in tokens.read(path)})

    async def ready(self, authorization: str) -> None:
        """The file is here."""

    def caller(self, authorization: str, client: str, host: str, peer: Peer = NOBODY) -> Caller | None:
        """The caller whose token `authorization` carries, unless it is over."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return None
        found = self._tokens.now.get(tokens.id_of(token.strip()))
        # Somebody without a known id waits as long as somebody with one.
        if not tokens.matches(found, token.strip()) or found is None or found.expires <= datetime.now(UTC):
            return None
        return Caller(f"{found.name} ({found.id})", found.scopes)


def is_loopback(address: str) -> bool:
    """Whether `address` is one of this machine's own."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _name(host: str) -> str:
    """A `Host` without its port and brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def _has(names: tuple[str, ...], name: str) -> bool:
    return ANY in names or name in names
