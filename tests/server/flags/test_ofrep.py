"""OFREP: one flag and all of them, for whom they are meant and nobody else."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from terrace.server.access import Access
from tests.server.asking import Asking, Got, later, play
from tests.server.conftest import ServerOf, Shop, Tokens
from tests.server.flags.conftest import TENANTS, FlagShop, flag

ALL = "/ofrep/v1/evaluate/flags"


async def ask(asking: Asking, url: str = ALL, context: Any = None, *, body: bytes | None = None, **more: Any) -> Got:
    sent = json.dumps({"context": context or {}}).encode() if body is None else body
    return await asking.get(url, body=sent, **{":method": "POST", **more})


def test_a_flag_is_evaluated_for_its_context(flags: FlagShop, server_of: ServerOf) -> None:
    flags.release(a=flag(targeting=TENANTS, metadata={"owner": "team-a"}), b=flag())

    async def story(asking: Asking) -> None:
        got = await ask(asking, f"{ALL}/a", {"tenant": "acme"})
        assert (got.status, got["content-type"]) == (200, "application/json")
        assert got.json == {
            "key": "a", "value": True, "variant": "on", "reason": "TARGETING_MATCH",
            "metadata": {"flagSetId": "production", "fractional": "v3", "version": f"{1:040x}", "owner": "team-a"},
        }  # fmt: skip
        assert (await ask(asking, f"{ALL}/a", {"tenant": "bolt"})).json["reason"] == "DEFAULT"
        assert (await ask(asking, f"{ALL}/b")).json["reason"] == "STATIC"

    play(server_of(), story)


@pytest.mark.parametrize("sent", ["team/checkout", "team%2Fcheckout", "na%C3%AFve-%E6%97%A5", "with%20space"])
def test_keys_of_any_kind_are_found(flags: FlagShop, server_of: ServerOf, sent: str) -> None:
    flags.release(**{"team/checkout": flag(), "naïve-日": flag(), "with space": flag()})

    async def story(asking: Asking) -> None:
        assert (await ask(asking, f"{ALL}/{sent}")).json["variant"] == "off"

    play(server_of(), story)


def test_the_applications_default_has_no_value_and_a_variant_for_pythons_provider(
    flags: FlagShop, server_of: ServerOf
) -> None:
    flags.release(a=flag(state="DISABLED"), b=flag(defaultVariant=None))

    async def story(asking: Asking) -> None:
        got = [(await ask(asking, f"{ALL}/{key}")).json for key in "ab"]
        assert [(each["reason"], each["variant"], "value" in each) for each in got] == [
            ("DISABLED", "", False), ("DEFAULT", "", False),
        ]  # fmt: skip

    play(server_of(), story)


def test_a_whole_float_keeps_its_point(flags: FlagShop, server_of: ServerOf) -> None:
    flags.release(a=flag(variants={"x": 10.0, "y": 0.5}, defaultVariant="x"))

    async def story(asking: Asking) -> None:
        assert b'"value":10.0' in (await ask(asking, f"{ALL}/a")).body
        assert b'"value":10.0' in (await ask(asking)).body

    play(server_of(), story)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "PARSE_ERROR"),
        (b"{nope", "PARSE_ERROR"),
        (b"[]", "PARSE_ERROR"),
        (b'{"context": NaN}', "PARSE_ERROR"),
        (b'{"context": [1]}', "INVALID_CONTEXT"),
        (b'{"context": "x"}', "INVALID_CONTEXT"),
        (b'{"context": {"targetingKey": 1}}', "INVALID_CONTEXT"),
    ],
)
def test_a_body_that_is_not_right_is_refused(flags: FlagShop, server_of: ServerOf, body: bytes, code: str) -> None:
    flags.release(a=flag())

    async def story(asking: Asking) -> None:
        got = await ask(asking, f"{ALL}/a", body=body)
        assert (got.status, got.json["key"], got.json["errorCode"]) == (400, "a", code)
        assert got.json["errorDetails"]
        assert (await ask(asking, body=body)).json["errorCode"] == code

    play(server_of(), story)


def test_a_context_that_is_too_deep_is_refused(flags: FlagShop, server_of: ServerOf) -> None:
    flags.release(a=flag())
    deep = b'{"context":' + b'{"a":' * 600 + b"1" + b"}" * 601

    async def story(asking: Asking) -> None:
        assert (await ask(asking, body=deep)).json["errorCode"] == "INVALID_CONTEXT"
        assert (await ask(asking, body=b'{"a":' * 5000 + b"1" + b"}" * 5000)).status == 400

    play(server_of(), story)


def test_a_flag_that_is_not_there_and_one_that_fails(flags: FlagShop, server_of: ServerOf) -> None:
    flags.release(a=flag(targeting={"%": [1, {"var": "zero"}]}))

    async def story(asking: Asking) -> None:
        got = await ask(asking, f"{ALL}/nope")
        assert (got.status, got.json["errorCode"]) == (404, "FLAG_NOT_FOUND")
        got = await ask(asking, f"{ALL}/a", {"zero": 0})
        assert (got.status, got.json["errorCode"]) == (400, "PARSE_ERROR")
        got = await ask(asking, context={"zero": 0})
        assert got.status == 200
        assert got.json["flags"] == [
            {"key": "a", "errorCode": "PARSE_ERROR", "errorDetails": "The targeting of 'a' cannot be evaluated."}
        ]

    play(server_of(), story)


def test_all_flags_come_with_a_tag_of_release_and_context(flags: FlagShop, server_of: ServerOf) -> None:
    flags.release(a=flag(targeting=TENANTS), b=flag())

    async def story(asking: Asking) -> None:
        got = await ask(asking, context={"tenant": "acme", "x": 1})
        assert {each["key"]: each["value"] for each in got.json["flags"]} == {"a": True, "b": False}
        assert got.json["metadata"]["flagSetId"] == "production"
        again = await ask(asking, body=b'{"context":{"x":1,"tenant":"acme"}}', If_None_Match=f'"old", W/{got["etag"]}')
        assert (again.status, again.body, again["etag"]) == (304, b"", got["etag"])
        other = await ask(asking, context={"tenant": "bolt"}, If_None_Match=got["etag"])
        assert other.status == 200
        flags.release(a=flag(), b=flag())
        await later(lambda: asking.server.shelf.flags["production"].commit == f"{2:040x}")
        assert (await ask(asking, context={"tenant": "acme", "x": 1}, If_None_Match=got["etag"])).status == 200

    play(server_of(), story)


def test_a_tag_changes_when_a_schedule_does(
    flags: FlagShop, server_of: ServerOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags.release(a=flag(targeting={"if": [{">=": [{"var": "$flagd.timestamp"}, 4_000_000_000]}, "on", "off"]}))

    async def story(asking: Asking) -> None:
        got = await ask(asking)
        monkeypatch.setattr("time.time", lambda: 4_000_000_000.0)
        later = await ask(asking, If_None_Match=got["etag"])
        assert (got.json["flags"][0]["value"], later.status, later.json["flags"][0]["value"]) == (False, 200, True)

    play(server_of(), story)


def test_the_environment_is_in_the_path_the_selector_or_the_token(
    flags: FlagShop, server_of: ServerOf, tokens_file: Tokens
) -> None:
    flags.release("production", a=flag(defaultVariant="on"))
    flags.release("staging", a=flag())
    both = tokens_file.make("both", may=["flags"])
    one = tokens_file.make("one", may=["flags"], environments=["staging"])

    async def story(asking: Asking) -> None:
        async def variant(url: str = f"{ALL}/a", **more: Any) -> Any:
            got = await ask(asking, url, **more)
            return got.json.get("variant", got.status)

        assert await variant(f"/env/production{ALL}/a", token=both) == "on"
        assert await variant(f"/env/staging{ALL}/a", token=both) == "off"
        assert await variant(token=both, Flagd_Selector="flagSetId=production") == "on"
        assert await variant(token=both, Flagd_Selector="production") == 400
        assert await variant(token=one) == "off"
        got = await ask(asking, token=both)
        assert got.status == 400
        assert "/env/ENVIRONMENT/" in got.json["errorDetails"]
        assert await variant(f"/env/production{ALL}/a", token=one) == 404
        assert await variant(token=one, Flagd_Selector="flagSetId=production") == 404

    play(server_of(tokens=str(tokens_file.path)), story)


def test_without_tokens_the_only_environment_is_meant(flags: FlagShop, server_of: ServerOf) -> None:
    flags.release("staging", a=flag())

    async def story(asking: Asking) -> None:
        assert (await ask(asking, f"{ALL}/a")).status == 200
        assert (await ask(asking, f"{ALL}/a", client="10.0.0.7")).status == 401
        assert (await ask(asking, f"{ALL}/a", host="evil.example")).status == 401

    play(server_of(), story)


def test_who_may_not_is_refused(flags: FlagShop, server_of: ServerOf, tokens_file: Tokens) -> None:
    flags.release(a=flag())
    reads = tokens_file.make("reads", may=["read"])
    good = tokens_file.make("flags", may=["flags"])

    async def story(asking: Asking) -> None:
        got = await ask(asking, f"{ALL}/a")
        assert (got.status, got["www-authenticate"][:6], got.json["errorCode"]) == (401, "Bearer", "GENERAL")
        assert (await ask(asking, f"{ALL}/a", token=reads)).status == 403
        assert (await ask(asking, f"{ALL}/a", token=good)).status == 200
        assert (await ask(asking, f"{ALL}/a", X_API_Key=good)).status == 200
        assert (await ask(asking, f"{ALL}/a", X_API_Key="trc_nope")).status == 401
        assert (await asking.get("/v1/environments", X_API_Key=good)).status == 401

    play(server_of(tokens=str(tokens_file.path)), story)


def test_an_environment_that_is_not_there_looks_like_one_that_is_not_for_the_caller(
    flags: FlagShop, server_of: ServerOf, tokens_file: Tokens
) -> None:
    flags.release("production", a=flag())
    token = tokens_file.make("one", may=["flags"], environments=["staging"])

    async def story(asking: Asking) -> None:
        got = [await ask(asking, f"/env/{name}{ALL}/a", token=token) for name in ("production", "nowhere", "staging")]
        assert got[0].shape == got[1].shape == got[2].shape
        assert got[0].status == 404

    play(server_of(tokens=str(tokens_file.path)), story)


def test_a_tenants_token_decides_the_tenant(flags: FlagShop, server_of: ServerOf, tokens_file: Tokens) -> None:
    flags.release(a=flag(targeting=TENANTS))
    acme = tokens_file.make("acme", may=["flags"], tenants=["acme"])
    bolt = tokens_file.make("bolt", may=["flags"], tenants=["bolt"])
    two = tokens_file.make("two", may=["flags"], tenants=["acme", "bolt"])
    nobody = tokens_file.make("none", may=["flags"], tenants=[""])

    async def story(asking: Asking) -> None:
        async def of(token: str, tenant: str) -> Got:
            return await ask(asking, f"{ALL}/a", {"tenant": tenant} if tenant else {}, token=token)

        for said in ("", "acme", "bolt", "globex", "no-such-tenant"):
            assert (await of(acme, said)).json["value"] is True
            assert (await of(bolt, said)).json["value"] is False
            assert (await of(nobody, said)).json["value"] is False
            assert (await of(two, said)).json["value"] is (said == "acme")
        # Whatever it says of others, the whole answer to a token is one and the same.
        every = [await ask(asking, context={"tenant": name}, token=bolt) for name in ("bolt", "acme", "no-such")]
        assert len({got["etag"] for got in every}) == 1
        assert len({json.dumps(got.json["flags"]) for got in every}) == 1

    play(server_of(tokens=str(tokens_file.path)), story)


def test_asking_too_often_is_told_when_to_come_again(flags: FlagShop, server_of: ServerOf, tokens_file: Tokens) -> None:
    flags.release(a=flag())
    token = tokens_file.make("flags", may=["flags"])

    async def story(asking: Asking) -> None:
        got = [await ask(asking, f"{ALL}/a", token=token) for _ in range(4)]
        assert [each.status for each in got] == [200, 200, 429, 429]
        assert got[-1]["retry-after"] == "10"
        assert (await asking.get("/v1/environments", token=token)).status == 429

    play(server_of(tokens=str(tokens_file.path), rate=0.1, burst=2.0), story)


def test_what_is_too_large_or_no_route_is_refused(flags: FlagShop, server_of: ServerOf) -> None:
    flags.release(a=flag())

    async def story(asking: Asking) -> None:
        assert (await ask(asking, body=b" " * 65537)).status == 413
        assert (await ask(asking, Content_Length="65537")).status == 413
        assert (await ask(asking, f"{ALL}/{'x' * 5000}")).status == 414
        assert (await ask(asking, "/ofrep/v1/nothing")).status == 404
        assert (await ask(asking, "/env//ofrep/v1/evaluate/flags")).status == 404
        got = await asking.get(ALL)
        assert (got.status, got["allow"]) == (405, "POST, OPTIONS")

    play(server_of(), story)


def test_every_answer_has_the_headers_that_protect_it(flags: FlagShop, server_of: ServerOf) -> None:
    flags.release(a=flag())

    async def story(asking: Asking) -> None:
        for url in (ALL, f"{ALL}/a", f"{ALL}/nope", "/ofrep/nope"):
            got = await ask(asking, url, X_Request_Id="abc")
            assert (got["x-content-type-options"], got["referrer-policy"]) == ("nosniff", "no-referrer")
            assert "frame-ancestors 'none'" in got["content-security-policy"]
            assert got["x-request-id"] == "abc"
            assert "access-control-allow-origin" not in dict(got.headers)

    play(server_of(), story)


def test_pages_of_named_origins_may_ask(flags: FlagShop, server_of: ServerOf) -> None:
    flags.release(a=flag())

    async def story(asking: Asking) -> None:
        preflight = {":method": "OPTIONS", "Access_Control_Request_Method": "POST"}
        for origin, may in (("https://shop.example", True), ("https://evil.example", False)):
            got = await asking.get(ALL, Origin=origin, **preflight)
            assert got.status == 204
            assert ("access-control-allow-methods" in dict(got.headers)) is may
            got = await ask(asking, Origin=origin)
            assert (got["access-control-allow-origin"] == origin) is may
            assert ("ETag" in got["access-control-expose-headers"]) is may
            assert "access-control-allow-credentials" not in dict(got.headers)
            assert "Origin" in got["vary"]
        assert "access-control-allow-origin" not in dict(
            (await asking.get("/livez", Origin="https://shop.example")).headers
        )

    play(server_of(flags_origins=("https://shop.example/",)), story)


def test_flags_are_no_service(shop: Shop, flags: FlagShop, server_of: ServerOf, tokens_file: Tokens) -> None:
    shop.deploy()
    flags.release(a=flag(), hidden=flag())
    token = tokens_file.make("everything", may=["read", "flags"])

    async def story(asking: Asking) -> None:
        async def get(url: str) -> Got:
            return await asking.get(url, token=token)

        assert (await get("/v1/environments")).json == {
            "environments": [{"name": "production", "services": ["kitchen"]}]
        }  # fmt: skip
        assert (await get("/v1/config/_flags/production")).status == 404
        assert (await get("/v1/schema/_flags?environment=production")).status == 404
        assert (await get("/spring/_flags/production")).status == 404
        for page in ("/", "/environments/production", "/compare"):
            assert "_flags" not in (await get(page)).text
        said = (await get("/configz")).json
        assert [each["service"] for each in said["services"]] == ["kitchen"]
        assert [(each["environment"], each["status"]) for each in said["flags"]] == [("production", "ok")]

    play(server_of(tokens=str(tokens_file.path)), story)


def test_flags_that_cannot_be_evaluated_are_refused_and_the_last_good_ones_stay(
    flags: FlagShop, server_of: ServerOf
) -> None:
    flags.release(a=flag(defaultVariant="on"))

    async def story(asking: Asking) -> None:
        flags.release(a=flag(), broken=flag(owner="nobody"))
        await later(lambda: asking.server.shelf.health.state == "degraded")
        assert (await ask(asking, f"{ALL}/a")).json["variant"] == "on"
        refused = (await asking.get("/configz")).json["flags"][0]["refused"]
        assert "'broken'" in refused["reason"]

    play(server_of(), story)


def test_evaluations_are_logged_added_up_and_what_was_refused_by_itself(
    flags: FlagShop, server_of: ServerOf, log: list[Access], capsys: pytest.CaptureFixture[str]
) -> None:
    flags.release(a=flag(), b=flag())

    async def story(asking: Asking) -> None:
        for _ in range(3):
            await ask(asking, f"{ALL}/a", {"targetingKey": "secret-subject"})
        await ask(asking)
        await ask(asking, "/env/nowhere/ofrep/v1/evaluate/flags")

    play(server_of(), story)
    said = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    found = {each["flags"]: (each["requests"], each["evaluations"], each["caller"]) for each in said}
    assert found == {"one": (3, 3, "anonymous"), "all": (1, 2, "anonymous")}
    assert [(each.path, each.status) for each in log] == [("/env/nowhere/ofrep/v1/evaluate/flags", 404)]
    assert "secret-subject" not in str(said)


def test_a_client_that_heard_of_newer_flags_gets_them(
    flags: FlagShop, shop: Shop, server_of: ServerOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of several workers one may not have noticed yet. This one never does by itself."""
    flags.release(a=flag())
    monkeypatch.setattr("terrace.server.shelf.Shelf.follow", lambda _: None)

    async def story(asking: Asking) -> None:
        before: Callable[[], Any] = lambda: ask(asking)  # noqa: E731
        old = (await before()).json["flags"][0]["value"]
        tag = asking.server.shelf.flags["production"].flags.tag  # type: ignore[union-attr]
        flags.release(a=flag(defaultVariant="on"))
        assert (await ask(asking)).json["flags"][0]["value"] is old is False
        assert (await ask(asking, f"{ALL}?flagConfigEtag={tag}")).json["flags"][0]["value"] is False
        assert (await ask(asking, f"{ALL}?flagConfigEtag=newer.1")).json["flags"][0]["value"] is True
        flags.release(a=flag())
        assert (await ask(asking, f"{ALL}?flagConfigLastModified=9999999999")).json["flags"][0]["value"] is False

    play(server_of(), story)
