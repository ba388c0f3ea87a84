"""A bundle at a server of ours: read over HTTP by its digest, and followed by a request that waits for the next one."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from terrace.bundle.manifest import MANIFEST, decode
from terrace.bundle.reader import Bundle, MissingError
from terrace.errors import BundleError, ConfigError
from terrace.runtime.asked import SERVICE, Asked
from terrace.runtime.calling import TOKEN, TOKEN_FILE, Answer, address, ask, authorization
from terrace.runtime.follow import Followed, Follower, Token
from terrace.runtime.source import AwayError, NotServedError, said_environment

SECONDS = 10.0
"""How long one answer may take; a request that waits may take so much longer."""
_WAIT = 8
_AT_ONCE = 16 << 20
"""A bundle of fewer bytes is read whole, so that a tenant that is asked for later is there still."""
_HERD = 0.2


class Remote:
    """One service in one environment at a server."""

    def __init__(self, asked: Asked) -> None:
        if not asked.service:
            raise ConfigError("nothing says which service this is", hint=f"Set {SERVICE} or give service=.")
        self._parts = address(asked.source)
        where = f"{quote(asked.service, safe='')}/{quote(said_environment(asked), safe='')}"
        self._base = f"{self._parts.path.rstrip('/')}/v1/bundles/{where}"
        self._environ = asked.environ

    @property
    def name(self) -> str:
        """The address of what is read."""
        return f"{self._parts.scheme}://{self._parts.netloc}{self._base}"

    def bundle(self) -> Bundle:
        """The bundle that is current. Raises `AwayError` where nobody answers, `ConfigError` where the answer is no."""
        answer = self._ask(self._base, {})
        if answer.status != 200:
            raise self._refused(answer)
        manifest, ref = decode(answer.body, f"{self.name}: manifest.json")
        kept = {MANIFEST: answer.body}

        def get(name: str) -> bytes:
            if name not in kept:
                kept[name] = self._file(ref.digest, name)
            return kept[name]

        bundle = Bundle(Path(self.name), manifest, ref, get)
        if sum(entry.size for entry in manifest.files.values()) <= _AT_ONCE:
            for name in manifest.files:
                bundle.read(name)
            _ = bundle.provenance, bundle.signature
        return bundle

    def wait(self, tag: str) -> str:
        """The tag of what is current, as soon as it is not `tag`; or `tag`, after some seconds. Raises as `bundle`."""
        headers = {"If-None-Match": tag, "Prefer": f"wait={_WAIT}"} if tag else {}
        answer = self._ask(self._base, headers)
        if answer.status not in (200, 304):
            raise self._refused(answer)
        return answer.tag

    def _file(self, digest: str, name: str) -> bytes:
        answer = self._ask(f"{self._base}/{digest}/{quote(name, safe='')}", {})
        if answer.status == 404:
            raise MissingError(f"{name} of {digest} is not at {self.name} any more", hint="There is a newer bundle.")
        if answer.status != 200:
            raise self._refused(answer)
        return answer.body

    def _refused(self, answer: Answer) -> ConfigError:
        if answer.status in (401, 403):
            hint = f"Set {TOKEN_FILE} or {TOKEN} to a token for this service and environment."
            return ConfigError(f"{self.name} does not let this process in ({answer.status})", hint=hint)
        if answer.status == 404:
            hint = "It is not served there, or not for this token."
            return NotServedError(f"there is no bundle at {self.name}", hint=hint)
        return AwayError(f"{self.name} answers {answer.status}")

    def _ask(self, path: str, headers: Mapping[str, str]) -> Answer:
        sent = {**authorization(self._environ), **headers}
        return ask(self._parts, path, sent, name=self.name, seconds=SECONDS + _WAIT)


class RemoteFollower(Follower):
    """Follows a server: a request waits there for what is new. Many processes do not come back at the same moment."""

    def __init__(self, followed: Followed, remote: Remote) -> None:
        super().__init__(followed)
        self._remote = remote
        self._tag = ""
        self._away = 0

    def _token(self) -> Token:
        return (self._tag, bool(self._away))

    def _wait_for_events(self) -> None:
        try:
            tag = self._remote.wait(self._tag)
        except (ConfigError, BundleError):
            self._away += 1
            self._stop.wait(min(0.2 * 2**self._away, 5.0) * (0.5 + random.random() / 2))
            return
        if self._tag and tag != self._tag:
            self._stop.wait(random.random() * _HERD)
        self._tag, self._away = tag, 0
