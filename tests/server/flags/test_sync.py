"""flagd, and our own loader, get the definition itself."""

from __future__ import annotations

from terrace.flags.evaluator import FlagSet
from tests.server.asking import Asking, later, play
from tests.server.conftest import ServerOf, Tokens
from tests.server.flags.conftest import TENANTS, FlagShop, flag

URL = "/v1/flags/production"


def test_the_definition_has_the_commit_and_a_tag(flags: FlagShop, server_of: ServerOf, tokens_file: Tokens) -> None:
    flags.release(a=flag(targeting=TENANTS), b=flag(variants={"x": 10.0}, defaultVariant="x"))
    token = tokens_file.make("flagd", may=["flags"])

    async def story(asking: Asking) -> None:
        got = await asking.get(URL, token=token)
        assert (got.status, got["content-type"]) == (200, "application/json")
        assert got.json["metadata"] == {"flagSetId": "production", "fractional": "v3", "version": f"{1:040x}"}
        assert b"10.0" in got.body
        assert FlagSet(got.body).resolve("a", {"tenant": "acme"}).variant == "on"
        assert (await asking.get(URL, token=token, If_None_Match=got["etag"])).status == 304
        flags.release(a=flag())
        await later(lambda: asking.server.shelf.flags["production"].commit == f"{2:040x}")
        assert (await asking.get(URL, token=token, If_None_Match=got["etag"])).status == 200

    play(server_of(tokens=str(tokens_file.path)), story)


def test_it_is_for_those_who_see_all_tenants_and_may_have_flags(
    flags: FlagShop, server_of: ServerOf, tokens_file: Tokens
) -> None:
    flags.release(a=flag(targeting=TENANTS))
    acme = tokens_file.make("acme", may=["flags", "read"], tenants=["acme"])
    reads = tokens_file.make("reads", may=["read"])
    staging = tokens_file.make("staging", may=["flags"], environments=["staging"])

    async def story(asking: Asking) -> None:
        for url in (URL, "/v1/flags/nowhere"):
            assert (await asking.get(url, token=acme)).status == 403
            assert (await asking.get(url, token=reads)).status == 403
            assert (await asking.get(url, token=staging)).status == 404

    play(server_of(tokens=str(tokens_file.path)), story)


def test_the_bundle_of_flags_is_for_the_same_callers(flags: FlagShop, server_of: ServerOf, tokens_file: Tokens) -> None:
    digest = flags.release(a=flag(targeting=TENANTS))
    acme = tokens_file.make("acme", may=["flags", "read"], tenants=["acme"])
    reads = tokens_file.make("reads", may=["read"])
    good = tokens_file.make("flags", may=["flags"])

    async def story(asking: Asking) -> None:
        assert (await asking.get("/v1/bundles/_flags/production", token=acme)).status == 404
        assert (await asking.get("/v1/bundles/_flags/production", token=reads)).status == 404
        got = await asking.get("/v1/bundles/_flags/production", token=good)
        assert (got.status, got["etag"]) == (200, f'"{digest}"')
        (config,) = {part["config"] for part in got.json["slices"].values()}
        file = await asking.get(f"/v1/bundles/_flags/production/{digest}/{config}", token=good)
        assert b"acme" in file.body

    play(server_of(tokens=str(tokens_file.path)), story)
