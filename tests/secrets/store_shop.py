"""The repository of `shop`, with its secrets in a secret manager: the layer names them by reference."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from terrace import yamlio
from terrace.model.layers import leaves
from terrace.model.reference import Reference, parse
from terrace.model.typed import nest
from terrace.refs.resolve import stores_of
from terrace.refs.stores import Store, value_in
from terrace.secrets import in_store, plan
from terrace.secrets.overview import overview
from terrace.secrets.renewing import Done
from terrace.secrets.stores import Stores
from tests.secrets.shop import CANARIES, DAY, Shop

LAYER = "environments/production/app.yaml"
LEDGER = "environments/production/app.ledger.yaml"
PLACES = {
    "database.current": "database",
    "login.current.user": "login-user",
    "login.current.password": "login-password",
    "hash": "hash",
}
FIRST = {"database": CANARIES["database"], "login-user": "shop_a", "login-password": CANARIES["login"]}
FIRST |= {"hash": CANARIES["hash"], "neighbour": "of-somebody-else"}

_OPENED: dict[str, dict[str, Store]] = {}
"""Clients by the address of their server: each takes its time to make."""


def begun(shop: StoreShop, place: str, *, only: tuple[str, ...] = tuple(PLACES), pinned: bool = True) -> StoreShop:
    """A repository whose layer names values at `place`, as `awssecrets://shop/a`; the store keeps them from then on."""
    Shop.begin(shop, overrides=f"references: ['{place}']\n")
    for left in ("app.secrets.yaml", "app.ledger.yaml"):
        (shop.root / "environments/production" / left).unlink()
    return filled(shop, place, only=only, pinned=pinned)


def filled(shop: StoreShop, place: str, *, only: tuple[str, ...] = tuple(PLACES), pinned: bool = True) -> StoreShop:
    """The same repository with another place."""
    reference = parse(f"ref+{place}")
    if not isinstance(reference, Reference):
        reference = parse(f"ref+{place}#/database")
    assert isinstance(reference, Reference)
    version = shop.store(reference).write(reference._replace(key=()), {(name,): said for name, said in FIRST.items()})
    parameter = "version_id" if reference.store == "awssecrets" else "version"
    asked = f"?{parameter}={version}" if pinned else ""
    if "?" in place:
        asked = f"{place[place.index('?') :]}&{asked[1:]}" if asked else place[place.index("?") :]
    start = f"ref+{place.partition('?')[0]}"
    values = {parse_path(name): f"{start}{asked}#/{PLACES[name]}" for name in only}
    (shop.root / LAYER).write_text("# what runs in production\n" + yamlio.render(nest(values)))
    units = dict.fromkeys(name.partition(".")[0] for name in only)
    dates = f"{{created: {DAY}, rotated: {DAY}, phase: current}}"
    (shop.root / LEDGER).write_text("".join(f"{name}: {dates}\n" for name in units))
    (shop.root / "environments/production/environment.yaml").write_text(
        f"kind: production\nreferences: ['{place.partition('?')[0]}']\n"
    )
    (shop.system / "accepted.json").write_text(json.dumps(shop.in_use))
    return shop


def parse_path(text: str) -> tuple[str, ...]:
    return tuple(text.split("."))


class _Shared(Stores):
    """The stores of a repository, with clients that were made before."""

    def __init__(self, shop: StoreShop) -> None:
        super().__init__(shop.root, shop.environ())
        self._of = shop.store  # type: ignore[method-assign]


class StoreShop(Shop):
    """The repository; `extra` are the variables that lead to the store."""

    def __init__(self, folder: Path, *, key: str = "", extra: Mapping[str, str] | None = None) -> None:
        super().__init__(folder, key=key)
        self.extra = dict(extra or {})
        where = "".join(self.extra.get(name, "") for name in ("AWS_ENDPOINT_URL", "VAULT_ADDR"))
        self.opened = _OPENED.setdefault(where, {})

    def environ(self) -> dict[str, str]:
        return {**super().environ(), **self.extra}

    def store(self, reference: Reference) -> Store:
        if reference.store not in self.opened:
            self.opened[reference.store] = stores_of(self.environ(), str(self.root))[reference.store]()
        return self.opened[reference.store]

    @property
    def layer(self) -> str:
        return (self.root / LAYER).read_text()

    @property
    def values(self) -> dict[str, Any]:
        """What the layer's references stand for now."""
        document, _ = yamlio.read(LAYER, self.layer.encode())
        assert document
        found = {}
        for pointer, text in leaves(document.value):
            reference = parse(text)
            assert isinstance(reference, Reference)
            found[pointer] = value_in(self.store(reference).fetch(reference), reference)
        return nest(found)

    @property
    def in_use(self) -> dict[str, list[Any]]:
        """The values that applications present now, by secret."""
        found = self.values
        return {name: [each["current"] if isinstance(each, dict) else each] for name, each in found.items()}

    def rotate_due(self, now: datetime, *, on_step: Any = lambda _: None) -> dict[str, Done]:
        found = {}
        for each in plan.due(overview(self.root, now.date())):
            found[each.standing.path] = self.rotate_planned(each, now, on_step=on_step)
        return found

    def rotate_planned(self, planned: plan.Planned, now: datetime, *, end: bool = False, on_step: Any = None) -> Done:
        return in_store.rotate(
            self.root,
            planned.job,
            _Shared(self),
            self.opener,
            now,
            renew=planned.action == "renew",
            end_overlap=end,
            on_step=on_step or (lambda _: None),
        )

    def today(self, day: date) -> dict[str, Any]:
        return {each.path: each for each in overview(self.root, day)}
