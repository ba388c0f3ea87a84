"""An application with Spring's own client, of two generations, starts from a real server and follows its releases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from terrace.bundle import BundleWriter, Facts
from tests.server.conftest import FILE, NOW, PASSWORD, Shop, Tokens, eventually, origins
from tests.server.process import once, serving
from tests.server.springclient import BOOTS, Client

pytestmark = [pytest.mark.real, pytest.mark.parametrize("boot", BOOTS)]

_TEXT, _NUMBER = {"type": "string"}, {"type": "integer"}
_COUNTER = {"properties": {"name": _TEXT, "seats": {"type": "array", "items": _NUMBER}}}
SCHEMA = {
    "properties": {
        "shop": {
            "properties": {
                "greeting": _TEXT, "pool_max": _NUMBER, "visits": _NUMBER, "rate": {"type": "number"},
                "open": {"type": "boolean"}, "timeout": _TEXT, "origins": {"type": "array", "items": _TEXT},
                "nobody": {"type": "array", "items": _TEXT}, "counters": {"type": "array", "items": _COUNTER},
                "limits": {"additionalProperties": _NUMBER}, "areas": {"additionalProperties": _COUNTER},
                "labels": {"additionalProperties": _TEXT}, "nothing": {"type": ["string", "null"]},
                "no_number": {"type": ["integer", "null"]}, "no_counter": {"anyOf": [_COUNTER, {"type": "null"}]},
                "no_list": {"type": ["array", "null"]}, "password": {**_TEXT, "x-terrace-secret": True},
            },
        },
    },
}  # fmt: skip
LIMITS = {
    "plain": 1, "GOLD": 2, "user_name": 3, "404": 4, "a.b": 5, "a": 6, "with space": 7, "x/y": 8, "Ü=:#!'\"\\": 9,
    "x-y": 10, "x_y": 11, "XY": 12, "\n": 13, "*": 14,
}  # fmt: skip
SHOP: dict[str, Any] = {
    "greeting": "Grüß Gott: \"#1\" \\ \n ☕", "pool_max": 12, "visits": 9007199254740993, "rate": 30.0, "open": True,
    "timeout": "30s", "origins": ["a,b", " b ", "no", "012"], "nobody": [],
    "counters": [{"name": "bar", "seats": [3, 4]}, {"name": "yard", "seats": [10]}],
    "limits": LIMITS, "areas": {"so_u.th": {"name": "s", "seats": [1]}, "we_st": {"name": "w", "seats": [2]}},
    "labels": {}, "nothing": None, "no_number": None, "no_counter": None, "no_list": None,
}  # fmt: skip
BOUND = {
    "greeting": SHOP["greeting"], "poolMax": 12, "visits": 9007199254740993, "rate": 30.0, "open": True,
    "timeout": "PT30S", "origins": SHOP["origins"], "nobody": [], "counters": SHOP["counters"], "limits": LIMITS,
    "areas": SHOP["areas"], "labels": None, "nothing": None, "noNumber": None, "noCounter": None, "noList": None,
}  # fmt: skip
# As docs/server-spring.md says, with a file beside it that must be weaker than what is served.
APPLICATION = """
spring:
  application:
    name: till
  config:
    import: configserver:{url}/spring
  profiles:
    active: {profile}
  cloud:
    config:
      {access}
"""
BY_PASSWORD = "password: ${TERRACE_TOKEN}"
BY_BEARER = "headers:\n        authorization: Bearer ${TERRACE_TOKEN}"


def deploy(shop: Shop, tenant: dict[str, Any] | None = None, **changed: Any) -> None:
    folder = shop.folder / f"till-{len(list(shop.folder.iterdir()))}"
    values = {"shop": {**SHOP, **changed}}
    writer = BundleWriter(
        folder,
        environment="production",
        service="till",
        tenancy="pooled",
        schema=SCHEMA,
        facts=Facts("production", protected=True),
    )
    sealed = [(FILE, shop.encrypted({"shop": {"password": PASSWORD}}))]
    writer.add(None, values, sealed, origins=origins(values, "environments/production/till.yaml"))
    writer.add("acme", {"shop": {**values["shop"], **(tenant or {})}}, sealed)
    writer.seal({"commit": "0" * 40, "time": "2026-11-24T09:30:00Z"})
    shop.destination().deploy([folder], now=NOW, actor="ci")


@pytest.fixture
def url(shop: Shop, tokens_file: Tokens) -> Iterator[str]:
    """Where a real server of this shop listens, which knows the tokens of the file."""
    tokens_file.make("nobody in particular")
    with serving(shop, "--tokens", str(tokens_file.path)) as running:
        yield f"http://127.0.0.1:{running.port}"


def served(url: str, token: str) -> bool:
    """Whether the service is served by now: the first release of a new one is up to a second late."""
    return b"till" in once(int(url.rpartition(":")[2]), "/v1/environments", Authorization=f"Bearer {token}").body


Start = Callable[..., Client]


@pytest.fixture
def start(shop: Shop, url: str, boot: str, tokens_file: Tokens) -> Iterator[Start]:
    """Starts the application with what `more` says below `spring.cloud.config`."""
    seeing = tokens_file.make("who sees everything")
    with ExitStack() as stack:

        def started(token: str, access: str = BY_PASSWORD, profile: str = "production", more: str = "") -> Client:
            eventually(lambda: served(url, seeing))
            folder = shop.folder / "application"
            folder.mkdir(exist_ok=True)
            said = APPLICATION.format(url=url, profile=profile, access=f"{access}\n      {more}")
            (folder / "application.yml").write_text(said)
            (folder / "application-production.yml").write_text("shop:\n  greeting: not from here\n")
            return stack.enter_context(Client(boot, folder, {"TERRACE_TOKEN": token, "LC_ALL": "C.UTF-8"}))

        yield started


def test_values_arrive_with_their_names_and_types(shop: Shop, tokens_file: Tokens, start: Start) -> None:
    deploy(shop)
    client = start(tokens_file.make("till", may=["read", "secrets"]))
    assert client.is_started, client.log.read_text()
    assert client.ask("bound") == {**BOUND, "password": PASSWORD}
    assert client.ask("property shop.visits") == ["Long", "9007199254740993"]
    assert client.ask("property shop.open") == ["Boolean", "true"]
    assert client.ask("property shop.limits[a.b]") == ["Integer", "5"]
    assert client.ask("property shop.origins[3]") == ["String", "012"]
    assert client.ask("property shop.nothing") is None
    assert client.ask("origin shop.greeting") == (
        "Config Server terrace:till-production:environments/production/till.yaml:2:3"
    )


def test_a_refresh_takes_up_a_new_release(shop: Shop, tokens_file: Tokens, start: Start) -> None:
    deploy(shop)
    client = start(tokens_file.make("till"), access=BY_BEARER, more="profile: production")
    assert client.is_started, client.log.read_text()
    # Without the scope no secret: it is not there, and no other value stands for it.
    assert client.ask("bound") == {**BOUND, "password": None}
    assert client.ask("property config.client.version")[1].startswith("sha256:")
    assert client.ask("refresh") == []
    deploy(shop, pool_max=40, origins=["only"])
    changed: list[str] = []
    eventually(lambda: changed.extend(client.ask("refresh")) or changed)
    expected = ["config.client.version", *(f"shop.origins[{index}]" for index in range(4)), "shop.pool_max"]
    assert sorted(changed) == expected
    assert client.ask("bean") == {"greeting": SHOP["greeting"], "poolMax": 40, "origins": ["only"]}


def test_a_label_names_the_tenant(shop: Shop, tokens_file: Tokens, start: Start) -> None:
    deploy(shop, tenant={"pool_max": 99})
    token = tokens_file.make("acme", tenants=["acme"])
    client = start(token, more="label: tenant:acme")
    assert client.is_started, client.log.read_text()
    assert client.ask("property shop.pool_max") == ["Integer", "99"]


@pytest.mark.parametrize("mistake", ["profile", "tenant", "token"])
def test_an_application_does_not_start_without_its_configuration(
    shop: Shop, tokens_file: Tokens, start: Start, mistake: str
) -> None:
    deploy(shop)
    token = tokens_file.make("acme", tenants=["acme"])
    client = start(
        "trc_wrong" if mistake == "token" else token,
        profile="prodution" if mistake == "profile" else "production",
        more="label: tenant:bolt" if mistake == "tenant" else "label: tenant:acme",
    )
    assert not client.is_started
    assert "Could not locate PropertySource" in client.log.read_text()
