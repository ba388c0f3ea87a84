"""Secrets that a secret manager keeps are renewed there, the layer names the versions, and a death loses nothing."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import hvac
import pytest

from terrace import cli
from terrace.errors import RefusedError, StoreError
from terrace.model.reference import Reference, parse
from terrace.refs.stores import ChangedError, value_in
from terrace.refs.versions import unpinned
from terrace.secrets import ledger, plan
from terrace.secrets.in_store import Step
from terrace.secrets.overview import overview
from tests.refs import servers
from tests.secrets.shop import CANARIES, DAY
from tests.secrets.store_shop import FIRST, LAYER, LEDGER, StoreShop, begun, filled

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
LATER = NOW + timedelta(days=9)
TOP = Path(__file__).parents[2]
PAIR = ("database.current", "hash")
KINDS = ("awssecrets", "awsssm", pytest.param("vault", marks=pytest.mark.real))


class Side:
    """A store that runs: where its places begin, and the variables that lead to it."""

    def __init__(self, kind: str, environ: Mapping[str, str]) -> None:
        self.kind, self.environ, self.count = kind, environ, 0

    def place(self) -> str:
        """A place that nobody used yet."""
        self.count += 1
        start = {"vault": "vault://secret/data/", "awssecrets": "awssecrets://", "awsssm": "awsssm://"}[self.kind]
        return f"{start}shop/{self.count}" + ("?mode=singleparam" if self.kind == "awsssm" else "")


@pytest.fixture(scope="module", params=KINDS)
def running(request: pytest.FixtureRequest) -> Iterator[Side]:
    if request.param == "vault":
        with servers.vault() as address:
            client = hvac.Client(url=address)
            keys = client.sys.initialize(1, 1)
            client.sys.submit_unseal_key(keys["keys"][0])
            client.token = keys["root_token"]
            client.sys.enable_secrets_engine("kv", path="secret", options={"version": "2"})
            yield Side("vault", {"VAULT_ADDR": address, "VAULT_TOKEN": keys["root_token"]})
        return
    with servers.aws() as address:
        environ = {
            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/nowhere", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
            "AWS_DEFAULT_REGION": "eu-west-1", "AWS_ENDPOINT_URL": address,
        }  # fmt: skip
        yield Side(request.param, environ)


@pytest.fixture
def side(running: Side, monkeypatch: pytest.MonkeyPatch) -> Side:
    for name, value in running.environ.items():
        monkeypatch.setenv(name, value)
    return running


@pytest.fixture
def shop(side: Side, tmp_path: Path) -> StoreShop:
    return begun(StoreShop(tmp_path / "shop", extra=side.environ), side.place())


def entries(shop: StoreShop) -> dict[str, Any]:
    return {pointer[0]: entry for pointer, entry in ledger.read((shop.root / LEDGER).read_text()).items()}


def planned(shop: StoreShop, path: str, now: datetime) -> plan.Planned:
    found = overview(shop.root, now.date())
    return plan.chosen(found, "app", tuple(path.split(".")), "")[0]


def test_what_is_due_gets_new_versions_and_keeps_the_values_before(shop: StoreShop) -> None:
    old = shop.values
    done = shop.rotate_due(NOW)
    assert {name: each.until for name, each in done.items()} == {
        "database": "2026-11-25", "login": "2026-11-26", "hash": ""
    }  # fmt: skip
    values = shop.values
    for name in ("database", "login"):
        assert values[name]["previous"] == old[name]["current"]
        assert values[name]["current"] != old[name]["current"]
        assert shop.accepted[name] == [values[name]["previous"], values[name]["current"]]
        assert entries(shop)[name] == (DAY, NOW.date(), "overlap", date.fromisoformat(done[name].until))
    assert values["login"]["current"]["user"] == "shop_b"
    assert shop.accepted["hash"] == [values["hash"]]
    assert shop.layer.startswith("# what runs in production\n")
    assert shop.rotate_due(NOW) == {}


def test_when_its_time_is_over_the_value_before_leaves_the_layer(shop: StoreShop) -> None:
    shop.rotate_due(NOW)
    current = shop.values
    assert shop.rotate_due(NOW + timedelta(days=1)) == {}
    done = shop.rotate_due(LATER)
    assert {name: each.revoked for name, each in done.items()} == {"database": True, "login": True}
    assert not any(each.renewed for each in done.values())
    for name in ("database", "login"):
        assert shop.values[name] == {"current": current[name]["current"]}
        assert shop.accepted[name] == [current[name]["current"]]
        assert entries(shop)[name] == (DAY, NOW.date(), "current", None)
    assert [told["phase"] for told in shop.told if told["path"] == "login"] == ["prepare", "revoke"]


def test_what_stands_beside_it_in_the_store_stays(shop: StoreShop) -> None:
    shop.rotate_due(NOW)
    reference = parse(f"{shop.layer.split('#/hash')[0].split()[-1]}#/neighbour")
    assert isinstance(reference, Reference)
    assert value_in(shop.store(reference).fetch(reference), reference) == FIRST["neighbour"]


def test_a_rotating_field_names_its_version_before_it_is_renewed(side: Side, tmp_path: Path) -> None:
    shop = begun(StoreShop(tmp_path / "shop", extra=side.environ), side.place(), only=PAIR, pinned=False)
    old = shop.values
    done = shop.rotate_due(NOW)
    assert done["database"].pinned
    assert not done["database"].renewed
    assert shop.values["database"] == old["database"]
    assert "version" in shop.layer
    assert entries(shop)["database"].rotated == DAY
    # The one value of the other field is that of whatever version is current, before and after.
    assert done["hash"].renewed
    assert shop.values["hash"] != old["hash"]
    done = shop.rotate_due(NOW)
    assert done["database"].renewed
    assert shop.values["database"]["previous"] == old["database"]["current"]


def test_within_an_overlap_nothing_is_renewed_until_it_is_ended(shop: StoreShop) -> None:
    shop.rotate_due(NOW)
    before = shop.values["database"]
    done = shop.rotate_planned(planned(shop, "database", NOW), NOW)
    assert done.skipped == "has a value before that is valid until 2026-11-25 is over"
    assert shop.values["database"] == before
    done = shop.rotate_planned(planned(shop, "database", NOW), NOW, end=True)
    assert (done.revoked, done.renewed) == (True, True)
    assert shop.values["database"]["previous"] == before["current"]


def test_a_value_that_another_wrote_meanwhile_is_not_lost(shop: StoreShop) -> None:
    text = next(line for line in shop.layer.splitlines() if line.startswith("hash"))
    reference = parse(text.partition(": ")[2].strip("'\""))
    assert isinstance(reference, Reference)

    def on_step(step: Step) -> None:
        if step is Step.TOLD:
            shop.store(reference).put(unpinned(reference), "of-another")

    before = shop.layer
    with pytest.raises(ChangedError, match="changed by somebody else"):
        shop.rotate_planned(planned(shop, "hash", NOW), NOW, on_step=on_step)
    assert shop.layer == before


def test_a_place_that_is_not_allowed_is_not_written(shop: StoreShop) -> None:
    (shop.root / "environments/production/environment.yaml").write_text("kind: production\nreferences: [vault://x]\n")
    with pytest.raises(RefusedError, match="neither read nor written"):
        shop.rotate_planned(planned(shop, "hash", NOW), NOW)


def test_every_value_that_is_read_is_recorded_and_none_is_shown(
    shop: StoreShop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in shop.environ().items():
        monkeypatch.setenv(name, value)
    assert cli.run(["-C", str(shop.root), "secrets", "rotate", "--due", "--dry-run"]) in (0, 1)
    steps = " ".join(capsys.readouterr().out.split())
    assert "write it as a new version to the store: ref+" in steps
    assert shop.told == []
    before = list(FIRST.values())
    assert cli.run(["-C", str(shop.root), "secrets", "rotate", "app", "database", "--env", "production"]) == 0
    assert cli.run(["-C", str(shop.root), "validate", "--format", "text"]) in (0, 1)
    out, err = capsys.readouterr()
    assert "it has a new value; the one before is valid until" in out
    assert "SEC031" not in out
    assert "SEC001" not in out
    log = "".join(part.read_text() for part in (shop.folder / "state").rglob("access-*"))
    assert log.count("#/database") >= 1
    for value in (*before, shop.values["database"]["current"]):
        if len(value) > 8:
            assert value not in out + err + log + shop.layer


def test_status_tells_of_secrets_in_a_store(shop: StoreShop, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["-C", str(shop.root), "secrets", "status", "--now", "2026-03-01"]) == 1
    said = capsys.readouterr().out
    assert f"{LAYER}\n  named by reference" in said
    words = [line.split()[:4] for line in said.splitlines()]
    assert ["hash", "59", "d", "2026-01-31,"] in words
    assert ["database", "59", "d", "2026-04-01"] in words or ["database", "59", "d", "2026-04-01,"] in words
    # No file of a store is one whose data key could be renewed.
    assert cli.run(["-C", str(shop.root), "secrets", "rotate", "--data-keys", "--dry-run"]) == 0
    assert LAYER not in capsys.readouterr().out


# A process that dies: at every step, before every change to the disk, and before every message to the store.


Run = Callable[[StoreShop, datetime, str, int], tuple[int, list[str]]]


@pytest.fixture(scope="module")
def run(model: StoreShop) -> Iterator[Run]:
    """Rotates in a process of its own, which may die; one that imported everything starts them."""
    command = [sys.executable, "-m", "tests.secrets.rotator"]
    pipe = subprocess.PIPE
    server = subprocess.Popen(command, env=model.environ(), stdin=pipe, stdout=pipe, text=True, cwd=TOP)

    def run(shop: StoreShop, moment: datetime, where: str, number: int) -> tuple[int, list[str]]:
        assert server.stdin
        assert server.stdout
        asked = [str(shop.folder), shop.private, moment.isoformat(), where, str(number)]
        server.stdin.write(json.dumps(asked) + "\n")
        server.stdin.flush()
        code, passed = json.loads(server.stdout.readline())
        return code, passed

    yield run
    server.communicate()


@pytest.fixture(scope="module")
def model(running: Side, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreShop]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in running.environ.items():
            patch.setenv(name, value)
        shop = StoreShop(tmp_path_factory.mktemp("model") / "shop", extra=running.environ)
        yield begun(shop, running.place(), only=PAIR)


def copied(model: StoreShop, folder: Path, place: str) -> StoreShop:
    """The same repository, with a system and a place of its own."""
    shutil.copytree(model.folder, folder, ignore=shutil.ignore_patterns("state"))
    schema = folder / "repo/schemas/generated/app.schema.json"
    schema.write_text(schema.read_text().replace(str(model.folder), str(folder)))
    return filled(StoreShop(folder, key=model.private, extra=model.extra), place, only=PAIR)


def works(shop: StoreShop) -> None:
    """Whatever an application has now by the layer, the system accepts."""
    values, accepted = shop.values, shop.accepted
    assert values["database"]["current"] in accepted["database"]


def settled(shop: StoreShop, moment: datetime, *, overlap: bool) -> None:
    works(shop)
    values, accepted = shop.values, shop.accepted
    assert ("previous" in values["database"]) == overlap
    before = [values["database"]["previous"]] if overlap else []
    assert accepted["database"] == [*before, values["database"]["current"]]
    assert accepted["hash"] == [values["hash"]]
    assert entries(shop)["database"].phase == ("overlap" if overlap else "current")
    assert entries(shop)["database"].rotated == entries(shop)["hash"].rotated == NOW.date()
    left = {path.name for path in (shop.root / LAYER).parent.iterdir()}
    assert left == {"environment.yaml", "app.yaml", "app.ledger.yaml"}
    assert shop.rotate_due(moment) == {}


@pytest.mark.kill
@pytest.mark.parametrize("where", ["step", "file", pytest.param("sent", marks=pytest.mark.real)])
def test_killed_while_it_renews(where: str, side: Side, model: StoreShop, run: Run, tmp_path: Path) -> None:
    code, passed = run(copied(model, tmp_path / "rehearsal", side.place()), NOW, where, 0)
    assert code == 0
    assert len(passed) >= 6
    for number in range(1, len(passed) + 1):
        shop = copied(model, tmp_path / str(number), side.place())
        first = shop.values
        assert run(shop, NOW, where, number)[0] == -signal.SIGKILL
        works(shop)
        shop.rotate_due(NOW)
        settled(shop, NOW, overlap=True)
        # What was in use before the first of the two runs is what stays valid.
        assert shop.values["database"]["previous"] == first["database"]["current"] == CANARIES["database"]


@pytest.mark.kill
@pytest.mark.parametrize("where", ["step", "file"])
def test_killed_while_it_revokes(where: str, side: Side, model: StoreShop, run: Run, tmp_path: Path) -> None:
    shop = copied(model, tmp_path / "rehearsal", side.place())
    shop.rotate_due(NOW)
    passed = run(shop, LATER, where, 0)[1]
    assert len(passed) >= 2
    for number in range(1, len(passed) + 1):
        shop = copied(model, tmp_path / str(number), side.place())
        shop.rotate_due(NOW)
        assert run(shop, LATER, where, number)[0] == -signal.SIGKILL
        works(shop)
        shop.rotate_due(LATER)
        settled(shop, LATER, overlap=False)


def test_the_machines_own_stores_are_not_written(tmp_path: Path) -> None:
    shop = StoreShop(tmp_path / "shop").begin(overrides="references: ['file:///', 'env://']\n")
    (shop.root / "environments/production/app.secrets.yaml").unlink()
    (shop.root / "environments/production/app.ledger.yaml").unlink()
    (tmp_path / "hash").write_text("a" * 64)
    (shop.root / LAYER).write_text(f"hash: ref+file://{tmp_path}/hash\n")
    with pytest.raises(StoreError, match="belongs to whoever mounts it"):
        shop.rotate_planned(planned(shop, "hash", NOW), NOW)


def test_parts_of_one_secret_at_two_places_are_not_renewed(shop: StoreShop, side: Side) -> None:
    place = side.place().partition("?")[0]
    old = next(line for line in shop.layer.splitlines() if "login-user" in line)
    moved = old.replace(old.partition("://")[2].partition("?")[0], place.partition("://")[2])
    (shop.root / LAYER).write_text(shop.layer.replace(old, moved))
    with pytest.raises(RefusedError, match="several places"):
        shop.rotate_planned(planned(shop, "login", NOW), NOW)


def test_every_step_is_taken(side: Side, tmp_path: Path) -> None:
    shop = begun(StoreShop(tmp_path / "shop", extra=side.environ), side.place(), only=PAIR, pinned=False)
    passed: list[Step] = []
    for moment in (NOW, NOW, LATER):
        shop.rotate_due(moment, on_step=passed.append)
    assert set(passed) == set(Step)
