"""Vault and OpenBao: KV version 1 and 2, with a token, AppRole or the service account of a Kubernetes pod.

A login's token is made anew when two thirds of its time are over, and once when the server refuses it.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from terrace.errors import StoreError
from terrace.model.reference import Reference
from terrace.refs.stores import (
    Content,
    Kept,
    Key,
    UnavailableError,
    client_of,
    refuse_changed,
    refuse_version,
    with_values,
)

_POD_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"
_TRIES = 10
Answer = TypeVar("Answer")


class Login(NamedTuple):
    """How to become somebody at Vault: `token`, `approle` or `kubernetes`, and what that takes."""

    method: str = "token"
    token: str = ""
    role: str = ""
    secret: str = ""
    mount: str = ""
    token_file: str = ""

    def __repr__(self) -> str:
        return f"Login({self.method!r}, ********)"


class Vault:
    """One Vault or OpenBao server."""

    def __init__(
        self,
        address: str,
        login: Login,
        *,
        namespace: str = "",
        ca: str = "",
        timeout: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._address, self._login, self._namespace, self._ca = address, login, namespace, ca
        self._timeout = timeout
        self._clock = clock
        self._lock = threading.Lock()
        self._client: Any = None
        self._until = float("inf")

    def fetch(self, reference: Reference) -> Content:
        """The values at a path."""
        return self.look(reference).content

    def look(self, reference: Reference) -> Kept:
        """The values at a path, and the number of their version; KV version 1 has none."""
        version = reference.parameter("version")
        path = f"{reference.path}?version={version}" if version else reference.path
        answer = self._ask(reference, lambda client: client.read(path))
        data: Any = (answer or {}).get("data")
        number = ""
        if _is_version_2(data):
            data, number = data["data"], str(data["metadata"]["version"])
        if not isinstance(data, Mapping):
            hint = "KV version 2 keeps values below MOUNT/data/: ref+vault://secret/data/...#/key"
            raise StoreError(f"{reference}: Vault has nothing at that path", hint=hint)
        return Kept(data, number)

    def put(self, reference: Reference, value: str) -> str:
        """A new version with this value, and everything beside it as it was, also when others write meanwhile."""
        return self.write(reference, {reference.key: value})

    def write(self, reference: Reference, values: Mapping[Key, str], was: Mapping[Key, str] | None = None) -> str:
        """A new version with these values, and everything beside them as it was, also when others write meanwhile."""
        refuse_version(reference)
        if "/data/" not in reference.path:
            raise StoreError(f"{reference} cannot be written: only KV version 2, MOUNT/data/..., keeps versions")
        for _ in range(_TRIES):
            current = ((self._ask(reference, lambda client: client.read(reference.path)) or {}).get("data")) or {}
            number: int | None = int((current.get("metadata") or {}).get("version") or 0)
            there = current.get("data") or {}
            refuse_changed(reference, there, was)
            if not number:
                number = self._deleted(reference)
                if number is None:
                    continue  # somebody made it since we looked
            body: dict[str, object] = {"data": with_values(there, reference, values), "options": {"cas": number}}
            answer = self._write(reference, body)
            if answer is not None:
                return str(answer["data"]["version"])
            time.sleep(random.uniform(0, 0.2))  # so that those who write at once do not meet again
        raise UnavailableError(f"{reference}: others write there all the time", hint="Try again.")

    def _deleted(self, reference: Reference) -> int | None:
        """The number of the version that was deleted last, 0 where there never was one; None if one is there now."""
        path = reference.path.replace("/data/", "/metadata/", 1)
        known = (self._ask(reference, lambda client: client.read(path)) or {}).get("data") or {}
        number = int(known.get("current_version") or 0)
        version = (known.get("versions") or {}).get(str(number)) or {}
        gone = not number or version.get("deletion_time") or version.get("destroyed")
        return number if gone else None

    def _write(self, reference: Reference, body: dict[str, object]) -> dict[str, Any] | None:
        """The server's answer; None where somebody else wrote since we read."""
        try:
            answer: dict[str, Any] = self._ask(reference, lambda client: client.write_data(reference.path, data=body))
        except _InvalidError as error:
            if error.raced:
                return None
            raise
        return answer

    def _ask(self, reference: Reference, what: Callable[[Any], Answer]) -> Answer:
        """The answer to one question, with the exceptions of the client as sentences that hold no value."""
        client_of("vault", _imports)
        import requests
        from hvac import exceptions

        try:
            with self._lock:
                client = self._logged_in()
            try:
                return what(client)
            except exceptions.Forbidden:
                if self._login.method == "token":
                    raise
                with self._lock:
                    self._client = None
                    client = self._logged_in()
                return what(client)
        except exceptions.Forbidden:
            hint = "Look at the policies of who asks, and whether the token is still good."
            raise StoreError(f"{reference}: Vault refuses access ({self._login.method})", hint=hint) from None
        except exceptions.InvalidRequest as error:
            raise _InvalidError(f"{reference}: Vault refuses the request", "check-and-set" in str(error)) from None
        except (requests.Timeout, requests.ConnectionError) as error:
            why = "did not answer in time" if isinstance(error, requests.Timeout) else "cannot be reached"
            raise UnavailableError(f"{reference}: Vault at {self._address} {why}") from None
        except (exceptions.VaultError, requests.RequestException) as error:
            raise UnavailableError(f"{reference}: Vault failed ({type(error).__name__})") from None

    def _logged_in(self) -> Any:
        if self._client is not None and self._clock() < self._until:
            return self._client
        import hvac

        client = hvac.Client(
            url=self._address, namespace=self._namespace or None, verify=self._ca or True, timeout=self._timeout
        )
        if self._login.method == "token":
            client.token = self._token()
        else:
            from hvac.exceptions import InvalidRequest

            try:
                answer = self._enter(client)
            except InvalidRequest:
                raise StoreError(f"Vault at {self._address} refuses the {self._login.method} login") from None
            lasts = int(answer["auth"]["lease_duration"])
            self._until = self._clock() + lasts * 2 / 3 if lasts else float("inf")
        self._client = client
        return client

    def _enter(self, client: Any) -> Any:
        login = self._login
        if login.method == "approle":
            return client.auth.approle.login(login.role, login.secret, mount_point=login.mount or "approle")
        if login.method == "kubernetes":
            proof = _text_of(login.token_file or _POD_TOKEN)
            return client.auth.kubernetes.login(login.role, proof, mount_point=login.mount or "kubernetes")
        raise StoreError(
            f"{login.method!r} is no way to log in to Vault", hint="There are token, approle and kubernetes."
        )

    def _token(self) -> str:
        token = self._login.token or (_text_of(self._login.token_file) if self._login.token_file else "")
        if not token:
            raise StoreError("there is no token for Vault", hint="Set VAULT_TOKEN, or VAULT_AUTH_METHOD and its role.")
        return token


class _InvalidError(StoreError):
    """Vault cannot do what was asked. `raced` where somebody else wrote first."""

    def __init__(self, message: str, raced: bool) -> None:
        super().__init__(message)
        self.raced = raced


def from_environment(environ: Mapping[str, str]) -> Vault:
    """The server and login that the variables of Vault, or of OpenBao, name."""

    def said(name: str) -> str:
        return environ.get(f"VAULT_{name}") or environ.get(f"BAO_{name}") or ""

    if not said("ADDR"):
        raise StoreError("it is not known which Vault to ask", hint="Set VAULT_ADDR (or BAO_ADDR).")
    method = said("AUTH_METHOD") or "token"
    token_file = said("KUBERNETES_JWT_TOKEN_PATH") if method == "kubernetes" else said("TOKEN_FILE")
    if method == "token" and not said("TOKEN") and not token_file:
        home = os.path.join(environ.get("HOME", "/"), ".vault-token")  # noqa: PTH118
        token_file = home if os.path.exists(home) else ""  # noqa: PTH110
    mount = said("KUBERNETES_MOUNT_POINT").strip("/") if method == "kubernetes" else ""
    login = Login(method, said("TOKEN"), said("ROLE_ID"), said("SECRET_ID"), mount, token_file)
    return Vault(said("ADDR"), login, namespace=said("NAMESPACE"), ca=said("CACERT"))


def _imports() -> None:
    import hvac  # noqa: F401


def _is_version_2(data: object) -> bool:
    if not isinstance(data, Mapping) or set(data) != {"data", "metadata"}:
        return False
    return isinstance(data["metadata"], Mapping) and {"version", "created_time"} <= set(data["metadata"])


def _text_of(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().strip()
    except OSError as error:
        raise StoreError(f"the token for Vault cannot be read from {path}: {error.strerror}") from None
