"""What clients of Spring Cloud Config get: its wire format, and nothing that /v1 would not tell the same caller."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace import yamlio
from terrace.model.service import Contract
from terrace.server.app import Server
from terrace.server.problems import ProblemError
from terrace.server.spring.properties import properties
from terrace.server.stand import Key
from tests.runtime.kitchen import Kitchen
from tests.server.asking import Asking, running
from tests.server.conftest import PASSWORD, ServerOf, Shop, Tokens

URL = "/spring/kitchen/production"
V2 = "application/vnd.spring-cloud.config-server.v2+json"
HOST = "orders.production.svc.cluster.local"
CONTRACT = Contract("kitchen", Kitchen.model_json_schema())


def play(server: Server, story: Callable[[Asking], Coroutine[Any, Any, None]]) -> None:
    async def whole() -> None:
        async with running(server) as ask:
            await story(ask)

    asyncio.run(whole())


def basic(token: str, user: str = "user") -> str:
    return "Basic " + base64.b64encode(f"{user}:{token}".encode()).decode()


def test_an_environment_is_what_a_client_reads(shop: Shop, server_of: ServerOf) -> None:
    shop.deploy(origins=["https://a.test", "https://b.test"], limits={"gold": 5}, debug=True)

    async def story(ask: Asking) -> None:
        got = await ask.get(URL)
        digest = (await ask.get("/v1/config/kitchen/production")).json["digest"]
        assert (got.status, got["content-type"], got["terrace-withheld"]) == (200, "application/json", "1")
        assert got.json == {
            "name": "kitchen",
            "profiles": ["production"],
            "label": None,
            "version": digest,
            "state": None,
            "propertySources": [
                {
                    "name": "terrace:kitchen-production",
                    "source": {
                        "database.host": HOST,
                        "database.pool_max": 10,
                        "database.pool_min": 1,
                        "database.port": 5432,
                        "debug": True,
                        "limits.gold": 5,
                        "origins[0]": "https://a.test",
                        "origins[1]": "https://b.test",
                    },
                }
            ],
        }

    play(server_of(), story)


def test_who_accepts_origins_gets_the_line_of_each_value(shop: Shop, server_of: ServerOf) -> None:
    shop.deploy(tenants={"acme": {"pool_max": 40}}, origins=["https://a.test"])

    async def story(ask: Asking) -> None:
        got = await ask.get(f"{URL}/tenant:acme", accept=V2)
        source = got.json["propertySources"][0]["source"]
        assert got["content-type"] == V2
        assert source["database.pool_max"] == {"value": 40, "origin": "tenants/acme/kitchen.yaml:2:3"}
        assert source["database.host"] == {"value": HOST, "origin": "environments/production/kitchen.yaml:2:3"}
        assert source["origins[0]"]["origin"] == "environments/production/kitchen.yaml:6:3"

    play(server_of(), story)


def test_a_client_begins_with_the_profile_default_and_gets_nothing_for_it(shop: Shop, server_of: ServerOf) -> None:
    shop.deploy(tenants={"acme": None})

    async def story(ask: Asking) -> None:
        for label in ("", "/main", "/tenant:acme"):
            got = await ask.get(f"/spring/kitchen/default{label}")
            assert (got.status, got.json["propertySources"], got.json["profiles"]) == (200, [], ["default"])
        for url in ("/spring/kitchn/default", "/spring/kitchen/default/tenant:nobody", "/spring/kitchen/default,other"):
            assert (await ask.get(url)).status == 404

    play(server_of(), story)


def test_one_of_several_profiles_is_the_environment(shop: Shop, server_of: ServerOf) -> None:
    shop.deploy()
    shop.deploy(environment="staging")

    async def story(ask: Asking) -> None:
        got = await ask.get("/spring/kitchen/cloud,staging,metrics")
        assert got.json["profiles"] == ["cloud", "staging", "metrics"]
        assert got.json["propertySources"][0]["name"] == "terrace:kitchen-staging"
        two = await ask.get("/spring/kitchen/staging,production")
        assert (two.status, two["content-type"]) == (400, "application/problem+json")
        assert "staging, production" in two.json["detail"]
        assert (await ask.get("/spring/kitchen/stagin")).status == 404

    play(server_of(), story)


def test_a_label_is_a_tenant_or_the_digest_that_is_served(shop: Shop, server_of: ServerOf) -> None:
    shop.deploy(tenants={"acme": {"pool_max": 40}})

    async def story(ask: Asking) -> None:
        plain = (await ask.get(URL)).json
        acme = (await ask.get(f"{URL}/tenant:acme")).json
        assert acme["label"] == "tenant:acme"
        assert acme["propertySources"][0]["name"] == "terrace:kitchen-production/acme"
        assert acme["propertySources"][0]["source"]["database.pool_max"] == 40
        for label in ("main", "master", plain["version"]):
            assert (await ask.get(f"{URL}/{label}")).json == {**plain, "label": label}
        for label in ("tenant:nobody", "tenant:", "feature", acme["version"], "sha256:" + "0" * 64):
            assert (await ask.get(f"{URL}/{label}")).status == 404

    play(server_of(), story)


def test_values_as_files(shop: Shop, server_of: ServerOf) -> None:
    shop.deploy(
        tenants={"acme": {"pool_max": 40}}, origins=["é = #1", "two\nlines"], limits={"a.b": 1, "c d": 2}, greeting=None
    )

    async def story(ask: Asking) -> None:
        values = (await ask.get("/v1/config/kitchen/production")).json["values"]
        for ending in ("yml", "yaml"):
            got = await ask.get(f"/spring/kitchen-production.{ending}")
            assert got["content-type"] == "text/plain; charset=utf-8"
            assert yamlio.load(got.text)[0] == values
        got = await ask.get("/spring/kitchen-production.json")
        assert (got["content-type"], got.json, got["terrace-withheld"]) == ("application/json", values, "1")
        got = await ask.get("/spring/main/kitchen-production.properties?resolvePlaceholders=false")
        assert got["content-type"] == "text/plain; charset=utf-8"
        assert got.text.splitlines() == [
            f"database.host={HOST}", "database.pool_max=10", "database.pool_min=1", "database.port=5432",
            "limits[a.b]=1", "limits[c\\ d]=2", "origins[0]=\\u00e9 = #1", "origins[1]=two\\nlines",
        ]  # fmt: skip
        acme = await ask.get("/spring/tenant:acme/kitchen-production.json")
        assert acme.json["database"]["pool_max"] == 40
        for url in ("kitchen-default.yml", "kitchen-nowhere.json", "kitchen.yml", "feature/kitchen-production.yml"):
            assert (await ask.get(f"/spring/{url}")).status == 404

    play(server_of(), story)


def test_names_of_files_may_hold_hyphens(shop: Shop, server_of: ServerOf) -> None:
    shop.deploy(environment="pre-production", service="till-east")

    async def story(ask: Asking) -> None:
        got = await ask.get("/spring/till-east-pre-production.json")
        assert (got.status, got.json["database"]["port"]) == (200, 5432)

    play(server_of(), story)


def test_what_the_caller_has_is_not_sent_again(shop: Shop, server_of: ServerOf) -> None:
    shop.deploy()

    async def story(ask: Asking) -> None:
        plain, origins = await ask.get(URL), await ask.get(URL, accept=V2)
        assert plain["etag"] != origins["etag"]
        assert plain["vary"] == "Accept, Authorization"
        for url in (URL, f"{URL}/main", "/spring/kitchen-production.yml"):
            tag = (await ask.get(url))["etag"]
            again = await ask.get(url, if_none_match=tag)
            assert (again.status, again.body, again["etag"]) == (304, b"", tag)

    play(server_of(), story)


def test_a_password_is_a_token_below_spring_only(shop: Shop, server_of: ServerOf, tokens_file: Tokens) -> None:
    shop.deploy()
    token = tokens_file.make("till")

    async def story(ask: Asking) -> None:
        for said in (basic(token), basic(token, ""), basic(token, "somebody"), f"Bearer {token}", f"bearer {token}"):
            assert (await ask.get(URL, authorization=said)).status == 200
        wrong = (basic("trc_no"), basic(""), basic("x", token), f"Basic {token}", "Basic", "Basic ====", "")
        for said in wrong:
            assert (await ask.get(URL, authorization=said)).status == 401
        assert (await ask.get("/v1/config/kitchen/production", authorization=basic(token))).status == 401

    play(server_of(tokens=str(tokens_file.path)), story)


def test_secrets_are_for_callers_that_may_see_them(shop: Shop, server_of: ServerOf, tokens_file: Tokens) -> None:
    shop.deploy()
    plain = tokens_file.make("till")
    full = tokens_file.make("kitchen", may=["read", "secrets"])

    async def story(ask: Asking) -> None:
        for url in (URL, "/spring/kitchen-production.yml", "/spring/kitchen-production.properties"):
            withheld = await ask.get(url, token=plain)
            assert (withheld["terrace-withheld"], withheld["cache-control"]) == ("1", "private, no-cache")
            assert PASSWORD not in withheld.text
            assert "password" not in withheld.text
            given = await ask.get(url, token=full)
            assert (given["terrace-withheld"], given["cache-control"]) == ("0", "no-store")
            assert PASSWORD in given.text

    play(server_of(tokens=str(tokens_file.path)), story)
    assert (shop.folder / "audit").is_dir()


def test_a_caller_learns_of_no_other_tenant(shop: Shop, server_of: ServerOf, tokens_file: Tokens) -> None:
    shop.deploy(tenants={"acme": {"pool_max": 40}, "bolt": {"pool_max": 50}})
    shop.deploy(environment="staging")
    acme = tokens_file.make("acme", tenants=["acme"], environments=["production"])

    async def story(ask: Asking) -> None:
        mine = await ask.get(f"{URL}/tenant:acme", token=acme)
        assert mine.json["propertySources"][0]["source"]["database.pool_max"] == 40
        for there, nowhere in (
            (f"{URL}/tenant:bolt", f"{URL}/tenant:nobody"),
            (URL, "/spring/kitchen/nowhere"),
            ("/spring/kitchen/default/tenant:bolt", "/spring/kitchen/default/tenant:nobody"),
            ("/spring/kitchen/production,staging/tenant:bolt", "/spring/kitchen/production,no/tenant:nobody"),
            ("/spring/tenant:bolt/kitchen-production.yml", "/spring/tenant:nobody/kitchen-production.yml"),
            ("/spring/kitchen-staging.json", "/spring/kitchen-nowhere.json"),
        ):
            first, second = await ask.get(there, token=acme), await ask.get(nowhere, token=acme)
            assert first.status == 404
            assert first.shape == second.shape
        newer = shop.deploy(tenants={"acme": {"pool_max": 40}, "bolt": {"pool_max": 60}})
        async with asyncio.timeout(20):
            while ask.server.shelf.served[Key("production", "kitchen")].bundle.ref.digest != newer:
                await asyncio.sleep(0.01)
        assert (await ask.get(f"{URL}/tenant:acme", token=acme)).shape == mine.shape

    play(server_of(tokens=str(tokens_file.path)), story)


NAMES = [
    ({"gold": 1}, {"limits.gold": 1}),
    ({"user_name": 1, "A-1": 2, "404": 3}, {"limits.user_name": 1, "limits.A-1": 2, "limits.404": 3}),
    ({"a.b": 1, "a": {"b": 2}}, {"limits[a.b]": 1, "limits.a.b": 2}),
    ({"x/y": 1, " ": 2, "ä": 3, "${x}": 4}, {"limits[x/y]": 1, "limits[ ]": 2, "limits[ä]": 3, "limits[${x}]": 4}),
    # One name to Spring: the value of one would be given for the other.
    ({"a-b": 1, "a_b": 2, "AB": 3, "c": 4}, {"limits[a-b]": 1, "limits[a_b]": 2, "limits[AB]": 3, "limits.c": 4}),
    ({"a": None, "b": {}, "c": []}, {"limits.c": ""}),
    ({"a": [1, None, [2, {"x.y": 3}]]}, {
        "limits.a[0]": 1, "limits.a[1]": "", "limits.a[2][0]": 2, "limits.a[2][1][x.y]": 3,
    }),
]  # fmt: skip


@pytest.mark.parametrize(("limits", "expected"), NAMES)
def test_each_value_has_a_name_of_its_own(limits: dict[str, Any], expected: dict[str, Any]) -> None:
    assert {each.name: each.value for each in properties({"limits": limits}, CONTRACT)} == expected


ALIKE = st.sampled_from(["ab", "aB", "a-b", "a_b", "a.b", "a", "b"])
KEYS = ALIKE | st.text(min_size=1, max_size=6).filter(lambda key: not set(key) & set("[]"))


@given(st.dictionaries(KEYS, st.integers() | st.dictionaries(KEYS, st.integers(), min_size=1), min_size=1))
def test_spring_reads_each_name_as_the_place_of_its_value(limits: dict[str, Any]) -> None:
    found = properties({"limits": limits}, CONTRACT)
    places = [read_by_spring(each.name) for each in found]
    assert len(set(places)) == len(places)
    for each, place in zip(found, places, strict=True):
        pairs = zip(place, each.pointer, strict=True)
        assert all(step.exact in (part, None) and loosely(step.text) == loosely(str(part)) for step, part in pairs)


class Step(NamedTuple):
    """One step of a name: in brackets it is exact, else read loosely."""

    text: str
    exact: str | None


def loosely(text: str) -> str:
    return text.replace("-", "").replace("_", "").lower()


def read_by_spring(name: str) -> tuple[Step, ...]:
    steps = re.findall(r"\[([^\[\]]*)\]|([^.\[\]]+)", name)
    return tuple(Step(exact, exact) if exact else Step(loosely(text), None) for exact, text in steps)


def test_names_of_the_contract_stand_as_they_are() -> None:
    schema = {"properties": {"org.x": {"type": "integer"}, "org": {"properties": {"pool_max": {}, "y": {}}}}}
    contract = Contract("kitchen", schema)
    values = {"org.x": 1, "org": {"pool_max": 2, "poolMax": 3}}
    found = {each.name: each.value for each in properties(values, contract)}
    assert found == {"org.x": 1, "org.pool_max": 2, "org[poolMax]": 3}


@pytest.mark.parametrize("key", ["", "a]", "[0]", "a[b]c", "x].admin"])
def test_a_key_that_could_break_out_of_its_map_is_refused(key: str) -> None:
    with pytest.raises(ProblemError, match="Spring has no name for limits"):
        properties({"limits": {key: 1}}, CONTRACT)


@pytest.mark.parametrize(
    ("names", "values"),
    [(("org.x", "org"), {"org.x": 1, "org": {"x": 2}}), (("a-b", "a_b"), {"a-b": 1, "a_b": 2})],
)
def test_two_fields_that_are_one_to_spring_are_refused(names: tuple[str, str], values: dict[str, Any]) -> None:
    contract = Contract("kitchen", {"properties": {name: {"properties": {"x": {}}} for name in names}})
    with pytest.raises(ProblemError, match="one property to Spring") as caught:
        properties(values, contract)
    assert caught.value.status == 409


def test_a_refusal_says_where_to_look(shop: Shop, server_of: ServerOf) -> None:
    shop.deploy(limits={"a]b": 1})

    async def story(ask: Asking) -> None:
        for url in (URL, "/spring/kitchen-production.properties"):
            got = await ask.get(url)
            assert (got.status, got["content-type"]) == (409, "application/problem+json")
            assert 'limits."a]b"' in got.json["detail"]
        assert (await ask.get("/spring/kitchen-production.yml")).status == 200

    play(server_of(), story)
