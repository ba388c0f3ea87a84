"""What a caller on this machine gets: values in the form it accepts, tags that hold, and secrets withheld."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.server.asking import Asking, later, play, served
from tests.server.conftest import PASSWORD, ServerOf, Shop

URL = "/v1/config/kitchen/production"


def test_values_come_in_an_envelope_that_says_what_is_withheld(shop: Shop, server_of: ServerOf) -> None:
    digest = shop.deploy(tenants={"acme": {"pool_max": 40}})

    async def story(ask: Asking) -> None:
        got = await ask.get(URL)
        said = got.json
        assert (got.status, got["content-type"]) == (200, "application/json")
        assert said["values"]["database"] == {
            "host": "orders.production.svc.cluster.local", "port": 5432, "pool_min": 1, "pool_max": 10,
        }  # fmt: skip
        assert said["secrets"] == {"withheld": ["database.password"]}
        assert (said["service"], said["environment"], said["tenant"], said["path"]) == (
            "kitchen",
            "production",
            None,
            "",
        )
        assert (got["terrace-withheld"], got["terrace-release"]) == ("1", digest)
        assert got["terrace-commit"] == f"{1:040x}"
        acme = await ask.get(f"{URL}?tenant=acme")
        assert (acme.json["tenant"], acme.json["values"]["database"]["pool_max"]) == ("acme", 40)

    play(server_of(), story)


def test_forms_are_chosen_by_what_is_accepted(shop: Shop, server_of: ServerOf) -> None:
    shop.deploy(origins=["https://a.test", "https://b.test"], debug=True)

    async def story(ask: Asking) -> None:
        yaml = await ask.get(f"{URL}/database", accept="application/yaml")
        assert (yaml["content-type"], yaml.text.splitlines()[0]) == (
            "application/yaml", "host: orders.production.svc.cluster.local",
        )  # fmt: skip
        properties = await ask.get(URL, accept="text/x-java-properties")
        assert "database.pool_max=10\n" in properties.text
        assert "origins[1]=https://b.test\n" in properties.text
        dotenv = await ask.get(URL, accept="text/x-dotenv")
        assert dotenv["content-type"] == "text/x-dotenv; charset=utf-8"
        assert "DATABASE_HOST=orders.production.svc.cluster.local\n" in dotenv.text
        assert "KITCHEN__DATABASE__PORT=5432\nDEBUG=true\n" in dotenv.text
        assert "password" not in (dotenv.text + properties.text + yaml.text).lower()
        assert (await ask.get(f"{URL}?format=dotenv", accept="application/json")).body == dotenv.body
        assert (await ask.get(URL, accept="text/html, */*;q=0.1"))["content-type"] == "application/json"
        refused = await ask.get(URL, accept="text/html")
        assert (refused.status, refused["content-type"]) == (406, "application/problem+json")

    play(server_of(), story)


@pytest.mark.parametrize(
    ("path", "status", "values"),
    [
        ("database/pool_max", 200, 10),
        ("origins/1", 200, "b"),
        ("origins", 200, ["a", "b"]),
        ("limits", 200, {"a/b": 1}),
        ("limits/a%2Fb", 404, None),
        ("database/nothing", 404, None),
        ("origins/2", 404, None),
        ("origins/-1", 404, None),
        ("database/pool_max/0", 404, None),
        ("database/password", 403, None),
    ],
)
def test_a_path_leads_into_the_values(shop: Shop, server_of: ServerOf, path: str, status: int, values: Any) -> None:
    shop.deploy(origins=["a", "b"], limits={"a/b": 1})

    async def story(ask: Asking) -> None:
        got = await ask.get(f"{URL}/{path}")
        assert got.status == status
        assert got.json.get("values") == values

    play(server_of(), story)


def test_a_section_names_only_what_is_withheld_below_it(shop: Shop, server_of: ServerOf) -> None:
    shop.deploy(origins=["a"])

    async def story(ask: Asking) -> None:
        assert (await ask.get(f"{URL}/origins")).json["secrets"] == {"withheld": []}
        database = (await ask.get(f"{URL}/database")).json
        assert (database["path"], database["secrets"]) == ("database", {"withheld": ["database.password"]})

    play(server_of(), story)


def test_a_reference_is_withheld_like_a_secret(shop: Shop, server_of: ServerOf) -> None:
    shop.deploy({"token": "ref+vault://secret/data/db#/token"})

    async def story(ask: Asking) -> None:
        got = await ask.get(URL)
        assert got.json["secrets"] == {"withheld": ["database.password", "database.token"]}
        assert b"vault" not in got.body

    play(server_of(), story)


def test_provenance_says_where_each_value_was_set(shop: Shop, server_of: ServerOf) -> None:
    shop.deploy(tenants={"acme": {"pool_max": 40}})

    async def story(ask: Asking) -> None:
        plain = await ask.get(f"{URL}?tenant=acme")
        got = await ask.get(f"{URL}?tenant=acme&provenance=true")
        assert "provenance" not in plain.json
        assert got.json["provenance"]["database.pool_max"] == "tenants/acme/kitchen.yaml:2:3"
        assert got.json["provenance"]["database.host"] == "environments/production/kitchen.yaml:2:3"
        assert got["etag"] != plain["etag"]
        yaml = await ask.get(f"{URL}/database?tenant=acme&provenance=true&format=yaml")
        assert "pool_max: 40  # tenants/acme/kitchen.yaml:2:3\n" in yaml.text
        one = await ask.get(f"{URL}/database/pool_max?tenant=acme&provenance=true&format=properties")
        assert one.text == "# tenants/acme/kitchen.yaml:2:3\ndatabase.pool_max=40\n"

    play(server_of(), story)


def test_what_the_caller_has_is_not_sent_again(shop: Shop, server_of: ServerOf) -> None:
    shop.deploy(tenants={"acme": {"pool_max": 40}, "bolt": None})
    server = server_of()

    async def story(ask: Asking) -> None:
        tags = {url: (await ask.get(url))["etag"] for url in (
            URL, f"{URL}?tenant=acme", f"{URL}?tenant=bolt", f"{URL}?format=yaml", f"{URL}/database",
        )}  # fmt: skip
        assert len(set(tags.values())) == len(tags)
        for url, tag in tags.items():
            again = await ask.get(url, if_none_match=f'"other", {tag}')
            assert (again.status, again.body, again["etag"]) == (304, b"", tag)
        assert (await ask.get(URL, if_none_match=tags[f"{URL}?tenant=acme"])).status == 200
        new = shop.deploy({"port": 5433}, {"acme": {"port": 5432, "pool_max": 40}, "bolt": None})
        await later(lambda: served(server) == new)
        assert (await ask.get(f"{URL}?tenant=acme", if_none_match=tags[f"{URL}?tenant=acme"])).status == 304
        assert (await ask.get(URL, if_none_match=tags[URL])).json["values"]["database"]["port"] == 5433

    play(server, story)


def test_the_same_tag_always_stands_for_the_same_bytes(shop: Shop, server_of: ServerOf) -> None:
    seen: dict[str, bytes] = {}
    server = server_of()

    async def story(ask: Asking) -> None:
        for number in range(6):
            digest = shop.deploy({"pool_max": 10 + number % 2}, {"acme": {"pool_max": 20 + number % 3}})
            await later(lambda: served(server) == digest)  # noqa: B023
            for query in ("", "?tenant=acme", "?provenance=true", "?format=yaml"):
                got = await ask.get(URL + query)
                assert seen.setdefault(got["etag"], got.body) == got.body
        assert len(seen) == 2 * 3 + 3

    play(server, story)


def test_lists_and_contract(shop: Shop, server_of: ServerOf) -> None:
    first = shop.deploy(tenants={"acme": {"pool_max": 40}, "bolt": None})
    shop.deploy(service="oven", environment="staging", tenants={"crux": None})

    async def story(ask: Asking) -> None:
        assert (await ask.get("/v1/environments")).json == {
            "environments": [{"name": "production", "services": ["kitchen"]}, {"name": "staging", "services": ["oven"]}]
        }
        assert (await ask.get("/v1/tenants")).json == {"tenants": ["acme", "bolt", "crux"]}
        assert (await ask.get("/v1/tenants?environment=staging")).json == {"tenants": ["crux"]}
        assert (await ask.get("/v1/tenants?service=kitchen")).json == {"tenants": ["acme", "bolt"]}
        assert (await ask.get("/v1/tenants?service=none")).json == {"tenants": []}
        releases = (await ask.get("/v1/releases/production")).json["releases"]
        assert [(each["number"], each["action"], each["bundles"]) for each in releases] == [
            (1, "deploy", [{"service": "kitchen", "digest": first}])
        ]
        assert (await ask.get("/v1/releases/nowhere")).status == 404
        schema = await ask.get("/v1/schema/kitchen?environment=production")
        assert schema["content-type"] == "application/schema+json"
        assert "database" in schema.json["properties"]
        again = await ask.get("/v1/schema/kitchen?environment=production", if_none_match=schema["etag"])
        assert again.status == 304
        assert (await ask.get("/v1/schema/kitchen")).status == 422

    play(server_of(), story)


def test_what_is_not_there_is_one_problem(shop: Shop, server_of: ServerOf) -> None:
    shop.deploy()

    async def story(ask: Asking) -> None:
        for url in (f"{URL}?tenant=nobody", "/v1/config/kitchen/nowhere", "/v1/config/none/production"):
            got = await ask.get(url)
            assert (got.status, got["content-type"]) == (404, "application/problem+json")
            assert got.json == {
                "type": "about:blank", "title": "Not Found", "status": 404,
                "detail": "There is no such configuration, or it is not for this caller.",
            }  # fmt: skip
        assert (await ask.get("/nowhere")).json["detail"] == "There is no such page."
        post = await ask.get("/v1/environments", **{":method": "POST"})
        assert (post.status, post["allow"], post["content-type"]) == (405, "GET", "application/problem+json")

    play(server_of(), story)


def test_health_says_what_is_served_and_why_not_more(shop: Shop, server_of: ServerOf) -> None:
    server = server_of()

    async def story(ask: Asking) -> None:
        assert (await ask.get("/livez")).json == {"status": "ok"}
        assert [(each.status, each.json) for each in [await ask.get("/readyz")]] == [(503, {"status": "empty"})]
        digest = shop.deploy()
        await later(lambda: served(server) == digest)
        assert (await ask.get("/readyz")).json == {"status": "ok"}
        shop.tamper(shop.seal({"pool_max": 12}))
        await later(lambda: server.shelf.health.state == "degraded")
        assert [(each.status, each.json) for each in [await ask.get("/readyz")]] == [(200, {"status": "degraded"})]
        said = (await ask.get("/configz")).json
        assert said["status"] == "degraded"
        (service,) = said["services"]
        assert (service["digest"], service["status"], service["reloads"]) == (digest, "degraded", 1)
        assert "config.json was changed" in service["refused"]["reason"]
        metrics = (await ask.get("/metrics")).text
        assert 'terrace_config_degraded{environment="production",service="kitchen"} 1\n' in metrics
        assert 'terrace_server_responses_total{status="503"} 1\n' in metrics
        assert PASSWORD not in metrics + json.dumps(said)

    play(server, story)


def test_what_was_never_good_is_not_said_to_be_absent(shop: Shop, server_of: ServerOf) -> None:
    """A client could go on without what it is told does not exist."""
    shop.deploy()
    shop.tamper(shop.seal({"pool_max": 12}))
    server = server_of()

    async def story(ask: Asking) -> None:
        got = await ask.get(URL)
        assert (got.status, got["retry-after"]) == (503, "1")
        digest = shop.deploy({"pool_max": 13})
        await later(lambda: served(server) == digest)
        assert (await ask.get(URL)).status == 200
        assert (await ask.get("/v1/config/none/production")).status == 404

    play(server, story)
