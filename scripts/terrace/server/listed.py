"""Callers by a file of certificates and providers, and all kinds of callers together."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from terrace.server import bearer, caller_file, claims
from terrace.server.bearer import RefusedTokenError, Unverified
from terrace.server.caller_file import Issuer
from terrace.server.callers import Caller, Callers
from terrace.server.peers import NOBODY, Peer
from terrace.server.provider import Provider, Source, provider, source
from terrace.server.reread import Reread

log = logging.getLogger("terrace.server")


class CallerFile:
    """Callers by a file, which is read again when it changes. One that is not right is not taken up."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._file = Reread("the callers", (path,), lambda: caller_file.read(path))
        self._clock = clock
        self._providers: dict[Source, Provider] = {}

    async def ready(self, authorization: str) -> None:
        """Wait for the keys of the provider that a token says it is of."""
        token = _token(authorization)
        if not bearer.is_jwt(token):
            return
        try:
            said = bearer.look(token)
        except RefusedTokenError:
            return
        issuer = self._issuer(said)
        if issuer is not None and said.algorithm in issuer.algorithms:
            await self._provider(issuer).ready(said.key)

    def caller(self, authorization: str, client: str, host: str, peer: Peer = NOBODY) -> Caller | None:
        """Who asks with a token of a provider; without any `Authorization`, who showed a certificate."""
        if not authorization:
            return self._by_certificate(peer)
        token = _token(authorization)
        return self._by_token(token) if bearer.is_jwt(token) else None

    @property
    def issuers(self) -> tuple[Issuer, ...]:
        """The providers that are listed now."""
        return self._file.now.oidc

    async def claims(self, token: str, issuer: Issuer) -> dict[str, Any]:
        """What a token of an issuer says. Raises `RefusedTokenError` if it is not believed."""
        said = bearer.look(token)
        if said.issuer != issuer.issuer:
            raise RefusedTokenError("it is of another issuer")
        source = self._provider(issuer)
        await source.ready(said.key)
        return bearer.claims(token, said, issuer, source.keys, self._clock())

    def _by_certificate(self, peer: Peer) -> Caller | None:
        if not peer.names:
            return None
        found = [each for each in self._file.now.certificates if set(each.san) & set(peer.names)]
        if len(found) != 1 or peer.until.timestamp() <= self._clock():
            why = "over" if len(found) == 1 else f"of {len(found)} callers"
            log.info("a certificate is refused: it is %s", why)
            return None
        return Caller(f"{found[0].name} (certificate)", found[0].scopes)

    def _by_token(self, token: str) -> Caller | None:
        try:
            said = bearer.look(token)
            issuer = self._issuer(said)
            if issuer is None:
                raise RefusedTokenError("its issuer is not listed")
            return _judged(token, said, issuer, self._provider(issuer), self._clock())
        except RefusedTokenError as error:
            log.info("a token of a provider is refused: %s", error)
            return None

    def _issuer(self, said: Unverified) -> Issuer | None:
        return next((each for each in self._file.now.oidc if each.issuer == said.issuer), None)

    def _provider(self, issuer: Issuer) -> Provider:
        place = source(issuer)
        if place not in self._providers:
            listed = {source(each) for each in self._file.now.oidc}
            self._providers = {each: known for each, known in self._providers.items() if each in listed}
            self._providers[place] = provider(place)
        return self._providers[place]


class Together:
    """Our own tokens, and the callers of a file. What is presented decides: who fails by one way gets no other."""

    def __init__(self, ours: Callers, others: CallerFile) -> None:
        self._ours, self._others = ours, others

    async def ready(self, authorization: str) -> None:
        """Wait for what the others are judged by."""
        await self._others.ready(authorization)

    def caller(self, authorization: str, client: str, host: str, peer: Peer = NOBODY) -> Caller | None:
        """Who asks, by the kind of token or by certificate."""
        chosen = self._ours if _token(authorization).startswith("trc_") else self._others
        return chosen.caller(authorization, client, host, peer)


def _judged(token: str, said: Unverified, issuer: Issuer, keys: Provider, now: float) -> Caller:
    found = bearer.claims(token, said, issuer, keys.keys, now)
    rule = next((each for each in issuer.rules if claims.holds(each.where, found)), None)
    if rule is None:
        raise RefusedTokenError(f"no rule of {issuer.name} holds")
    scopes = claims.scopes(rule, found)
    if scopes is None:
        raise RefusedTokenError(f"the rule {rule.name} of {issuer.name} finds no tenant")
    return Caller(f"{rule.name} ({issuer.name}: {_subject(found.get('sub'))})", scopes)


def _subject(said: object) -> str:
    """The subject of a token, for logs."""
    return "".join(each if each.isprintable() else "?" for each in str(said or "")[:200])


def _token(authorization: str) -> str:
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
