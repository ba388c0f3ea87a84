"""A commit to what is checked out, by a process that is killed in the middle of it, and what comes after."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from terrace.errors import RefusedError
from terrace.git import Commit, Git, find
from terrace.git import advance as module
from terrace.git.advance import advance, alone, tip
from terrace.git.unfinished import NAME
from tests.git.conftest import Repo, make

Step = Callable[[pytest.MonkeyPatch], None]


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    found = make(tmp_path / "repo")
    found.git("config", "user.name", "Ada")
    found.git("config", "user.email", "ada@harbour.example")
    found.commit("Start", **{"a.yaml": "a: 1\n", "b.yaml": "b: 1\n"})
    return found


def git_of(repo: Repo) -> Git:
    git = find(repo.path)
    assert git is not None
    return git


def commit(repo: Repo, **files: str) -> Commit:
    git = git_of(repo)
    with alone(git):
        return advance(git, tip(git), files, "Change\n")


def killed_at(step: str, nth: int, repo: Repo, **files: str) -> None:
    """Commit in another process, which is killed when it comes to a step for the nth time."""
    child = os.fork()
    if child == 0:
        whole, left = getattr(module, step), [nth]

        def die(*arguments: object) -> object:
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
            return whole(*arguments)

        setattr(module, step, die)
        commit(repo, **files)
        os._exit(0)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])


@pytest.mark.parametrize(("step", "nth"), [("_put", 1), ("_put", 2), ("_index", 1), ("_move", 1)])
def test_what_was_begun_is_taken_back_by_the_next(repo: Repo, step: str, nth: int) -> None:
    files = {"a.yaml": "a: 2\n", "new.yaml": "n: 1\n"}
    killed_at(step, nth, repo, **files)
    before = repo.git("rev-parse", "HEAD")
    made = commit(repo, **{"a.yaml": "a: 3\n"})
    assert repo.git("rev-parse", "HEAD^") == before
    assert repo.git("show", "--name-only", "--format=", made.oid) == "a.yaml"
    assert repo.git("status", "--porcelain") == ""
    assert (repo.path / "a.yaml").read_text() == "a: 3\n"
    assert not (repo.path / ".git" / NAME).exists()


def test_one_that_was_killed_after_it_was_made_is_there(repo: Repo) -> None:
    killed_at("_move", 1, repo, **{"a.yaml": "a: 2\n"})
    made = (repo.path / ".git" / NAME).read_text()
    repo.git("commit", "--quiet", "--all", "-m", "by hand")
    (repo.path / ".git" / NAME).write_text(made)
    commit(repo, **{"b.yaml": "b: 2\n"})
    assert (repo.path / "a.yaml").read_text() == "a: 2\n"
    assert repo.git("status", "--porcelain") == ""


def test_what_somebody_changed_since_is_theirs(repo: Repo) -> None:
    killed_at("_move", 1, repo, **{"a.yaml": "a: 2\n"})
    (repo.path / "a.yaml").write_text("a: mine\n")
    with pytest.raises(RefusedError, match=r"a\.yaml has changes that are not committed"):
        commit(repo, **{"a.yaml": "a: 3\n"})
    assert (repo.path / "a.yaml").read_text() == "a: mine\n"


def test_half_a_note_is_no_reason_to_stop(repo: Repo) -> None:
    (repo.path / ".git" / NAME).write_text('{"ref": "refs/he')
    commit(repo, **{"a.yaml": "a: 2\n"})
    assert repo.git("status", "--porcelain") == ""
