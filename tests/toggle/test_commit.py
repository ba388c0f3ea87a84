"""A toggle is a commit of its own, on the right branch, and touches nobody's other work."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from terrace.errors import GitError, RefusedError
from terrace.git import find
from terrace.git.advance import OvertakenError, Tip, advance, alone, tip
from terrace.toggle import Action, ConflictError, Made, commit, toggle
from tests.git.conftest import Repo, make
from tests.toggle.conftest import AREA, FILES, PATH

KEY = "checkout-v2"
OFF = Action("off", KEY, "production", reason="too slow")


def make_it(shop: Repo, action: Action = OFF, *, at: str = "HEAD", branch: str = "", base: str = "") -> Made:
    found = toggle(shop.path, action, at=at)
    return commit(shop.path, found, action.message(), branch=branch, base=base)


def test_the_commit_says_what_and_why_and_changes_one_line(shop: Repo) -> None:
    start = shop.git("rev-parse", "HEAD")
    made = make_it(shop)
    assert made.branch == "main"
    assert shop.git("log", "-1", "--format=%P") == start
    assert shop.git("log", "-1", "--format=%B") == (
        "flags: turn off checkout-v2 in production\n\ntoo slow\n\nFlag: checkout-v2\nEnvironment: production"
    )
    assert shop.git("log", "-1", "--format=%(trailers:key=Flag,valueonly)").strip() == KEY
    assert shop.git("show", "--numstat", "--format=") == f"1\t0\t{PATH}"
    assert shop.git("status", "--porcelain") == ""
    assert (shop.path / PATH).read_text() == made.toggle.after
    assert shop.git("fsck", "--strict") == ""


def test_other_work_stays_as_it_is(shop: Repo) -> None:
    shop.commit("More", **{"a.txt": "a", "b.txt": "b"})
    shop.write({"a.txt": "staged", "b.txt": "not staged", "c.txt": "new"})
    shop.git("add", "a.txt")
    before = shop.git("status", "--porcelain")
    make_it(shop)
    assert shop.git("status", "--porcelain") == before == "M  a.txt\n M b.txt\n?? c.txt"
    assert shop.git("show", "--name-only", "--format=") == PATH


@pytest.mark.parametrize("staged", [True, False])
def test_a_file_with_uncommitted_edits_of_its_own_is_refused(shop: Repo, staged: bool) -> None:
    mine = AREA + "# mine\n"
    shop.write({PATH: mine})
    if staged:
        shop.git("add", PATH)
    start, status = shop.git("rev-parse", "HEAD"), shop.git("status", "--porcelain")
    with pytest.raises(RefusedError, match="changes that are not committed"):
        make_it(shop)
    assert (shop.path / PATH).read_text() == mine
    assert (shop.git("rev-parse", "HEAD"), shop.git("status", "--porcelain")) == (start, status)


def test_a_detached_head_is_refused_but_a_branch_can_be_named(shop: Repo) -> None:
    shop.git("checkout", "--quiet", "--detach")
    with pytest.raises(RefusedError, match="HEAD is detached"):
        make_it(shop)
    made = make_it(shop, branch="main")
    assert shop.git("rev-parse", "main") == made.commit.oid
    assert shop.git("status", "--porcelain") == ""
    assert (shop.path / PATH).read_text() == AREA


def test_in_the_middle_of_a_merge_is_refused(shop: Repo) -> None:
    shop.git("branch", "other")
    shop.commit("Ours", **{"a.txt": "ours"})
    shop.git("checkout", "--quiet", "other")
    shop.commit("Theirs", **{"a.txt": "theirs"})
    subprocess.run(["git", "-C", str(shop.path), "merge", "main"], check=False, capture_output=True)
    with pytest.raises(RefusedError, match="MERGE_HEAD"):
        make_it(shop)


def test_a_branch_that_nobody_has_out_moves_alone(shop: Repo) -> None:
    shop.git("branch", "live")
    start = shop.git("rev-parse", "HEAD")
    make_it(shop, at="live", branch="live")
    assert shop.git("log", "--format=%s", "main..live") == OFF.subject
    assert shop.git("rev-parse", "HEAD") == start
    assert shop.git("status", "--porcelain") == ""


def test_a_branch_that_another_work_tree_has_out_is_refused(shop: Repo, tmp_path: Path) -> None:
    shop.git("worktree", "add", "-q", "-b", "live", str(tmp_path / "live"))
    with pytest.raises(RefusedError, match="is checked out in"):
        make_it(shop, at="live", branch="live")
    made = make_it(Repo(tmp_path / "live"))
    assert made.branch == "live"
    assert Repo(tmp_path / "live").git("status", "--porcelain") == ""


def test_a_bare_repository_can_be_committed_to(shop: Repo, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    shop.git("clone", "--quiet", "--bare", ".", str(bare))
    make_it(Repo(bare), at="main")
    assert Repo(bare).git("log", "-1", "--format=%s", "main") == OFF.subject


def test_a_configuration_in_a_folder_of_the_repository(tmp_path: Path) -> None:
    repo = make(tmp_path / "mono")
    repo.commit("Start", **{f"deploy/config/{path}": text for path, text in FILES.items()})
    make_it(Repo(repo.path / "deploy/config"))
    assert repo.git("show", "--numstat", "--format=") == f"1\t0\tdeploy/config/{PATH}"
    assert repo.git("status", "--porcelain") == ""


def test_who_was_overtaken_by_another_edit_does_it_again(shop: Repo) -> None:
    found = toggle(shop.path, OFF, at="HEAD")
    make_it(shop, Action("set", "limit", "staging", "large"))
    make_it(shop, Action("on", KEY, "staging"))
    made = commit(shop.path, found, OFF.message(), base=found.commit)
    text = (shop.path / PATH).read_text()
    assert made.toggle.after == text
    for part in ("default: 'large'", "staging: {default: on}", "enabled: false"):
        assert part in text
    assert shop.git("log", "--format=%p").count(" ") == 0


def test_a_change_of_the_same_flag_in_the_same_environment_is_a_conflict(shop: Repo) -> None:
    found = toggle(shop.path, OFF, at="HEAD")
    other = make_it(shop, Action("set", KEY, "production", "on"))
    with pytest.raises(ConflictError, match="checkout-v2 in production was changed in the meantime") as caught:
        commit(shop.path, found, OFF.message(), base=found.commit)
    assert '-    default: "off"' in caught.value.difference
    assert '+    default: "on"' in caught.value.difference
    assert caught.value.commit == other.commit.oid
    assert shop.git("rev-parse", "HEAD") == other.commit.oid
    assert shop.git("status", "--porcelain") == ""


def test_a_change_of_what_an_environment_inherits_is_a_conflict_too(shop: Repo) -> None:
    action = Action("off", KEY, "eu")
    found = toggle(shop.path, action, at="HEAD")
    make_it(shop, Action("set", KEY, "production", "on"))
    with pytest.raises(ConflictError):
        commit(shop.path, found, action.message(), base=found.commit)


def test_what_somebody_did_already_makes_no_commit(shop: Repo) -> None:
    found = toggle(shop.path, OFF, at="HEAD")
    first = make_it(shop)
    made = commit(shop.path, found, OFF.message())
    assert (made.changed, made.commit) == (False, first.commit)
    assert shop.git("rev-list", "--count", "HEAD") == "2"


def test_an_edit_that_became_wrong_in_the_meantime_is_refused(shop: Repo) -> None:
    action = Action("set", KEY, "production", "on", rule="the rest")
    found = toggle(shop.path, action, at="HEAD")
    shop.commit(
        "Fewer", **{PATH: AREA.split("  limit:")[0].replace("      - {name: the rest", "      # {name: the rest")}
    )
    with pytest.raises(Exception, match="no rule of checkout-v2 in production"):
        commit(shop.path, found, action.message())


def test_a_branch_that_moved_is_left_and_the_files_are_as_they_were(shop: Repo) -> None:
    """Somebody commits with Git itself between our look and our commit."""
    git = find(shop.path)
    assert git is not None
    at = tip(git)
    moved = shop.git("commit-tree", "-p", "HEAD", "-m", "Theirs", "HEAD^{tree}")
    stale = Tip(at.branch, at.commit, at.here)
    shop.git("update-ref", "refs/heads/main", moved)
    with alone(git), pytest.raises(OvertakenError):
        advance(git, stale, {PATH: AREA + "# more\n"}, "Ours")
    assert shop.git("rev-parse", "HEAD") == moved
    assert (shop.path / PATH).read_text() == AREA
    assert shop.git("status", "--porcelain") == ""


def test_hooks_of_the_repository_do_not_run(shop: Repo, tmp_path: Path) -> None:
    for name in ("pre-commit", "commit-msg", "post-commit", "reference-transaction", "post-index-change"):
        hook = shop.path / ".git/hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n")
        hook.chmod(0o755)
    make_it(shop)
    assert not (tmp_path / "ran").exists()


def test_it_is_signed_where_git_is_told_to(shop: Repo, tmp_path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "key")], check=True)
    public = (tmp_path / "key.pub").read_text()
    (tmp_path / "allowed").write_text(f"ada@harbour.example {public}")
    for name, value in {
        "gpg.format": "ssh",
        "user.signingKey": str(tmp_path / "key"),
        "commit.gpgSign": "true",
        "gpg.ssh.allowedSignersFile": str(tmp_path / "allowed"),
    }.items():
        shop.git("config", "--global", name, value)
    make_it(shop)
    assert shop.git("log", "-1", "--format=%G?") == "G"


def test_who_nobody_knows_does_not_commit(shop: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.delenv(f"GIT_{role}_NAME")
        monkeypatch.delenv(f"GIT_{role}_EMAIL")
    with pytest.raises(GitError, match="does not know who you are"):
        make_it(shop)
    assert shop.git("status", "--porcelain") == ""


WRITERS_AT_ONCE = """
import os, sys
from pathlib import Path
from terrace.toggle import Action, commit, toggle

def write(number):
    action = Action("off", f"flag-{number}", "development", reason=f"writer {number}")
    found = toggle(folder, action, at="main")
    os.write(ready[1], b".")
    os.read(go[0], 1)
    commit(folder, found, action.message(), branch="main", base=found.commit)

folder, count = Path(sys.argv[1]), int(sys.argv[2])
ready, go = os.pipe(), os.pipe()
children = []
for number in range(count):
    child = os.fork()
    if not child:
        write(number)
        os._exit(0)
    children.append(child)
# All look at the same commit first; then all commit.
for _ in range(count):
    os.read(ready[0], 1)
os.write(go[1], b"." * count)
sys.exit(any(os.waitpid(child, 0)[1] for child in children))
"""
WRITERS = 50


def many(count: int) -> str:
    flag = "  flag-{}:\n    type: boolean\n    owner: me\n    created: 2026-11-01\n    permanent: true\n"
    flag += "    variants: {{on: true, off: false}}\n    off_variant: off\n    environments:\n"
    flag += "      development: {{default: on}}\n"
    return "flags:\n" + "".join(flag.format(number) for number in range(count))


@pytest.mark.parametrize("bare", [True, False], ids=["bare", "checkout"])
def test_fifty_writers_at_once_lose_nothing(tmp_path: Path, bare: bool) -> None:
    shop = make(tmp_path / "shop")
    shop.commit("Start", **{**FILES, PATH: many(WRITERS)})
    if bare:
        shop.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare.git"))
        shop = Repo(tmp_path / "bare.git")
    script = [sys.executable, "-c", WRITERS_AT_ONCE, str(shop.path), str(WRITERS)]
    ended = subprocess.run(script, check=False, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
    subjects = shop.git("log", "--format=%s", "main").splitlines()
    assert set(subjects) == {
        "Start",
        *(f"flags: turn off flag-{number} in development" for number in range(WRITERS)),
    }
    assert len(subjects) == WRITERS + 1
    assert shop.git("rev-list", "--merges", "main") == ""
    assert shop.git("show", f"main:{PATH}").count("enabled: false") == WRITERS
    assert shop.git("fsck", "--strict") == ""
    if not bare:
        assert shop.git("status", "--porcelain") == ""
