"""Which repository a folder is in."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from terrace.errors import GitError
from terrace.git import find


def test_a_folder_outside_of_git_is_in_no_repository_and_needs_no_git(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find(tmp_path) is None


def test_an_empty_dot_git_folder_is_no_repository(tmp_path):
    (tmp_path / ".git").mkdir()
    assert find(tmp_path) is None


def test_git_that_is_not_installed_is_said(repo, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitError, match="not installed") as raised:
        find(repo.path)
    assert "Install Git" in raised.value.hint


def test_the_top_of_a_repository(repo):
    git = find(repo.path)
    assert (git.root, git.prefix, git.has_work_tree, git.shallow) == (repo.path, "", True, False)


def test_a_folder_of_a_bigger_repository(repo):
    repo.write({"deploy/config/environments/base/shared.yaml": "a: 1\n"})
    git = find(repo.path / "deploy/config")
    assert (git.root, git.prefix) == (repo.path, "deploy/config")


def test_a_folder_with_a_line_break_in_its_name(repo):
    folder = repo.path / "two\nlines/-config"
    folder.mkdir(parents=True)
    git = find(folder)
    assert (git.root, git.prefix) == (repo.path, "two\nlines/-config")


def test_a_folder_reached_through_a_symbolic_link(repo, tmp_path):
    (repo.path / "config").mkdir()
    (tmp_path / "short").symlink_to(repo.path / "config")
    git = find(tmp_path / "short")
    assert (git.root, git.prefix) == (repo.path, "config")


def test_a_linked_worktree(repo, tmp_path):
    first = repo.commit(**{"a.yaml": "a: 1\n"})
    repo.git("worktree", "add", "--quiet", "-b", "other", str(tmp_path / "linked"))
    git = find(tmp_path / "linked")
    assert (git.root, git.has_work_tree, git.resolve("other").oid) == (tmp_path / "linked", True, first)


def test_a_worktree_whose_repository_is_gone_is_an_error(tmp_path):
    (tmp_path / ".git").write_text("gitdir: /nowhere/at/all\n")
    with pytest.raises(GitError, match="not a git repository: /nowhere"):
        find(tmp_path)


def test_a_submodule_is_a_repository_of_its_own(repo, tmp_path):
    repo.commit(**{"a.yaml": "a: 1\n"})
    outer = type(repo)(tmp_path / "outer")
    outer.path.mkdir()
    outer.git("init", "--quiet")
    outer.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(repo.path), "sub")
    assert find(outer.path / "sub").root == outer.path / "sub"


def test_a_bare_repository_has_revisions_and_no_work_tree(repo, tmp_path):
    first = repo.commit(**{"a.yaml": "a: 1\n"})
    repo.git("clone", "--quiet", "--bare", str(repo.path), str(tmp_path / "bare.git"))
    git = find(tmp_path / "bare.git")
    assert (git.has_work_tree, git.resolve("main").oid) == (False, first)
    assert [leaf.path for leaf in git.tree(first)] == ["a.yaml"]


def test_variables_of_another_repository_do_not_mislead(repo, tmp_path, monkeypatch):
    first = repo.commit(**{"a.yaml": "a: 1\n"})
    other = type(repo)(tmp_path / "other")
    other.path.mkdir()
    other.git("init", "--quiet")
    for name, value in {"GIT_DIR": ".git", "GIT_WORK_TREE": "..", "GIT_INDEX_FILE": "x", "GIT_PREFIX": "x/"}.items():
        monkeypatch.setenv(name, str(other.path / value))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(other.path / ".git/objects"))
    git = find(repo.path)
    assert (git.root, git.resolve("HEAD").oid, git.dirty()) == (repo.path, first, ())


def test_a_repository_of_another_user_is_refused_with_the_way_out(repo, monkeypatch):
    repo.commit()
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(GitError, match="belongs to another user") as raised:
        find(repo.path)
    assert f"--add safe.directory '{repo.path}" in raised.value.hint


def test_a_hook_sees_what_is_being_pushed_before_it_is_accepted(repo, tmp_path):
    repo.commit(**{"a.yaml": "a: 1\n"})
    bare = tmp_path / "bare.git"
    repo.git("clone", "--quiet", "--bare", str(repo.path), str(bare))
    script = (
        "import sys; from pathlib import Path; from terrace.git import find; "
        "print(find(Path.cwd()).resolve(sys.argv[1]).subject)"
    )
    hook = bare / "hooks/pre-receive"
    hook.write_text(f"#!/bin/sh\nread old new ref\n\"{sys.executable}\" -c '{script}' $new\n")
    hook.chmod(0o755)
    repo.commit("Pushed just now", **{"a.yaml": "a: 2\n"})
    source = str(Path(sys.modules["terrace"].__file__).parents[1])
    pushed = subprocess.run(
        ["git", "-C", repo.path, "push", str(bare), "main"],
        env={**os.environ, "PYTHONPATH": source}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert pushed.returncode == 0, pushed.stderr
    assert "remote: Pushed just now" in pushed.stderr
