"""A provider of tokens on this machine: its discovery, its keys, and the tokens that it signs."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

AUDIENCE = "terrace.shop.example"


@cache
def rsa_key(number: int = 0, bits: int = 2048) -> rsa.RSAPrivateKey:
    """A key that is made once; each number has its own."""
    return rsa.generate_private_key(65537, bits)


EC_KEY = ec.generate_private_key(ec.SECP256R1())
ED_KEY = ed25519.Ed25519PrivateKey.generate()
_FORMS = {"RS": RSAAlgorithm, "PS": RSAAlgorithm, "ES": ECAlgorithm, "Ed": OKPAlgorithm}


def private(algorithm: str) -> Any:
    """The key that tokens of an algorithm are signed with."""
    return {"ES256": EC_KEY, "EdDSA": ED_KEY}.get(algorithm) or rsa_key()


def public(kid: str, algorithm: str, key: Any = None, **more: object) -> dict[str, Any]:
    """A public key as a set lists it."""
    form: Any = _FORMS[algorithm[:2]]
    said: dict[str, Any] = form.to_jwk((key or private(algorithm)).public_key(), as_dict=True)
    said.pop("key_ops", None)
    return {**said, "kid": kid, **more}


class Provider:
    """What it answers, and how often it was asked. `answers` may be changed while it runs."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.keys = [public(algorithm, algorithm) for algorithm in ("RS256", "ES256", "EdDSA")]
        self.answers: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {
            "/.well-known/openid-configuration": lambda ask: reply(
                ask, {"issuer": self.url, "jwks_uri": f"{self.url}/jwks"}
            ),
            "/jwks": lambda ask: reply(ask, {"keys": self.keys}),
        }
        self.asked: Counter[str] = Counter()

    def token(
        self, algorithm: str = "RS256", key: Any = None, header: Mapping[str, Any] | None = None, **said: Any
    ) -> str:
        """A token that is right, but for what is said. A claim that is None is left out."""
        now = int(time.time())
        claims = {
            "iss": self.url, "aud": AUDIENCE, "sub": "repo:acme/shop", "iat": now, "nbf": now, "exp": now + 300,
            "repository": "acme/shop", "environment": "production", **said,
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        kid = "RS256" if algorithm == "PS256" else algorithm
        return jwt.encode(claims, key or private(algorithm), algorithm, {"kid": kid, **(header or {})})


def reply(ask: BaseHTTPRequestHandler, said: object, status: int = 200, **headers: str) -> None:
    """Answer with a document."""
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    ask.send_response(status)
    for name, value in {"Content_Length": str(len(body)), **headers}.items():
        ask.send_header(name.replace("_", "-"), value)
    ask.end_headers()
    ask.wfile.write(body)


Kind = TypeVar("Kind", bound=Provider)


@contextmanager
def provider(kind: type[Kind]) -> Iterator[Kind]:
    """One that runs."""
    made: Kind

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked[self.path] += 1
            answer = made.answers.get(self.path)
            if answer is None:
                reply(self, {}, 404)
            else:
                answer(self)

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.daemon_threads = True
    made = kind(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)
