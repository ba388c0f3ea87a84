"""The commands that change flags, as people run them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from terrace.cli import run
from tests.git.conftest import Repo, make
from tests.soak import rounds
from tests.toggle.conftest import AREA, FILES, PATH, Said, Terrace

KEY = "checkout-v2"


@pytest.fixture
def terrace(shop: Repo, capsys: pytest.CaptureFixture[str]) -> Terrace:
    def call(*arguments: str) -> Said:
        code = run(["-C", str(shop.path), "flags", *arguments])
        return Said(code, *capsys.readouterr())

    return call


def remote_of(shop: Repo, folder: Path) -> Repo:
    make(folder, "--bare")
    shop.git("remote", "add", "origin", str(folder))
    shop.git("push", "-q", "-u", "origin", "main")
    return Repo(folder)


def test_off_shows_the_line_and_commits_it(shop: Repo, terrace: Terrace) -> None:
    said = terrace("off", KEY, "--env", "development", "--reason", "broken")
    assert said.code == 0
    assert "+      development: {default: on, enabled: false}    # all of us" in said.out
    assert "development  on for everybody\n             -> not enabled: off for everybody" in said.out
    assert shop.git("log", "-1", "--format=%s%n%b") == (
        "flags: turn off checkout-v2 in development\nbroken\n\nFlag: checkout-v2\nEnvironment: development"
    )


def test_a_dry_run_writes_nothing(shop: Repo, terrace: Terrace) -> None:
    start = shop.git("rev-parse", "HEAD")
    said = terrace("kill", KEY, "--env", "production", "--reason", "fire", "--dry-run")
    assert "+        kill: true" in said.out
    assert (shop.git("rev-parse", "HEAD"), shop.git("status", "--porcelain")) == (start, "")


def test_a_protected_environment_gets_a_branch(shop: Repo, terrace: Terrace) -> None:
    said = terrace("set", KEY, "on", "--env", "production")
    assert said.code == 0
    assert "production is protected, so it goes by review" in said.out
    assert "on the new branch toggle/set-checkout-v2-production" in said.out
    assert shop.git("log", "--format=%s", "main") == "Start"


def test_what_a_protected_environment_inherits_is_protected_too(shop: Repo, terrace: Terrace) -> None:
    """However far away it is: eu extends production, and far extends eu."""
    open_ = "kind: production\norder: {}\n{}"
    shop.commit(
        "Open",
        **{
            "environments/production/environment.yaml": open_.format(3, ""),
            "environments/eu/environment.yaml": open_.format(4, "extends: production\n"),
            "environments/far/environment.yaml": open_.format(5, "extends: eu\nprotected: true\n"),
        },
    )
    assert "by review" in terrace("off", KEY, "--env", "production").out


def test_direct_is_refused_in_a_protected_environment(shop: Repo, terrace: Terrace) -> None:
    said = terrace("off", KEY, "--env", "production", "--direct")
    assert said.code == 1
    assert "production is protected: nothing is committed to it directly" in said.err
    assert shop.git("branch", "--format=%(refname:short)") == "main"


def test_a_kill_is_direct_and_pushed(shop: Repo, terrace: Terrace, tmp_path: Path) -> None:
    remote = remote_of(shop, tmp_path / "origin.git")
    said = terrace("kill", KEY, "--env", "production", "--reason", "cards are declined")
    assert said.code == 0
    assert "pushed to origin" in said.out
    assert remote.git("log", "-1", "--format=%s%n%b", "main") == (
        "flags: kill checkout-v2 in production\ncards are declined\n\nFlag: checkout-v2\nEnvironment: production"
    )
    assert "reason: cards are declined" in (shop.path / PATH).read_text()


def test_a_kill_without_a_reason_is_none(shop: Repo, terrace: Terrace) -> None:
    said = terrace("kill", KEY, "--env", "production")
    assert said.code == 2
    assert "a kill needs a reason" in said.err
    assert shop.git("log", "--format=%s") == "Start"


def test_a_kill_with_the_remote_away_is_committed_and_says_so(shop: Repo, terrace: Terrace, tmp_path: Path) -> None:
    shop.git("remote", "add", "origin", str(tmp_path / "nowhere"))
    said = terrace("kill", KEY, "--env", "production", "--reason", "fire")
    assert said.code == 3
    assert "the kill is committed here, and not pushed" in said.err
    assert "A server that follows this repository has it already" in said.err
    assert shop.git("log", "-1", "--format=%s") == "flags: kill checkout-v2 in production"
    assert shop.git("status", "--porcelain") == ""


def test_a_kill_that_the_remote_is_ahead_of_says_what_to_do(shop: Repo, terrace: Terrace, tmp_path: Path) -> None:
    remote_of(shop, tmp_path / "origin.git")
    shop.git("clone", "-q", str(tmp_path / "origin.git"), str(tmp_path / "other"))
    other = Repo(tmp_path / "other")
    other.commit("Theirs", **{"a.txt": "a"})
    other.git("push", "-q")
    said = terrace("kill", KEY, "--env", "production", "--reason", "fire")
    assert said.code == 3
    assert "git pull --rebase" in said.err


def test_reviving_a_kill_goes_by_review(shop: Repo, terrace: Terrace) -> None:
    terrace("kill", KEY, "--env", "production", "--reason", "fire")
    assert "by review" in terrace("on", KEY, "--env", "production").out


def test_nothing_to_do_is_said(shop: Repo, terrace: Terrace) -> None:
    said = terrace("on", KEY, "--env", "development")
    assert said == (0, "nothing to do: checkout-v2 in development is on for everybody\n", "")
    assert shop.git("log", "--format=%s") == "Start"


def test_shares_and_rules_are_set(shop: Repo, terrace: Terrace) -> None:
    said = terrace("set", KEY, "--env", "production", "--rule", "the rest", "--rollout", "on=50, off=50")
    assert "+          - {name: the rest, rollout: {on: 50, off: 50}, by: tenant}  # growing" in said.out
    assert "flags: set checkout-v2 to 50 on / 50 off for 'the rest' in production" in shop.git("log", "-1", "--all")


@pytest.mark.parametrize("arguments", [("--rollout", "on"), ("--rollout", "on=x"), ("--rollout", "on=1,on=2"), ()])
def test_shares_that_are_none_are_wrong_use(terrace: Terrace, arguments: tuple[str, ...]) -> None:
    assert terrace("set", KEY, "--env", "development", *arguments).code == 2


def test_a_flag_from_new_to_archived(shop: Repo, terrace: Terrace) -> None:
    assert terrace("new", "search", "--area", "search", "--owner", "me").code == 0
    assert terrace("on", "search", "--env", "development").code == 0
    said = terrace("archive", "search", "--reason", "nobody wants it", "--branch", "main")
    assert "by review" in said.out  # other environments are protected
    assert shop.git("log", "--format=%s") == (
        "flags: turn on search in development\nflags: add search to search\nStart"
    )


def test_programs_get_all_of_it(terrace: Terrace, shop: Repo) -> None:
    told = json.loads(terrace("off", KEY, "--env", "development", "--format", "json").out)
    assert told["commit"] == shop.git("rev-parse", "HEAD")
    assert told["branch"] == "main"
    assert told["environments"][0]["after"] == "not enabled: off for everybody"


def test_a_flag_that_is_not_committed_yet_is_hinted_at(shop: Repo, terrace: Terrace) -> None:
    shop.write({PATH: AREA.replace("limit:", "other:").replace("flag: limit", "flag: other")})
    said = terrace("on", "other", "--env", "staging")
    assert said.code == 2
    assert "flags/ has changes that are not committed" in said.err


def test_outside_of_git_the_file_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    assert run(["-C", str(tmp_path), "flags", "off", KEY, "--env", "development"]) == 0
    assert "there is no Git repository" in capsys.readouterr().out
    assert "{default: on, enabled: false}" in (tmp_path / PATH).read_text()


@pytest.mark.kill
def test_who_is_killed_while_committing_leaves_the_repository_whole(shop: Repo) -> None:
    """At any moment: either the commit is there, or the edit is none or one that is not committed."""
    command = [sys.executable, "-m", "terrace", "-C", str(shop.path), "flags", "off", KEY, "--env", "development"]
    started = time.monotonic()
    subprocess.run([*command, "--dry-run"], check=True, capture_output=True)
    usual = time.monotonic() - started
    for number in range(rounds(8)):
        shop.git("reset", "-q", "--hard", shop.git("rev-list", "--max-parents=0", "HEAD"))
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True, env=os.environ)
        time.sleep(usual * (0.7 + 0.6 * (number / rounds(8))))
        # Git's processes too, as when a machine goes down.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        (shop.path / ".git/index.lock").unlink(missing_ok=True)
        assert "error" not in shop.git("fsck", "--strict", "--no-dangling")
        text = (shop.path / PATH).read_text()
        count = shop.git("rev-list", "--count", "HEAD")
        if count == "2":
            assert shop.git("status", "--porcelain") == ""
            assert "enabled: false" in text
        else:
            assert text in (AREA, AREA.replace("{default: on}", "{default: on, enabled: false}"))


def test_what_keeps_the_flags_from_being_released_is_said(shop: Repo, terrace: Terrace) -> None:
    """A kill counts only once that is mended, and whoever kills must know."""
    path = shop.path / "flags/payments.yaml"
    path.write_text(path.read_text().replace("rollout: {on: 20, off: 80}", "rollout: {on: 20, off: 70}"))
    shop.commit("Shares")
    said = terrace("kill", "limit", "--env", "production", "--reason", "it burns", "--yes")
    assert said.code == 0
    told = " ".join(said.err.split())
    assert "the flags of production are not released, nor is this edit, until that is mended: FLG005" in told
