"""Flags in a real browser, from a repository that is followed: looked at, changed by keyboard, and brought back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from terrace.flags.counting import Batch, Series
from terrace.flags.usage import UsageStore
from tests.git.conftest import Repo, make
from tests.server.conftest import Tokens, eventually
from tests.server.pages.flags.conftest import ENVIRONMENTS, FILES
from tests.server.pages.test_real_chromium import PACKAGES, chromium
from tests.server.process import Running, once

pytestmark = pytest.mark.real

CHECKOUT = "/flags/checkout-v2?environment"
URLS = (
    "/flags", "/flags?q=none-such", "/flags?state=mixed&environment=staging", f"{CHECKOUT}=production",
    f"{CHECKOUT}=staging&person=eve&tenant=acme&more=email+%3D+eve%40harbour.example",
    f"{CHECKOUT}=staging&more=nonsense",
    "/flags/limit", "/flags/" + "a-very-long-key." * 6 + "x", "/flags/none-such",
    *(f"/change-flag?do={do}&flag=checkout-v2&environment=staging" for do in ("on", "set", "promote")),
    "/change-flag?do=kill&flag=checkout-v2&environment=production",
)  # fmt: skip
LONG = """\
  {key}:
    type: string
    description: A key and a text that are as long as they may be, {text}
    owner: team-payments
    created: 2026-01-01
    expires: 2026-11-01
    kind: experiment
    variants: {{a-variant-with-a-long-name: x, another-variant-with-a-longer-name: "{text}"}}
    off_variant: a-variant-with-a-long-name
    environments: {{}}
"""


@contextmanager
def followed(folder: Path, repo: Repo, tokens: Tokens) -> Iterator[Running]:
    """`terrace serve` of what a repository is turned into."""
    command = [
        sys.executable, "-m", "terrace", "serve", "--repo", str(repo.path), "--follow", "main", "--port", "0",
        "--tokens", str(tokens.path), "--rate", "0", "--usage", str(folder / "usage.db"),
        *(word for name in ENVIRONMENTS for word in ("--env", name)),
    ]  # fmt: skip
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    running = Running(process)
    try:
        eventually(lambda: running.port or process.poll() is not None, 60)
        eventually(lambda: _is_ready(running), 60)
        yield running
        running.stop()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=30)
        running._reader.join(timeout=10)
        if process.stderr is not None:
            process.stderr.close()


def _is_ready(running: Running) -> bool:
    try:
        return b'"ok"' in once(running.port, "/readyz").body
    except OSError:
        return False


def _repository(path: Path) -> Repo:
    repo = make(path)
    repo.git("config", "user.name", "Terrace")
    repo.git("config", "user.email", "terrace@harbour.example")
    long = LONG.format(key="a-very-long-key." * 6 + "x", text="word " * 30)
    files = {**FILES, ".gitignore": ".terrace/\n", "flags/payments.yaml": FILES["flags/payments.yaml"] + long}
    for name in ENVIRONMENTS:
        files[f"environments/{name}/environment.yaml"] += f"destinations: [{{directory: .terrace/releases/{name}}}]\n"
    repo.commit("Start", **files)
    return repo


def _use(path: Path) -> None:
    """A week in which a flag was asked for."""
    now = time.time()
    store = UsageStore(path)
    for hour in range(7 * 24):
        counts = {
            Series(name, "checkout-v2", variant, "acme", "TARGETING_MATCH"): 10 + (hour * size) % 90
            for name in ENVIRONMENTS
            for variant, size in (("on", 7), ("off", 13))
        }
        store.add(Batch(f"hour-{hour}", now - hour * 3600, counts))
    store.close()


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the browser found. `TERRACE_TEST_PICTURES` names a folder that keeps its pictures."""
    folder = tmp_path_factory.mktemp("flags")
    pictures = Path(os.environ.get("TERRACE_TEST_PICTURES") or folder / "pictures")
    pictures.mkdir(parents=True, exist_ok=True)
    install = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder), *PACKAGES]
    subprocess.run(install, check=True, capture_output=True)
    repo = _repository(folder / "repo")
    _use(folder / "usage.db")
    tokens = Tokens(folder / "tokens.yaml")
    writer = tokens.make("Ada Holm", may=["read", "flags", "write"])
    reader = tokens.make("An application", may=["read", "flags"])
    with followed(folder, repo, tokens) as running:
        command = [
            "node", str(Path(__file__).with_name("chromium.mjs")), str(folder), chromium(),
            f"http://127.0.0.1:{running.port}", writer, reader, str(pictures), *URLS,
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, timeout=540)
    assert done.returncode == 0, done.stderr
    subjects = repo.git("log", "--format=%an: %s", "main").splitlines()
    return {**json.loads(done.stdout), "log": subjects}


def test_axe_finds_nothing(looked: dict[str, Any]) -> None:
    assert looked["axe"] == []


def test_the_console_stays_empty_and_no_other_host_is_asked(looked: dict[str, Any]) -> None:
    assert looked["console"] == []
    assert looked["elsewhere"] == []


def test_no_page_is_wider_than_the_window(looked: dict[str, Any]) -> None:
    assert looked["overflow"] == []


def test_a_flag_turned_off_by_keyboard_is_off_for_applications_and_brought_back(looked: dict[str, Any]) -> None:
    assert looked["values"][:3] == [True, False, True]
    assert looked["unseen"] == []
    assert looked["done"].startswith("Done, and served")
    assert [each.partition(" (")[0] for each in looked["log"][-4:]] == ["Ada Holm"] * 3 + ["Terrace: Start"]
    assert "flags: turn off checkout-v2 in staging" in looked["log"][-2]


def test_what_somebody_else_did_meanwhile_is_shown_before_it_is_done_again(looked: dict[str, Any]) -> None:
    assert looked["conflict"] == [409, True]
    assert looked["again"] == "/flags/checkout-v2"


def test_what_is_refused_and_what_is_reviewed_are_pages(looked: dict[str, Any]) -> None:
    assert (looked["refused"], looked["review"], looked["forbidden"]) == (422, "Up for review", 403)


def test_without_javascript_everything_works(looked: dict[str, Any]) -> None:
    assert looked["still"] == [1, 3]
    assert looked["values"][3] is True
