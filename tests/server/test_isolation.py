"""Two tenants' tokens, each attacked with the other's everything: nothing that comes back tells of the other."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from terrace.server.callers import Caller
from terrace.server.opened import Opener
from terrace.server.slices import Question, Slices
from terrace.server.stand import Key
from terrace.server.tokens import Scopes
from tests.server.asking import Asking, Got, later, play, served
from tests.server.conftest import ACME_TOKEN, PASSWORD, ServerOf, Shop, Tokens

URL = "/v1/config/kitchen/production"
TENANTS = {"acme": {"pool_max": 41}, "bolt": {"pool_max": 42}}
FORMS = ("application/json", "application/yaml", "text/x-java-properties", "text/x-dotenv")


def deploy(shop: Shop, **tenants: dict[str, Any] | None) -> str:
    return shop.deploy(
        tenants={**TENANTS, **tenants}, tenant_secrets={"acme": {"database": {"token": ACME_TOKEN}}}
    )  # fmt: skip


def everything(tenant: str) -> list[tuple[str, dict[str, str]]]:
    """Every question that can be asked of a tenant."""
    asked: list[tuple[str, dict[str, str]]] = []
    for path in ("", "/database", "/database/pool_max", "/database/token", "/nothing"):
        for query in ("", "&provenance=true", "&format=yaml", "&format=dotenv"):
            asked.append((f"{URL}{path}?tenant={tenant}{query}", {}))
    asked += [(f"{URL}?tenant={tenant}", {"accept": form}) for form in (*FORMS, "text/event-stream", "text/html")]
    asked += [
        (f"{URL}?tenant={tenant}", {"if_none_match": '"00"'}),
        (f"{URL}?tenant={tenant}", {"if_none_match": "*"}),
        (f"{URL}?tenant={tenant}", {"if_none_match": '"00"', "prefer": "wait=60"}),
        (f"{URL}?tenant={tenant}", {"accept": "text/event-stream", "last_event_id": "00"}),
    ]
    return asked


@pytest.mark.parametrize("may", [["read"], ["read", "secrets"]])
def test_another_tenant_is_the_same_as_one_that_does_not_exist(
    shop: Shop, server_of: ServerOf, tokens_file: Tokens, may: list[str]
) -> None:
    deploy(shop)
    acme = tokens_file.make("acme", tenants=["acme"], may=may)

    async def story(ask: Asking) -> None:
        there, not_there = everything("bolt"), everything("gone")
        for (url, headers), (other, _) in zip(there, not_there, strict=True):
            got = await ask.get(url, token=acme, **headers)
            assert got.shape == (await ask.get(other, token=acme, **headers)).shape, url
            assert got.status in (404, 406)
        none = await ask.get(URL, token=acme)
        assert none.shape == (await ask.get(f"{URL}?tenant=gone", token=acme)).shape

    play(server_of(tokens=str(tokens_file.path)), story)


def test_a_tenant_s_own_is_there(shop: Shop, server_of: ServerOf, tokens_file: Tokens) -> None:
    deploy(shop)
    acme = tokens_file.make("acme", tenants=["acme"])

    async def story(ask: Asking) -> None:
        got = await ask.get(f"{URL}?tenant=acme", token=acme)
        assert got.json["values"]["database"]["pool_max"] == 41
        assert got.json["secrets"]["withheld"] == ["database.password", "database.token"]
        assert {name for name, _ in got.headers} & {"terrace-release", "terrace-commit"} == set()
        assert "commit" not in got.text
        everybody = tokens_file.make("all")
        assert (await ask.get(f"{URL}?tenant=acme", token=everybody))["terrace-release"]

    play(server_of(tokens=str(tokens_file.path)), story)


def test_lists_hold_only_what_is_the_caller_s(shop: Shop, server_of: ServerOf, tokens_file: Tokens) -> None:
    deploy(shop)
    shop.deploy(service="oven", tenants={"bolt": None})
    shop.deploy(environment="staging", tenants={"bolt": None})
    acme = tokens_file.make("acme", tenants=["acme"])
    staging = tokens_file.make("staging", environments=["staging"])

    async def story(ask: Asking) -> None:
        assert (await ask.get("/v1/environments", token=acme)).json == {
            "environments": [{"name": "production", "services": ["kitchen"]}]
        }
        for query in ("", "?environment=production", "?service=kitchen"):
            assert (await ask.get(f"/v1/tenants{query}", token=acme)).json == {"tenants": ["acme"]}
        for query in ("?environment=staging", "?service=oven", "?service=none"):
            assert (await ask.get(f"/v1/tenants{query}", token=acme)).json == {"tenants": []}
        assert (await ask.get("/v1/tenants", token=staging)).json == {"tenants": ["bolt"]}
        hidden = await ask.get("/v1/schema/oven?environment=production", token=acme)
        assert hidden.shape == (await ask.get("/v1/schema/none?environment=production", token=acme)).shape
        assert (await ask.get("/v1/releases/production", token=staging)).status == 404
        (service,) = (await ask.get("/configz", token=staging)).json["services"]
        assert service["environment"] == "staging"
        assert 'environment="production"' not in (await ask.get("/metrics", token=staging)).text

    play(server_of(tokens=str(tokens_file.path)), story)


def test_what_tells_of_all_tenants_is_not_for_one(shop: Shop, server_of: ServerOf, tokens_file: Tokens) -> None:
    deploy(shop)
    acme = tokens_file.make("acme", tenants=["acme"])

    async def story(ask: Asking) -> None:
        for url in ("/configz", "/metrics", "/v1/releases/production", "/v1/releases/nowhere"):
            assert (await ask.get(url, token=acme)).status == 403
        first = await ask.get("/v1/releases/production", token=acme)
        assert first.shape == (await ask.get("/v1/releases/nowhere", token=acme)).shape

    play(server_of(tokens=str(tokens_file.path)), story)


async def all_of(ask: Asking, token: str) -> list[tuple[Any, ...]]:
    """Everything that a tenant's token gets, with every length, tag and digest."""
    got: list[Got] = [
        await ask.get(url, token=token, **headers)
        for url, headers in everything("acme")
        if headers.get("accept") != "text/event-stream" and "prefer" not in headers
    ]
    for url in ("/v1/environments", "/v1/tenants", "/v1/schema/kitchen?environment=production", "/readyz", "/configz"):
        got.append(await ask.get(url, token=token))
    return [each.shape for each in got]


def test_what_another_tenant_changes_shows_nowhere(shop: Shop, server_of: ServerOf, tokens_file: Tokens) -> None:
    deploy(shop)
    acme = tokens_file.make("acme", tenants=["acme"])
    server = server_of(tokens=str(tokens_file.path))

    async def story(ask: Asking) -> None:
        before = await all_of(ask, acme)
        for others in ({"bolt": {"pool_max": 199, "host": "far-away.bolt.test"}}, {"bolt": {}, "crux": {"port": 1}}):
            digest = deploy(shop, **others)
            await later(lambda: served(server) == digest)  # noqa: B023
            assert await all_of(ask, acme) == before
        digest = deploy(shop, acme={"pool_max": 40})
        await later(lambda: served(server) == digest)
        assert await all_of(ask, acme) != before

    play(server, story)


async def chunks(ask: Asking, token: str, **headers: str) -> AsyncIterator[bytes]:
    """A stream of a tenant's values."""
    stream = ask.open(f"{URL}?tenant=acme", token=token, accept="text/event-stream", **headers)
    while True:
        yield await stream.chunk()


def test_what_another_tenant_changes_wakes_nobody(shop: Shop, server_of: ServerOf, tokens_file: Tokens) -> None:
    deploy(shop)
    acme = tokens_file.make("acme", tenants=["acme"])
    server = server_of(tokens=str(tokens_file.path))

    async def story(ask: Asking) -> None:
        tag = (await ask.get(f"{URL}?tenant=acme", token=acme))["etag"]
        waiting = ask.open(f"{URL}?tenant=acme", token=acme, if_none_match=tag, prefer="wait=60")
        stream = chunks(ask, acme)
        assert [await anext(stream), (await anext(stream))[:13]] == [b": terrace\n\n", b"event: config"]
        digest = deploy(shop, bolt={"pool_max": 7})
        await later(lambda: served(server) == digest)
        part = asyncio.ensure_future(anext(stream))  # type: ignore[arg-type]
        assert await asyncio.wait({part, waiting.task}, timeout=0.3) == (set(), {part, waiting.task})
        deploy(shop, acme={"pool_max": 9}, bolt={"pool_max": 7})
        assert (await waiting.whole()).json["values"]["database"]["pool_max"] == 9
        assert b'"pool_max":9' in await part

    play(server, story)


def test_another_scope_is_like_nothing(shop: Shop, server_of: ServerOf, tokens_file: Tokens) -> None:
    deploy(shop)
    shop.deploy(environment="staging")
    some = [
        tokens_file.make("staging only", environments=["staging"]),
        tokens_file.make("oven only", services=["oven"]),
        tokens_file.make("no tenant's", tenants=["nobody"]),
        tokens_file.make("flags only", may=["flags"]),
    ]

    async def story(ask: Asking) -> None:
        for token in some:
            got = await ask.get(URL, token=token)
            assert got.shape == (await ask.get("/v1/config/none/nowhere", token=token)).shape
            assert got.status == 404

    play(server_of(tokens=str(tokens_file.path)), story)


def test_without_a_good_token_everything_is_one_answer(shop: Shop, server_of: ServerOf, tokens_file: Tokens) -> None:
    deploy(shop)
    good = tokens_file.make("acme", tenants=["acme"])
    over = tokens_file.make("over", days=-1)
    shapes = set()

    async def story(ask: Asking) -> None:
        for url in (URL, f"{URL}?tenant=acme", "/v1/environments", "/configz", "/metrics", "/nowhere"):
            for token in ("", over, good[:-1], "trc_" + "a" * 8 + "_" + "b" * 43, "x" * 300):
                shapes.add((await ask.get(url, token=token)).shape)
        ((status, headers, _),) = shapes
        assert (status, dict(headers)["www-authenticate"]) == (401, 'Bearer realm="terrace"')
        assert (await ask.get("/livez")).status == 200

    play(server_of(tokens=str(tokens_file.path)), story)


def audited(shop: Shop) -> list[dict[str, Any]]:
    lines = [line for path in sorted((shop.folder / "audit").glob("*.jsonl")) for line in path.read_text().splitlines()]
    return [json.loads(line) for line in lines]


def test_secrets_are_for_whom_they_are_and_each_opening_names_the_caller(
    shop: Shop, server_of: ServerOf, tokens_file: Tokens
) -> None:
    deploy(shop)
    plain = tokens_file.make("plain", tenants=["acme"])
    reader = tokens_file.make("the till", tenants=["acme"], may=["read", "secrets"])
    other = tokens_file.make("bolt's till", tenants=["bolt"], may=["read", "secrets"])

    async def story(ask: Asking) -> None:
        got = await ask.get(f"{URL}?tenant=acme", token=reader)
        assert got.json["values"]["database"]["password"] == PASSWORD
        assert got.json["values"]["database"]["token"] == ACME_TOKEN
        assert (got.json["secrets"], got["cache-control"]) == ({"withheld": []}, "no-store")
        one = await ask.get(f"{URL}/database/password?tenant=acme&format=dotenv&provenance=true", token=reader)
        sealed = "# environments/production/kitchen.secrets.yaml\n"
        assert one.text == f"{sealed}DATABASE_PASSWORD={PASSWORD}\n"
        for token, tenant in ((plain, "acme"), (other, "bolt")):
            answer = await ask.get(f"{URL}?tenant={tenant}", token=token)
            assert ACME_TOKEN not in answer.text
        assert PASSWORD not in (await ask.get(f"{URL}?tenant=acme", token=plain)).text
        again = await ask.get(f"{URL}?tenant=acme", token=reader, if_none_match=got["etag"])
        assert (again.status, again["cache-control"]) == (304, "no-store")
        assert (await ask.get(f"{URL}?tenant=acme", token=plain, if_none_match=got["etag"])).status == 200

    play(server_of(tokens=str(tokens_file.path)), story)
    reasons = [each["reason"].split(" (")[0] for each in audited(shop)]
    assert reasons == ["for the till"] * 4 + ["for bolt's till"]
    assert {each["command"] for each in audited(shop)} == {"terrace serve"}


def test_no_record_no_secret(shop: Shop, server_of: ServerOf, tokens_file: Tokens) -> None:
    deploy(shop)
    reader = tokens_file.make("the till", may=["read", "secrets"])
    (shop.folder / "audit").write_text("in the way")

    async def story(ask: Asking) -> None:
        got = await ask.get(URL, token=reader)
        assert (got.status, got["retry-after"]) == (503, "5")
        assert PASSWORD not in got.text
        assert "audit" not in got.text

    play(server_of(tokens=str(tokens_file.path)), story)


def test_a_reference_to_the_machine_itself_is_never_resolved(
    shop: Shop, server_of: ServerOf, tokens_file: Tokens
) -> None:
    (shop.folder / "plain-key").write_text("from-a-file-3381")
    place = str(shop.folder / "plain-key")
    shop.deploy({"token": f"ref+file:/{place}"}, references=(f"file:/{place}",))
    reader = tokens_file.make("the till", may=["read", "secrets"])

    async def story(ask: Asking) -> None:
        got = await ask.get(URL, token=reader)
        assert got.status == 503
        assert "3381" not in got.text

    play(server_of(tokens=str(tokens_file.path)), story)


def test_no_tag_stands_for_what_a_secret_manager_can_change(shop: Shop, server_of: ServerOf) -> None:
    shop.deploy({"token": "ref+vault://secret/data/db#/token"})
    server = server_of()
    slices = Slices(server.shelf, Opener(server.shelf.contents, shop.environ))
    scopes = Scopes(("*",), ("*",), ("*",), ("read", "secrets"))
    question = Question(Key("production", "kitchen"))
    assert slices.find(Caller("the till", scopes), question).tag == ""
    assert slices.find(Caller("plain", scopes._replace(may=("read",))), question).tag != ""


def test_a_token_that_is_taken_back_ends_what_it_has_open(shop: Shop, server_of: ServerOf, tokens_file: Tokens) -> None:
    deploy(shop)
    acme = tokens_file.make("acme", tenants=["acme"])

    async def story(ask: Asking) -> None:
        stream = ask.open(f"{URL}?tenant=acme", token=acme, accept="text/event-stream")
        assert (await stream.chunk(), (await stream.chunk())[:13]) == (b": terrace\n\n", b"event: config")
        tokens_file.revoke(acme)
        deploy(shop, acme={"pool_max": 3})
        assert await stream.chunk() == b": closing\n\n"
        assert (await ask.get(f"{URL}?tenant=acme", token=acme)).status == 401

    play(server_of(tokens=str(tokens_file.path)), story)
