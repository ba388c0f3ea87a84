"""A branch of a remote that is followed: toggles are pushed, pushes are seen, and a kill needs no remote to count."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from terrace.server import following
from terrace.server.turning.overrides import FILE, Overrides
from tests.git.conftest import Repo
from tests.server.conftest import eventually
from tests.server.counter import Counter, counter, kitchen
from tests.toggle.conftest import PATH, alone

__all__ = ["alone"]
REF = "refs/remotes/origin/main"


class Forge:
    """A bare repository, somebody's clone of it, and the clone that a server follows it with."""

    def __init__(self, folder: Path) -> None:
        self.theirs = kitchen(folder / "theirs")
        self.place = folder / "forge.git"
        self.theirs.git("clone", "--quiet", "--bare", str(self.theirs.path), str(self.place))
        self.theirs.git("remote", "add", "origin", str(self.place))
        self.theirs.git("fetch", "--quiet", "origin")
        self.theirs.git("clone", "--quiet", str(self.place), str(folder / "ours"))
        self.ours = Repo(folder / "ours")

    @property
    def tip(self) -> str:
        """Where its branch is."""
        return self.theirs.git("--git-dir", str(self.place), "rev-parse", "main")

    def push(self, message: str, **files: str) -> str:
        """What somebody else commits and pushes."""
        self.theirs.git("pull", "--quiet", "--rebase", "origin", "main")
        oid = self.theirs.commit(message, **files)
        self.theirs.git("push", "--quiet", "origin", "main")
        return oid

    def text(self) -> str:
        return self.theirs.git("--git-dir", str(self.place), "show", f"main:{PATH}")

    @contextmanager
    def away(self) -> Iterator[None]:
        """While nobody reaches it."""
        hidden = self.place.with_name("hidden.git")
        self.place.rename(hidden)
        yield
        hidden.rename(self.place)

    def protect(self) -> None:
        """Take pushes to `main` no more."""
        hook = self.place / "hooks/update"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text('#!/bin/sh\ntest "$1" != refs/heads/main || { echo "main is protected" >&2; exit 1; }\n')
        hook.chmod(0o755)


@pytest.fixture
def forge(tmp_path: Path) -> Forge:
    return Forge(tmp_path)


def test_a_toggle_is_pushed_on_top_of_what_others_pushed(forge: Forge) -> None:
    with counter(forge.ours, REF) as there:
        theirs = forge.push("A note", **{"README.md": "hello\n"})
        said = there.toggle("on")
        assert (said["status"], said["released"], said["branch"]) == (200, True, "main")
        assert forge.tip == said["commit"]
        assert forge.theirs.git("--git-dir", str(forge.place), "rev-parse", "main^") == theirs
        assert there.released()["checkout-v2"]["defaultVariant"] == "on"
        assert forge.ours.git("rev-parse", "main") != said["commit"], "the clone's own branch is nobody's concern"
        base = said["commit"]
        forge.push("Off again", **{PATH: forge.text().replace("staging: {default: on}", "staging: {default: off}")})
        stale = there.toggle("kill", base=base)
        assert stale["status"] == 409


def test_pushes_are_seen_by_polling_and_when_somebody_says_so(forge: Forge) -> None:
    on = forge.text().replace("development: {default: on}", "development: {default: off}")
    with counter(forge.ours, REF, poll=0.2) as there:
        forge.push("Off in development", **{PATH: on + "\n"})
        eventually(lambda: there.released("development")["checkout-v2"]["defaultVariant"] == "off", 60)
    with counter(forge.ours, REF) as there:
        oid = forge.push("On in development", **{PATH: forge.text().replace("{default: off}", "{default: on}") + "\n"})
        assert there.ask("fetch") == {"status": 200, "fetched": True}
        eventually(lambda: following.state(there.own)["commit"] == oid, 60)
        with forge.away():
            assert there.ask("fetch")["status"] == 503


def test_a_protected_environment_is_put_up_for_review_at_the_remote(forge: Forge) -> None:
    with counter(forge.ours, REF) as there:
        said = there.toggle("off", environment="production")
        assert (said["proposed"], said["branch"]) == (True, "flags/off-checkout-v2-production")
        there_too = forge.theirs.git("--git-dir", str(forge.place), "rev-parse", said["branch"])
        assert there_too == said["commit"]


def test_a_kill_counts_while_the_remote_is_away_and_is_pushed_when_it_is_back(forge: Forge) -> None:
    with counter(forge.ours, REF, poll=0.5) as there:
        with forge.away():
            assert there.toggle("on")["status"] == 503
            said = there.toggle("kill", environment="production", reason="payments fail")
            assert (said["status"], said["released"], said["proposed"]) == (200, True, False)
            assert said["override"] > datetime.now(UTC).isoformat()
            assert there.released("production")["checkout-v2"]["state"] == "DISABLED"
            state = there.ask("show", flag="checkout-v2")["environments"]["production"]
            assert (state["state"], state["override"]) == ("killed", said["override"])
            told = following.state(there.own)["overrides"]
            assert [(each["flag"], each["reason"]) for each in told] == [("checkout-v2", "payments fail")]
        eventually(lambda: "kill: true" in forge.text(), 60)
        eventually(lambda: not following.state(there.own)["overrides"], 60)
        assert there.released("production")["checkout-v2"]["state"] == "DISABLED"
        assert forge.theirs.git("--git-dir", str(forge.place), "log", "-1", "--format=%an", "main") == "Grace Hopper"
        assert [each["outcome"] for each in there.audit] == ["failed", "overridden", "pushed"]


def test_a_kill_that_the_remote_does_not_take_counts_and_is_put_up_for_review(forge: Forge) -> None:
    forge.protect()
    with counter(forge.ours, REF, poll=0.5) as there:
        said = there.toggle("kill", reason="payments fail")
        assert said["override"]
        assert there.released()["checkout-v2"]["state"] == "DISABLED"
        branch = "flags/kill-checkout-v2-staging"
        eventually(lambda: branch in forge.theirs.git("ls-remote", str(forge.place)), 60)
        eventually(lambda: there.ask("show", flag="limit") and there.audit[-1]["outcome"] == "proposed", 60)
    # A restart, after which it counts still.
    with counter(forge.ours, REF, poll=0.5) as there:
        assert there.released()["checkout-v2"]["state"] == "DISABLED"
        assert following.state(there.own)["overrides"]
        (forge.place / "hooks/update").unlink()
        forge.theirs.git("--git-dir", str(forge.place), "update-ref", "refs/heads/main", f"refs/heads/{branch}")
        eventually(lambda: not following.state(there.own)["overrides"], 60)
        assert there.released()["checkout-v2"]["state"] == "DISABLED"


def test_what_is_over_or_was_tampered_with_counts_for_nothing_and_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "flags"
    overrides = Overrides(folder, "origin/main", 24)
    now = datetime.now(UTC)
    overrides.add("checkout-v2", "production", "payments fail", ("Grace", "grace@harbour.example"))
    assert [each.flag for each in overrides.now(now)] == ["checkout-v2"]
    assert Overrides(folder, "main", 24).now(now) == (), "another branch's are not its own"
    assert overrides.now(now + timedelta(hours=25)) == ()
    file = folder / FILE
    held = json.loads(file.read_bytes())
    held["overrides"][0]["flag"] = "limit"
    file.write_text(json.dumps(held))
    fresh = Overrides(folder, "origin/main", 24)
    assert fresh.now(now) == ()
    assert "counts for nothing" in fresh.problem
    assert (folder / "overrides.key").stat().st_mode & 0o077 == 0


def test_a_tampered_file_is_said_of_the_servers_health(forge: Forge) -> None:
    folder = forge.ours.path / ".terrace/flags"
    folder.mkdir(parents=True)
    (folder / FILE).write_text('{"overrides": [], "mac": "00"}')
    with counter(forge.ours, REF) as there:
        eventually(lambda: following.state(there.own)["state"] == "degraded", 60)
        assert "counts for nothing" in following.state(there.own)["ignored"]
        assert isinstance(there, Counter)
