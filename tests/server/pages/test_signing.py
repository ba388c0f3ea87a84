"""Sessions in browsers: begun with a token and a form of ours, ended by signing out, by time, or with the token."""

from __future__ import annotations

import time

import httpx
import pytest

from terrace.server.pages.sessions import SECONDS, Sessions, new_key
from tests.server.conftest import Shop, Tokens
from tests.server.pages.browsing import Browser, read
from tests.server.pages.conftest import BrowserOf
from tests.server.process import serving

CONFIG = "/environments/production/services/kitchen"


@pytest.fixture
def token(tokens_file: Tokens) -> str:
    return tokens_file.make("ops")


@pytest.fixture
def browser(busy: Shop, tokens_file: Tokens, token: str, browser_of: BrowserOf) -> Browser:
    """A browser in which nobody signed in."""
    return browser_of(tokens_file)


def cookie(browser: Browser, name: str = "terrace") -> str:
    return next((each.value or "" for each in browser.cookies.jar if each.name == name), "")


def form_token(browser: Browser, url: str) -> str:
    return browser.page(url).one("input", name="form_token")["value"]


def is_asked(browser: Browser, url: str = "/") -> bool:
    response = browser.get(url)
    return response.status_code == 303 and response.headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("url", ["/", "/health", "/tenants", "/compare", CONFIG, "/environments/nowhere", "/tenants/x"])
def test_who_did_not_sign_in_is_asked_to_and_led_back(browser: Browser, token: str, url: str) -> None:
    response = browser.get(f"{url}?q=a%26b")
    assert (response.status_code, response.content) == (303, b"")
    assert response.headers["location"].startswith("/sign-in?next=/")
    form = browser.page(response.headers["location"])
    assert form.one("input", name="next")["value"] == f"{url}?q=a%26b"


def test_a_token_opens_a_session_and_leads_on(browser: Browser, token: str) -> None:
    response = browser.sign_in(token, CONFIG)
    assert (response.status_code, response.headers["location"]) == (303, CONFIG)
    page = browser.page(CONFIG)
    assert page.one("span", class_="name").text.startswith("ops")
    assert browser.get("/sign-in?next=/health").headers["location"] == "/health"


def test_the_cookie_is_kept_from_scripts_other_sites_and_readers(browser: Browser, token: str) -> None:
    response = browser.sign_in(token)
    said = [each for each in response.headers.get_list("set-cookie") if each.startswith("terrace=")]
    assert len(said) == 1
    parts = {part.strip().lower() for part in said[0].split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/", f"max-age={SECONDS}"} <= parts
    assert "secure" not in parts
    assert token not in said[0]
    assert token.split("_")[2][:10] not in said[0]


def test_under_tls_the_cookie_never_goes_without(
    busy: Shop, tokens_file: Tokens, token: str, browser_of: BrowserOf
) -> None:
    browser = browser_of(tokens_file, base="https://config.example")
    said = browser.sign_in(token).headers.get_list("set-cookie")
    assert said
    for each in said:
        assert each.startswith("__Host-terrace")
        assert "; secure" in each.lower()
    browser.page("/")


@pytest.mark.parametrize("wrong", ["", "trc_aaaaaaaa_" + "A" * 43, "<script>", "trc_" + "x" * 3000])
def test_a_wrong_token_opens_nothing_and_is_not_repeated(browser: Browser, wrong: str) -> None:
    response = browser.sign_in(wrong)
    assert response.status_code == 403
    assert "This token is not known" in response.text
    assert not cookie(browser)
    if wrong:
        assert wrong not in response.text
    assert is_asked(browser)


def test_a_form_that_is_not_ours_signs_nobody_in(browser: Browser, token: str) -> None:
    assert browser.ask("POST", "/sign-in", data={"token": token}).status_code == 403
    stolen = form_token(browser, "/sign-in")
    browser.cookies.clear()
    assert browser.ask("POST", "/sign-in", data={"token": token, "form_token": stolen}).status_code == 403
    assert browser.sign_in(token, sec_fetch_site="cross-site").status_code == 403
    assert browser.sign_in(token, sec_fetch_site="same-site").status_code == 403
    assert is_asked(browser)
    assert browser.sign_in(token, sec_fetch_site="same-origin").status_code == 303


def test_signing_out_ends_the_session_also_for_a_copy_of_the_cookie(browser: Browser, token: str) -> None:
    browser.sign_in(token)
    kept = cookie(browser)
    given = form_token(browser, "/")
    response = browser.ask("POST", "/sign-out", data={"form_token": given})
    assert (response.status_code, response.headers["location"]) == (303, "/sign-in")
    assert not cookie(browser)
    browser.cookies.set("terrace", kept, domain="127.0.0.1", path="/")
    assert is_asked(browser)


def test_a_form_that_is_not_ours_signs_nobody_out(browser: Browser, token: str) -> None:
    anonymous = form_token(browser, "/sign-in")
    browser.sign_in(token)
    for data in ({}, {"form_token": ""}, {"form_token": anonymous}, {"form_token": "ä" * 64}):
        assert browser.ask("POST", "/sign-out", data=data).status_code == 403
    browser.page("/")


def test_a_session_ends_when_its_token_is_taken_back(browser: Browser, tokens_file: Tokens, token: str) -> None:
    tokens_file.make("another")
    browser.sign_in(token)
    browser.page("/")
    tokens_file.revoke(token)
    assert is_asked(browser)


def test_a_session_ends_with_its_time() -> None:
    now = [time.time()]
    sessions = Sessions(clock=lambda: now[0])
    made = sessions.begin("trc_x")
    found = sessions.find(made)
    assert found is not None
    assert found.token == "trc_x"
    assert "trc_x" not in repr(found)
    now[0] += SECONDS + 1
    assert sessions.find(made) is None


def test_a_cookie_that_was_not_made_here_is_none(browser: Browser, token: str) -> None:
    browser.sign_in(token)
    real = cookie(browser)
    changed = real[:-4] + ("AAAA" if real[-4:] != "AAAA" else "BBBB")
    for bad in (changed, Sessions(new_key()).begin(token), "x", '"', "ä"):
        browser.cookies.clear()
        assert is_asked_with(browser, bad)


def is_asked_with(browser: Browser, value: str) -> bool:
    response = browser.get("/", headers={"cookie": f"terrace={value}".encode()})
    return response.status_code == 303


def test_workers_that_share_a_key_know_each_others_sessions() -> None:
    key = new_key()
    assert Sessions(key).find(Sessions(key).begin("trc_x")) is not None
    assert Sessions(key).form_token("browser") == Sessions(key).form_token("browser")


@pytest.mark.parametrize(
    "onward",
    ["https://evil.example", "//evil.example", "/\\evil.example", "evil", "javascript:alert(1)", "/a b", "/\r\nx: y"],
)
def test_nobody_is_led_to_another_site(browser: Browser, token: str, onward: str) -> None:
    form = form_token(browser, "/sign-in")
    response = browser.ask("POST", "/sign-in", data={"token": token, "form_token": form, "next": onward})
    assert (response.status_code, response.headers["location"]) == (303, "/")


@pytest.mark.parametrize("path", ["//evil.example", "/%5Cevil.example", "///evil.example/tenants/"])
def test_an_address_with_two_slashes_leads_nowhere_else(browser: Browser, path: str) -> None:
    response = browser.get(f"http://127.0.0.1{path}")
    assert not response.headers.get("location", "/").startswith(("//", "http", "/\\"))
    assert "//evil" not in response.headers.get("location", "")


def test_a_link_on_another_site_leads_on_with_the_cookie(browser: Browser, token: str) -> None:
    """A strict cookie is not sent when the link of another site is followed: the page leads on by itself."""
    response = browser.get(f"{CONFIG}?q=a&tenant=acme", headers={"sec-fetch-site": "cross-site"})
    assert response.status_code == 200
    assert f'content="0;url={CONFIG}?q=a&amp;tenant=acme"' in response.text
    assert is_asked(browser, CONFIG)


def test_a_session_is_for_pages_only(browser: Browser, token: str) -> None:
    browser.sign_in(token)
    for url in ("/v1/environments", "/v1/config/kitchen/production", "/configz", "/metrics"):
        assert browser.get(url).status_code == 401
    assert browser.get("/v1/environments", headers={"authorization": f"Bearer {token}"}).status_code == 200


def test_a_token_in_the_request_counts_more_than_a_session(browser: Browser, tokens_file: Tokens, token: str) -> None:
    browser.sign_in(token)
    limited = tokens_file.make("acme", tenants=["acme"])
    assert browser.get("/health", headers={"authorization": f"Bearer {limited}"}).status_code == 403


def test_without_tokens_nobody_signs_in(busy: Shop, browser_of: BrowserOf) -> None:
    browser = browser_of()
    assert browser.get("/sign-in").headers["location"] == "/"
    assert browser.ask("POST", "/sign-in", data={"token": "x"}).status_code == 404
    assert "on this machine" in browser.page("/").one("header", class_="top").text


def test_a_session_is_known_to_every_worker(busy: Shop, tokens_file: Tokens, token: str) -> None:
    with serving(busy, "--tokens", str(tokens_file.path), "--workers", "3", "--rate", "0") as running:
        address = f"http://127.0.0.1:{running.port}"
        with httpx.Client(base_url=address) as client:
            form = read(client.get("/sign-in").text).one("input", name="form_token")["value"]
            client.post("/sign-in", data={"token": token, "form_token": form})
            kept = dict(client.cookies)
        for _ in range(30):
            # A connection of its own, which any worker may take.
            assert httpx.get(f"{address}/tenants", cookies=kept).status_code == 200


def test_a_form_of_others_is_no_way_to_a_failure(browser: Browser) -> None:
    many = "&".join(f"a{number}=1" for number in range(50))
    for body in (b"\xff\xfe=1", many.encode(), b""):
        response = browser.ask("POST", "/sign-in", content=body)
        assert response.status_code in (400, 403)
