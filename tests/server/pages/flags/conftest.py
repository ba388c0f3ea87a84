"""A shop whose flags are served, and released from a repository."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from terrace.flags.counting import Batch, Series
from terrace.model.flag import STREAM
from terrace.server.app import Server, Settings
from terrace.server.stand import Key
from tests.git.conftest import Repo, make
from tests.server.conftest import Shop, Tokens
from tests.server.flags.conftest import FlagShop
from tests.server.pages.browsing import Browser, Element, read
from tests.server.pages.flags.desk import Desk

ENVIRONMENTS = ("development", "staging", "production")
AREA = """\
flags:
  checkout-v2:
    type: boolean
    description: The one-page checkout
    owner: team-payments
    created: 2026-11-02
    expires: 2028-06-30
    tags: [web]
    links: {issue: PAY-1, design: https://design.example/checkout}
    variants: {on: true, off: false}
    off_variant: off
    environments:
      development: {default: on}
      staging:
        default: off
        rules:
          - {name: our own people, when: {email: {ends_with: "@harbour.example"}}, serve: on}
          - {name: a fifth of the rest, rollout: {on: 20, off: 80}, by: tenant}
      production:
        default: off
        rules:
          - {name: first shops, when: {tenant: [acme, bolt]}, serve: on}
  limit:
    type: integer
    description: How many orders a till takes at once
    owner: team-kitchen
    created: 2026-10-01
    permanent: true
    kind: operational
    variants: {small: 10, large: 100}
    off_variant: small
    environments:
      development: {default: large}
      staging: {default: small}
      production: {default: small}
"""
FILES = {
    "environments/development/environment.yaml": "kind: development\norder: 1\n",
    "environments/staging/environment.yaml": "kind: staging\norder: 2\n",
    "environments/production/environment.yaml": "kind: production\norder: 3\nprotected: true\n",
    "tenants/acme/tenant.yaml": "display_name: Acme\nservices: []\nenvironments: [staging, production]\n",
    "tenants/bolt/tenant.yaml": "display_name: Bolt\nservices: []\nenvironments: [staging, production]\n",
    "tenants/corner/tenant.yaml": "display_name: Corner\nservices: []\nenvironments: [staging, production]\n",
    "flags/payments.yaml": AREA,
}


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nobody's own configuration of Git reaches a test."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ada@harbour.example")


class Office(NamedTuple):
    """A server of the shop, with the repository its flags are released from, and browsers for it."""

    server: Server
    repo: Repo
    desk: Desk
    tokens: Tokens

    def browser(self, *may: str, **scopes: list[str]) -> Browser:
        """A browser that is signed in; its token may do what is named."""
        browser = Browser(self.server)
        token = self.tokens.make("Ada", may=list(may or ("read", "flags", "write")), **scopes)
        assert browser.sign_in(token).status_code == 303
        return browser

    def used(self, environment: str, flag: str, numbers: Mapping[str, int], at: float, tenant: str = "acme") -> None:
        """Keep that a flag came to variants so often."""
        counts = {Series(environment, flag, name, tenant, "STATIC"): number for name, number in numbers.items()}
        assert self.server.usage.store is not None
        assert self.server.usage.store.add(Batch(f"{environment}/{flag}/{at}/{tenant}", at, counts))


OfficeOf = Callable[..., Office]


@pytest.fixture
def office_of(shop: Shop, flags: FlagShop, tokens_file: Tokens, tmp_path: Path) -> Iterator[OfficeOf]:
    """Makes an office; `followed` says whether the server knows the repository."""
    tenants: Mapping[str, Any] = {"acme": {"pool_max": 9}, "bolt": None, "corner": None}
    with ExitStack() as stack:

        def make_it(files: Mapping[str, str] = FILES, *, followed: bool = True) -> Office:
            repo = make(tmp_path / "repo")
            repo.commit("Start", **files)
            for environment in ENVIRONMENTS:
                shop.deploy(tenants=tenants, environment=environment)
            servers: list[Server] = []

            def release(values: Mapping[str, Any], environment: str, commit: str) -> None:
                flags.release_all(values, environment, commit=commit)
                for server in servers:
                    server.shelf.reload(Key(environment, STREAM))

            own = repo.path / ".terrace" / "serving"
            own.mkdir(parents=True)
            desk = Desk(repo.path, own, release, ENVIRONMENTS)
            desk.release()
            tokens_file.make("nobody")
            settings = Settings(
                str(shop.root),
                str(tokens_file.path),
                rate=0.0,
                access_log=False,
                usage=str(shop.folder / "usage.db"),
                own=str(own) if followed else "",
            )
            server = Server(settings, environ=shop.environ, repository=desk if followed else None)
            servers.append(server)
            stack.callback(server.usage.close)
            stack.callback(server.shelf.close)
            return Office(server, repo, desk, tokens_file)

        yield make_it


@pytest.fixture
def flags(shop: Shop) -> FlagShop:
    return FlagShop(shop)


@pytest.fixture
def office(office_of: OfficeOf) -> Office:
    return office_of()


def change(
    browser: Browser, do: str, environment: str = "staging", flag: str = "checkout-v2", **fields: str
) -> tuple[int, Element, str]:
    """Open the page that asks, fill the form in and send it: the status, the page, and where it leads."""
    asked = browser.page(f"/change-flag?do={do}&flag={flag}&environment={environment}")
    return send(browser, asked, **fields)


def send(browser: Browser, page: Element, **fields: str) -> tuple[int, Element, str]:
    """Send the form of a page that asks."""
    form = page.one("form", action="/change-flag")
    hidden = {each["name"]: each["value"] for each in form.all("input", type="hidden")}
    checked = {each["name"]: each["value"] for each in form.all("input", type="radio") if "checked" in each.attributes}
    response = browser.ask("POST", "/change-flag", data={**hidden, **checked, **fields})
    return response.status_code, read(response.text), response.headers.get("location", "")
