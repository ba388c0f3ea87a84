"""Tokens of providers: believed if all is right, and attacked in the ways that are known."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from terrace import yamlio
from terrace.server.access import Access, line
from terrace.server.app import Server
from tests.server.asking import Asking, play
from tests.server.conftest import NOW, ServerOf, Shop, Tokens
from tests.server.issuer import AUDIENCE, EC_KEY, Provider, private, provider, public, rsa_key

URL = "/v1/config/kitchen/production"
EVERYTHING = {"environments": ["*"], "services": ["*"], "tenants": ["*"], "may": ["read"]}
DEPLOYER = {"name": "deployer", "where": {"repository": "acme/shop", "environment": "production"}, **EVERYTHING}


class Listed:
    """A file of callers with one provider."""

    def __init__(self, path: Path, issuer: str) -> None:
        self.path, self.issuer = path, issuer
        self.write(DEPLOYER)

    def write(self, *rules: dict[str, Any], **more: Any) -> None:
        """Make these its rules."""
        said = {"name": "ci", "issuer": self.issuer, "audience": AUDIENCE, "rules": list(rules), **more}
        temporary = self.path.with_suffix(".new")
        temporary.write_text(yamlio.dump({"oidc": [said]}))
        temporary.chmod(0o644)
        temporary.replace(self.path)


@pytest.fixture
def issuer() -> Iterator[Provider]:
    with provider(Provider) as running:
        yield running


@pytest.fixture
def listed(shop: Shop, issuer: Provider) -> Listed:
    shop.deploy(tenants={"acme": {"pool_max": 41}, "bolt": {"pool_max": 42}})
    return Listed(shop.folder / "callers.yaml", issuer.url)


@pytest.fixture
def server(server_of: ServerOf, listed: Listed) -> Server:
    return server_of(callers=str(listed.path))


def statuses(server: Server, *tokens: str, url: str = URL) -> list[int]:
    """What each token gets, in one run of the server."""
    found: list[int] = []

    async def story(ask: Asking) -> None:
        for token in tokens:
            found.append((await ask.get(url, token=token)).status)

    play(server, story)
    return found


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
def test_a_token_that_is_right_is_let_in(server: Server, issuer: Provider, log: list[Access], algorithm: str) -> None:
    token = issuer.token(algorithm)
    assert statuses(server, token, token) == [200, 200]
    assert log[0].caller == "deployer (ci: repo:acme/shop)"
    assert issuer.asked == {"/.well-known/openid-configuration": 1, "/jwks": 1}


def unsigned(token: str, header: dict[str, Any], signature: str = "") -> str:
    """A token with another header, and with a signature or none."""
    encoded = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
    return f"{encoded}.{token.split('.')[1]}.{signature}"


def hmac_with_the_public_key(issuer: Provider) -> str:
    """Signed by HMAC with what everybody knows: the public key as text."""
    text = rsa_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    claims = jwt.decode(issuer.token(), options={"verify_signature": False})
    import hashlib
    import hmac

    body = unsigned(issuer.token(**claims), {"alg": "HS256", "kid": "RS256", "typ": "JWT"}).rstrip(".")
    signature = base64.urlsafe_b64encode(hmac.new(text, body.encode(), hashlib.sha256).digest()).decode().rstrip("=")
    return f"{body}.{signature}"


def changed(token: str, **claims: Any) -> str:
    """A token whose claims are others than those that were signed."""
    header, body, signature = token.split(".")
    said = {**json.loads(base64.urlsafe_b64decode(body + "==")), **claims}
    return f"{header}.{base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip('=')}.{signature}"


def at(offset: int) -> int:
    return int(time.time()) + offset


ATTACKS: dict[str, Callable[[Provider], str]] = {
    "no algorithm": lambda by: unsigned(by.token(), {"alg": "none", "kid": "RS256"}),
    "no algorithm, in other letters": lambda by: unsigned(by.token(), {"alg": "nOnE", "kid": "RS256"}),
    "no signature": lambda by: by.token().rpartition(".")[0] + ".",
    "hmac with the public key": hmac_with_the_public_key,
    "the key of another algorithm": lambda by: by.token("ES256", header={"kid": "RS256"}),
    "another algorithm of the same key's kind": lambda by: by.token("RS512", rsa_key(), {"kid": "RS256"}),
    "another curve": lambda by: by.token("ES384", ec.generate_private_key(ec.SECP384R1()), {"kid": "ES256"}),
    "a key of its own in the header": lambda by: by.token(
        key=rsa_key(1), header={"jwk": public("RS256", "RS256", rsa_key(1))}
    ),
    "a place of keys in the header": lambda by: by.token(
        key=rsa_key(1), header={"jku": f"{by.url}/evil", "x5u": f"{by.url}/evil"}
    ),
    "somebody else's key": lambda by: by.token(key=rsa_key(1)),
    "claims that were not signed": lambda by: changed(by.token(repository="evil/shop"), repository="acme/shop"),
    "for somebody else": lambda by: by.token(aud="other.example"),
    "for somebody with a longer name": lambda by: by.token(aud=f"{AUDIENCE}.evil.example"),
    "for nobody": lambda by: by.token(aud=None),
    "of another issuer": lambda by: by.token(iss="https://evil.example"),
    "of an issuer with a longer name": lambda by: by.token(iss=f"{by.url}/"),
    "of no issuer": lambda by: by.token(iss=None),
    "over": lambda by: by.token(exp=at(-31)),
    "without an end": lambda by: by.token(exp=None),
    "with an end that is no number": lambda by: by.token(exp=True),
    "with a beginning that is no number": lambda by: by.token(nbf=True),
    "with an endless end": lambda by: by.token(exp=float("inf")),
    "with a text for an end": lambda by: by.token(exp=str(at(300))),
    "not yet good": lambda by: by.token(nbf=at(60)),
    "of the future": lambda by: by.token(iat=at(60), nbf=None),
    "without a beginning": lambda by: by.token(iat=None),
    "issued too long ago": lambda by: by.token(iat=at(-86400 - 31), exp=at(86400)),
    "with an extension that it demands": lambda by: by.token(header={"crit": ["exp"], "exp": 1}),
    "of another type": lambda by: by.token(header={"typ": "logout+jwt"}),
    "with a key id that is a list": lambda by: unsigned(by.token(), {"alg": "RS256", "kid": ["RS256"]}, "AAAA"),
    "deep": lambda by: ".".join([base64.urlsafe_b64encode(b"[" * 6000).decode(), by.token().split(".")[1], "AAAA"]),
    "long": lambda by: by.token(padding="x" * 13000),
    "no token": lambda by: "a.b.c",
    "empty parts": lambda by: "..",
    "for another repository": lambda by: by.token(repository="acme/other"),
    "a pull request, not the environment": lambda by: by.token(environment=None),
    "a list where a text is": lambda by: by.token(repository={"acme/shop": True}),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_token_that_is_not_right_gets_what_no_token_gets(
    server: Server, issuer: Provider, caplog: pytest.LogCaptureFixture, attack: str
) -> None:
    caplog.set_level(logging.INFO, "terrace.server")
    token = ATTACKS[attack](issuer)

    async def story(ask: Asking) -> None:
        assert (await ask.get(URL, token=issuer.token())).status == 200
        got, without = await ask.get(URL, token=token), await ask.get(URL)
        assert got.status == 401
        assert got.shape == without.shape

    play(server, story)
    (said,) = [record.getMessage() for record in caplog.records if "is refused" in record.getMessage()]
    assert not [part for part in token.split(".") if len(part) > 3 and part in said]
    assert issuer.asked["/evil"] == 0


def test_clocks_may_differ_by_the_leeway(server: Server, issuer: Provider) -> None:
    right = [issuer.token(exp=at(-20)), issuer.token(nbf=at(20), iat=at(20)), issuer.token(iat=at(-86400 - 10))]
    assert statuses(server, *right) == [200, 200, 200]


def test_an_algorithm_that_is_not_listed_is_refused_though_the_key_is_for_it(
    listed: Listed, server: Server, issuer: Provider
) -> None:
    listed.write(DEPLOYER, algorithms=["ES256"])
    assert statuses(server, issuer.token("ES256"), issuer.token("RS256"), issuer.token("EdDSA")) == [200, 401, 401]


def test_a_key_that_says_what_it_is_for_is_for_nothing_else(server: Server, issuer: Provider) -> None:
    issuer.keys = [
        public("RS256", "RS256", alg="PS256"),
        public("ES256", "ES256", use="enc"),
        public("EdDSA", "EdDSA", key_ops=["sign"]),
        {"kty": "oct", "kid": "HS256", "k": "AAAA"},
        public("short", "RS256", rsa_key(2, 1024)),
        "damaged",
    ]  # fmt: skip
    short = unsigned(issuer.token(), {"alg": "RS256", "kid": "short"}, "AAAA")
    tokens = [issuer.token("PS256"), *(issuer.token(each) for each in ("RS256", "ES256", "EdDSA")), short]
    assert statuses(server, *tokens) == [200, 401, 401, 401, 401]


def test_a_private_key_among_the_public_ones_is_used_as_a_public_one(server: Server, issuer: Provider) -> None:
    from jwt.algorithms import RSAAlgorithm

    whole = RSAAlgorithm.to_jwk(private("RS256"), as_dict=True)
    issuer.keys = [{**whole, "kid": "RS256", "key_ops": ["sign", "verify"]}]
    assert statuses(server, issuer.token()) == [200]


def rule(tenant: str) -> dict[str, Any]:
    return {**DEPLOYER, "name": tenant, "where": {"tenant": tenant}, "tenants": [tenant]}


def test_a_token_of_one_tenant_gets_nothing_of_another(listed: Listed, server: Server, issuer: Provider) -> None:
    listed.write(rule("acme"), rule("bolt"))
    acme, nobody = issuer.token(tenant="acme"), issuer.token(tenant="crux")

    async def story(ask: Asking) -> None:
        own = await ask.get(f"{URL}?tenant=acme", token=acme)
        assert own.json["values"]["database"]["pool_max"] == 41
        for url in (f"{URL}?tenant=bolt", URL):
            got = await ask.get(url, token=acme)
            assert got.shape == (await ask.get(f"{URL}?tenant=gone", token=acme)).shape
            assert got.status == 404
        assert (await ask.get("/v1/tenants", token=acme)).json == {"tenants": ["acme"]}
        assert (await ask.get(f"{URL}?tenant=acme", token=nobody)).status == 401

    play(server, story)


@pytest.mark.parametrize("said", ["*", "", None, ["acme", "*"], [], {"acme": 1}, 7, "Acme", "../acme", "acme\n"])
def test_a_claim_names_tenants_and_never_all_or_none(
    listed: Listed, server: Server, issuer: Provider, said: Any
) -> None:
    listed.write({**DEPLOYER, "tenants": {"claim": "tenant"}})
    assert statuses(server, issuer.token(tenant="acme"), issuer.token(tenant=said)) == [404, 401]
    acme = f"{URL}?tenant=acme"
    both = issuer.token(tenant=["acme", "bolt"])
    assert statuses(server, issuer.token(tenant="acme"), issuer.token(tenant="bolt"), both, url=acme) == [200, 404, 200]


@pytest.mark.parametrize(
    ("where", "claims", "holds"),
    [
        ({"groups": "ops"}, {"groups": ["dev", "ops"]}, True),
        ({"groups": ["ops", "root"]}, {"groups": ["dev", "root"]}, True),
        ({"groups": "ops"}, {"groups": "ops-readers"}, False),
        ({"groups": "ops"}, {"groups": []}, False),
        ({"ref": ["refs/heads/main", "refs/heads/next"]}, {"ref": "refs/heads/next"}, True),
        ({"verified": True}, {"verified": True}, True),
        ({"verified": True}, {"verified": 1}, False),
        ({"verified": True}, {"verified": "true"}, False),
        ({"number": 1}, {"number": "1"}, False),
        ({"realm": {"roles": "ops"}}, {"realm": {"roles": ["ops"]}}, True),
        ({"realm": {"roles": "ops"}}, {"realm": "ops"}, False),
    ],
)
def test_conditions_hold_for_what_is_equal_and_for_nothing_that_is_like_it(
    listed: Listed, server: Server, issuer: Provider, where: dict[str, Any], claims: dict[str, Any], holds: bool
) -> None:
    listed.write({**DEPLOYER, "where": where})
    assert statuses(server, issuer.token(**claims)) == [200 if holds else 401]


def test_a_rule_that_is_taken_back_ends_tokens_and_what_they_have_open(
    shop: Shop, listed: Listed, server: Server, issuer: Provider
) -> None:
    token = issuer.token()

    async def story(ask: Asking) -> None:
        stream = ask.open(URL, token=token, accept="text/event-stream")
        assert (await stream.chunk(), (await stream.chunk())[:13]) == (b": terrace\n\n", b"event: config")
        listed.write({**DEPLOYER, "where": {"repository": "acme/next"}})
        shop.deploy({"pool_max": 77})
        assert await stream.chunk() == b": closing\n\n"
        assert (await ask.get(URL, token=token)).status == 401

    play(server, story)


def test_tokens_of_ours_and_of_providers_are_good_side_by_side(
    server_of: ServerOf, listed: Listed, issuer: Provider, tokens_file: Tokens
) -> None:
    ours = tokens_file.make("till")
    server = server_of(tokens=str(tokens_file.path), callers=str(listed.path))
    assert statuses(server, ours, issuer.token(), "", ours[:-1], "x") == [200, 200, 401, 401, 401]


def test_the_logs_hold_no_token(
    server: Server, issuer: Provider, log: list[Access], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    nasty = issuer.token(sub="a\x1b[2J\u202e" + "x" * 500)
    refused = issuer.token(aud="other")
    assert statuses(server, nasty, refused) == [200, 401]
    written = "".join(line(each, NOW) for each in log) + caplog.text
    assert not [part for token in (nasty, refused) for part in token.split(".") if part in written]
    assert log[0].caller.startswith("deployer (ci: a?[2J?xx")
    assert len(log[0].caller) < 250
    assert "InvalidAudienceError" in caplog.text


def test_many_unknown_keys_are_one_question(server: Server, issuer: Provider) -> None:
    async def story(ask: Asking) -> None:
        assert (await ask.get(URL, token=issuer.token())).status == 200
        flood = [ask.get(URL, token=issuer.token(header={"kid": f"unknown-{number}"})) for number in range(50)]
        assert {each.status for each in await asyncio.gather(*flood)} == {401}
        assert (await ask.get(URL, token=issuer.token())).status == 200

    play(server, story)
    assert issuer.asked["/jwks"] == 1


def test_nobody_makes_it_ask_who_is_not_listed(server: Server, issuer: Provider) -> None:
    with provider(Provider) as other:
        foreign = [other.token(), other.token(header={"jku": f"{other.url}/jwks"})]
        assert statuses(server, *foreign, issuer.token("HS256", "k" * 32)) == [401, 401, 401]
        assert not other.asked
    assert not issuer.asked


def test_a_key_set_in_a_file_is_read_again_when_it_changes(
    listed: Listed, server_of: ServerOf, issuer: Provider
) -> None:
    keys = listed.path.with_name("jwks.json")
    keys.write_text(json.dumps({"keys": [public("ES256", "ES256")]}))
    listed.write(DEPLOYER, keys="jwks.json", issuer="https://ci.shop.example")
    server = server_of(callers=str(listed.path))
    token = issuer.token("ES256", iss="https://ci.shop.example")
    assert statuses(server, token) == [200]
    keys.write_text("damaged")
    assert statuses(server, token) == [200]
    keys.write_text(json.dumps({"keys": [public("next", "ES256", EC_KEY)]}))
    assert statuses(server, token) == [401]
    assert not issuer.asked
