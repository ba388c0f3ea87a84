"""A rotation that dies at any step, or before any change to the disk: what is in use works, the next run ends right."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from terrace.secrets import ledger
from terrace.secrets.rotate import Step
from tests.secrets.shop import FILE, LEDGER, Shop

pytestmark = pytest.mark.kill

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
LATER = NOW + timedelta(days=9)
TOP = Path(__file__).parents[2]


def run(shop: Shop, moment: datetime, where: str, number: int) -> tuple[int, list[str]]:
    arguments = [str(shop.folder), shop.private, moment.isoformat(), where, str(number)]
    command = [sys.executable, "-m", "tests.secrets.rotator", *arguments]
    ended = subprocess.run(command, env=shop.environ(), capture_output=True, text=True, check=False, cwd=TOP)
    assert ended.stderr == ""
    return ended.returncode, ended.stdout.split()


def copied(shop: Shop, folder: Path) -> Shop:
    """The same repository, key and system elsewhere; the hook there speaks to the system there."""
    shutil.copytree(shop.folder, folder)
    schema = folder / "repo/schemas/generated/app.schema.json"
    schema.write_text(schema.read_text().replace(str(shop.folder), str(folder)))
    return Shop(folder, key=shop.private)


def in_use_works(shop: Shop, *, replaced: bool = True) -> None:
    """Every value that an application may have now is accepted by the system."""
    values, accepted = shop.values, shop.accepted
    for name in ("database", "login"):
        assert values[name]["current"] in accepted[name], name
    # A field with one value has a moment between the system and the file: it is why others have two.
    assert not replaced or values["hash"] in accepted["hash"]


def settled(shop: Shop, moment: datetime, *, overlap: bool) -> None:
    in_use_works(shop)
    values, accepted = shop.values, shop.accepted
    entries = {pointer[0]: entry for pointer, entry in ledger.read((shop.root / LEDGER).read_text()).items()}
    for name in ("database", "login"):
        assert ("previous" in values[name]) == overlap
        assert accepted[name] == [*([values[name]["previous"]] if overlap else []), values[name]["current"]]
        assert entries[name].rotated == NOW.date()
        assert entries[name].phase == ("overlap" if overlap else "current")
    left = {path.name for path in (shop.root / FILE).parent.iterdir()}
    assert left == {"environment.yaml", "app.secrets.yaml", "app.ledger.yaml"}
    assert shop.rotate_due(moment) == {}


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return Shop(tmp_path_factory.mktemp("begun") / "shop").begin()


@pytest.fixture(scope="module")
def renewed(begun: Shop, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    shop = copied(begun, tmp_path_factory.mktemp("renewed") / "shop")
    assert run(shop, NOW, "step", 0)[0] == 0
    return shop


@pytest.mark.parametrize("where", ["step", "file"])
def test_killed_while_it_renews(where: str, begun: Shop, tmp_path: Path) -> None:
    code, passed = run(copied(begun, tmp_path / "rehearsal"), NOW, where, 0)
    assert code == 0
    assert len(passed) >= 12
    for number in range(1, len(passed) + 1):
        shop = copied(begun, tmp_path / str(number))
        assert run(shop, NOW, where, number)[0] == -signal.SIGKILL
        in_use_works(shop, replaced=False)
        assert run(shop, NOW, where, 0)[0] == 0
        settled(shop, NOW, overlap=True)


@pytest.mark.parametrize("where", ["step", "file"])
def test_killed_while_it_revokes(where: str, renewed: Shop, tmp_path: Path) -> None:
    code, passed = run(copied(renewed, tmp_path / "rehearsal"), LATER, where, 0)
    assert code == 0
    assert len(passed) >= 6
    for number in range(1, len(passed) + 1):
        shop = copied(renewed, tmp_path / str(number))
        assert run(shop, LATER, where, number)[0] == -signal.SIGKILL
        in_use_works(shop)
        assert run(shop, LATER, where, 0)[0] == 0
        settled(shop, LATER, overlap=False)


def test_every_step_is_killed_at(begun: Shop, renewed: Shop, tmp_path: Path) -> None:
    passed = run(copied(begun, tmp_path / "one"), NOW, "step", 0)[1]
    passed += run(copied(renewed, tmp_path / "two"), LATER, "step", 0)[1]
    assert {step.name for step in Step} == set(passed)
