"""Signing in at a provider with a browser: the way through, and those who would go it in somebody else's place."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import logging
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from terrace import yamlio
from terrace.errors import TerraceError
from terrace.server.caller_file import read
from terrace.server.listed import CallerFile
from terrace.server.oidc_sign_in import BELOW, SECONDS, OidcSignIn
from terrace.server.problems import ProblemError, problem
from tests.server.asking import Got, Open
from tests.server.issuer import Provider, provider, reply
from tests.server.test_oidc import DEPLOYER

SHOP = "https://terrace.shop.example"
START = f"{BELOW}staff"
BACK = f"{START}/callback"


class Office(Provider):
    """A provider at which people sign in: it gives a token for a code, to whom the code was made for."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.codes: dict[str, dict[str, str]] = {}
        self.said: dict[str, Any] = {}
        self.authorized: list[str] = []
        self.found: dict[str, Any] = {
            "issuer": url,
            "jwks_uri": f"{url}/jwks",
            "authorization_endpoint": f"{url}/authorize",
            "token_endpoint": f"{url}/token",
        }
        self.answers["/.well-known/openid-configuration"] = lambda ask: reply(ask, self.found)
        self.answers["/token"] = self._token

    def signed_in(self, location: str) -> dict[str, str]:
        """What the browser is sent back with, after somebody signed in on the provider's page."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return {"code": code, "state": asked["state"]}

    def _token(self, ask: BaseHTTPRequestHandler) -> None:
        form = parse_qs(ask.rfile.read(int(ask.headers["Content-Length"])).decode())
        made = self.codes.pop(form["code"][0], None)
        self.authorized.append(ask.headers.get("Authorization", ""))
        verifier = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"][0].encode()).digest())
        if (
            made is None
            or verifier.decode().rstrip("=") != made["code_challenge"]
            or form["redirect_uri"][0] != made["redirect_uri"]
        ):
            reply(ask, {"error": "invalid_grant"}, 400)
            return
        claims = {"aud": "terrace", "nonce": made["nonce"], **self.said}
        reply(ask, {"id_token": self.token(**claims), "access_token": "not-ours"})


@pytest.fixture
def office() -> Iterator[Office]:
    with provider(Office) as running:
        yield running


@pytest.fixture
def callers(tmp_path: Path, office: Office) -> CallerFile:
    return CallerFile(written(tmp_path, office))


def written(folder: Path, office: Office, **sign_in: str) -> Path:
    """A file of callers in which people sign in at the office."""
    said = {
        "name": "staff", "issuer": office.url, "audience": ["terrace"], "rules": [DEPLOYER],
        "sign_in": {"client_id": "terrace", "url": SHOP, **sign_in},
    }  # fmt: skip
    path = folder / "callers.yaml"
    path.write_text(yamlio.dump({"oidc": [said]}))
    path.chmod(0o644)
    return path


def begun(request: Request, token: str, onward: str) -> Response:
    """Instead of a session: what it would be begun with."""
    return PlainTextResponse(json.dumps([token, onward]))


class Browser:
    """A browser that sees a server with nothing but these routes, over TLS."""

    def __init__(self, callers: CallerFile, key: bytes = b"k" * 32, clock: Callable[[], float] = time.time) -> None:
        async def told(_: Request, error: Exception) -> Response:
            assert isinstance(error, ProblemError)
            return problem(error.status, error.detail, error.headers)

        sign_in = OidcSignIn(callers, key, begun, clock)
        self._app = Starlette(routes=sign_in.routes(), exception_handlers={ProblemError: told})
        self.cookies: dict[str, str] = {}

    async def get(self, url: str) -> Got:
        """Ask, and keep the cookies that come."""
        sent = {"cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        got = await Open(self._secure, url, sent, "192.0.2.1", b"").whole()
        name, _, rest = got["set-cookie"].partition("=")
        if name:
            self.cookies[name] = rest.partition(";")[0].strip('"')
        return got

    async def _secure(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app({**scope, "scheme": "https"}, receive, send)


def back(said: dict[str, str], **more: str) -> str:
    """The address that the provider sends a browser back to."""
    return f"{BACK}?{urlencode({**said, **more})}"


def test_who_signs_in_is_judged_by_the_token_of_the_provider(office: Office, callers: CallerFile) -> None:
    async def story() -> None:
        one = Browser(callers)
        began = await one.get(f"{START}?next=/environments/production")
        assert began.status == 303
        asked = parse_qs(urlsplit(began["location"]).query)
        assert began["location"].startswith(f"{office.url}/authorize?")
        assert asked["redirect_uri"] == [f"{SHOP}{BACK}"]
        assert (asked["response_type"], asked["code_challenge_method"]) == (["code"], ["S256"])
        cookie = began["set-cookie"]
        assert cookie.startswith("__Host-terrace-oidc=")
        assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
        assert asked["state"][0] not in cookie
        said = office.signed_in(began["location"])
        done = await one.get(back(said))
        token, onward = json.loads(done.text)
        assert onward == "/environments/production"
        found = callers.caller(f"Bearer {token}", "", "")
        assert found is not None
        assert found.name == "deployer (staff: repo:acme/shop)"
        again = await one.get(back(said))
        assert again.status == 403
        assert office.authorized == [""]

    asyncio.run(story())


@pytest.mark.parametrize("onward", ["//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nX: y", ""])
def test_nobody_is_led_on_to_another_server(office: Office, callers: CallerFile, onward: str) -> None:
    async def story() -> None:
        one = Browser(callers)
        began = await one.get(f"{START}?{urlencode({'next': onward})}")
        done = await one.get(back(office.signed_in(began["location"])))
        assert json.loads(done.text)[1] == "/"

    asyncio.run(story())


def test_a_client_with_a_secret_proves_itself_with_it(office: Office, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3 cr:et\n")
    callers = CallerFile(written(tmp_path, office, secret_file="secret"))

    async def story() -> None:
        one = Browser(callers)
        began = await one.get(START)
        assert (await one.get(back(office.signed_in(began["location"])))).status == 200

    asyncio.run(story())
    assert office.authorized == ["Basic " + base64.b64encode(b"terrace:s3%20cr%3Aet").decode()]


def refused(callers: CallerFile, office: Office, change: Callable[[dict[str, str]], dict[str, str]]) -> Got:
    """What a browser gets that is sent back with something else."""

    async def story() -> Got:
        one = Browser(callers)
        began = await one.get(START)
        return await one.get(back(change(office.signed_in(began["location"]))))

    return asyncio.run(story())


@pytest.mark.parametrize(
    "change",
    [
        lambda said: {**said, "state": "x" * 43},
        lambda said: {**said, "state": ""},
        lambda said: {"code": said["code"]},
        lambda said: {**said, "state": "\u00e9"},
        lambda said: {"state": said["state"]},
        lambda said: {**said, "code": "another"},
        lambda said: {"state": said["state"], "error": "access_denied"},
        lambda said: {**said, "iss": "https://evil.example"},
    ],
)
def test_what_does_not_belong_to_the_sign_in_is_refused(
    office: Office, callers: CallerFile, change: Callable[[dict[str, str]], dict[str, str]]
) -> None:
    got = refused(callers, office, change)
    assert (got.status, got["content-type"]) == (403, "application/problem+json")
    assert office.url not in got.text


@pytest.mark.parametrize(
    "said",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "other"},
        {"aud": ["terrace", "other"]},
        {"azp": "other"},
        {"exp": 1},
        {"repository": "acme/other"},
        {"iss": "https://evil.example"},
    ],
)
def test_a_token_that_is_not_for_this_sign_in_is_refused(
    office: Office, callers: CallerFile, said: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    office.said = said
    assert refused(callers, office, dict).status == 403
    assert "eyJ" not in caplog.text


def test_a_provider_that_says_that_it_names_itself_has_to(office: Office, callers: CallerFile) -> None:
    office.found["authorization_response_iss_parameter_supported"] = True
    assert refused(callers, office, dict).status == 403
    assert refused(callers, office, lambda said: {**said, "iss": office.url}).status == 200


def test_a_sign_in_is_its_own_browser_s_only(office: Office, callers: CallerFile) -> None:
    async def story() -> None:
        mine, other, far = Browser(callers), Browser(callers), Browser(callers, b"another key".ljust(32))
        said = office.signed_in((await mine.get(START))["location"])
        assert (await other.get(back(said))).status == 403
        await other.get(START)
        assert (await other.get(back(said))).status == 403
        far.cookies = dict(mine.cookies)
        assert (await far.get(back(said))).status == 403
        assert (await mine.get(back(said))).status == 200

    asyncio.run(story())


def test_a_sign_in_is_over_after_some_minutes(office: Office, callers: CallerFile) -> None:
    late = [0]

    async def story() -> None:
        one = Browser(callers, clock=lambda: time.time() + late[0])
        said = office.signed_in((await one.get(START))["location"])
        late[0] = SECONDS + 1
        assert (await one.get(back(said))).status == 403
        late[0] = 0
        assert (await one.get(back(said))).status == 200

    asyncio.run(story())


@pytest.mark.parametrize(
    "found",
    [
        {"authorization_endpoint": "http://192.0.2.1/authorize"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"token_endpoint": ""},
        {"issuer": "https://evil.example"},
    ],
)
def test_a_provider_that_is_not_right_is_no_place_to_go(
    office: Office, callers: CallerFile, found: dict[str, str]
) -> None:
    office.found.update(found)

    async def story() -> None:
        one = Browser(callers)
        got = await one.get(START)
        assert (got.status, got["retry-after"]) == (503, "30")
        assert (await one.get(f"{BELOW}unknown")).status == 404

    asyncio.run(story())


@pytest.mark.parametrize(
    ("sign_in", "says"),
    [
        ({"client_id": "other"}, "name that as an audience"),
        ({"url": "http://terrace.shop.example"}, "no https://"),
        ({"url": f"{SHOP}/?a=b"}, "no https://"),
        ({"scope": "profile"}, "scope"),
    ],
)
def test_a_sign_in_that_cannot_be_safe_is_refused_at_the_start(
    tmp_path: Path, office: Office, sign_in: dict[str, str], says: str
) -> None:
    with pytest.raises(TerraceError, match=says):
        read(written(tmp_path, office, **sign_in))


def test_a_name_at_which_people_sign_in_fits_into_a_path(tmp_path: Path, office: Office) -> None:
    path = written(tmp_path, office)
    path.write_text(path.read_text().replace("name: staff", "name: a/b"))
    with pytest.raises(TerraceError, match="letters, digits"):
        read(path)


def test_the_choices_are_those_of_the_file(callers: CallerFile) -> None:
    assert OidcSignIn(callers, b"k" * 32, begun).choices() == {"staff": START}
