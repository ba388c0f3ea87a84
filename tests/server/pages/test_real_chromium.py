"""The pages in a real browser: axe finds nothing, the keyboard is enough, and nothing is asked for elsewhere."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.server.conftest import ACME_TOKEN, Shop, Tokens, eventually
from tests.server.process import once, serving

pytestmark = pytest.mark.real

PACKAGES = ("playwright-core@1.65.1", "axe-core@4.14.1")
KITCHEN = "/environments/production/services/kitchen"
URLS = (
    "/", "/environments/production", "/tenants", "/tenants?q=none-such", "/tenants/acme", KITCHEN,
    f"{KITCHEN}?tenant=acme&layer=tenant", f"{KITCHEN}?q=none-such", "/compare",
    "/compare?left=production/kitchen&left_tenant=acme&right=staging/kitchen&right_tenant=&show=all",
    "/environments/production/releases", "/environments/production/releases/changes?from=1&to=3", "/health",
)  # fmt: skip


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the browser found. `TERRACE_TEST_PICTURES` names a folder that keeps its pictures."""
    folder = tmp_path_factory.mktemp("pages")
    pictures = Path(os.environ.get("TERRACE_TEST_PICTURES") or folder / "pictures")
    pictures.mkdir(parents=True, exist_ok=True)
    install = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder), *PACKAGES]
    subprocess.run(install, check=True, capture_output=True)
    shop = Shop(folder)
    _fill(shop)
    tokens = Tokens(folder / "tokens.yaml")
    token = tokens.make("Ada Holm")
    with serving(shop, "--tokens", str(tokens.path), "--rate", "0") as running:
        shop.tamper(shop.seal({"pool_max": 77}))
        eventually(lambda: b"degraded" in once(running.port, "/readyz").body)
        command = [
            "node", str(Path(__file__).with_name("chromium.mjs")), str(folder), chromium(),
            f"http://127.0.0.1:{running.port}", token, str(pictures), *URLS,
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, timeout=540)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def chromium() -> str:
    """A Chromium, installed where that can be done."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if not found and os.geteuid() == 0 and shutil.which("apt-get"):
        for command in (["apt-get", "update"], ["apt-get", "install", "--yes", "--no-install-recommends", "chromium"]):
            subprocess.run(command, check=True, capture_output=True)
        found = shutil.which("chromium")
    assert found, "Chromium is not installed: apt-get install chromium"
    return found


def _fill(shop: Shop) -> None:
    tenants = {"acme": {"pool_max": 99}, "bolt": {"pool_max": 41}, "corner": None}
    sealed = {"acme": {"database": {"token": ACME_TOKEN}}}
    shop.deploy(tenants=tenants, tenant_secrets=sealed)
    shop.deploy({"pool_max": 12}, tenants, limits={"orders": 40, "a much longer name of a limit": 2})
    shop.deploy({"pool_max": 14}, {**tenants, **{f"shop-{number:03}": None for number in range(120)}}, debug=True)
    shop.deploy(environment="staging", origins=["https://a.example", "https://b.example"])
    shop.deploy(service="oven")


def test_axe_finds_nothing(looked: dict[str, Any]) -> None:
    assert looked["axe"] == []


def test_the_console_stays_empty_and_no_other_host_is_asked(looked: dict[str, Any]) -> None:
    assert looked["console"] == []
    assert looked["elsewhere"] == []


def test_no_page_is_wider_than_the_window(looked: dict[str, Any]) -> None:
    assert looked["overflow"] == []


def test_dark_is_dark_and_light_is_light(looked: dict[str, Any]) -> None:
    light, dark = (
        sum(int(part) for part in looked["grounds"][each].removeprefix("rgb(").removesuffix(")").split(","))
        for each in ("light", "dark")
    )
    assert light > 700
    assert dark < 100


def test_the_keyboard_is_enough(looked: dict[str, Any]) -> None:
    assert looked["onward"] == KITCHEN
    assert looked["skip"] == ["skip", True]
    assert looked["skipped"] == "main"
    assert {"A", "BUTTON", "INPUT", "SELECT", "SUMMARY"} <= set(looked["stops"])
    assert looked["unseen"] == []
    assert looked["closed"] is True
    assert looked["allClosed"] == 0
    assert looked["target"] is True


def test_a_link_shared_on_another_site_opens_for_who_is_signed_in(looked: dict[str, Any]) -> None:
    assert looked["shared"] == "kitchen for acme"


def test_who_signed_out_is_out(looked: dict[str, Any]) -> None:
    assert looked["out"] == "/sign-in"


def test_without_javascript_pages_are_read_and_forms_work(looked: dict[str, Any]) -> None:
    assert looked["still"] == ["pool_max", 1]
    assert looked["chosen"] == [["from", "3"], ["to", "4"]]
