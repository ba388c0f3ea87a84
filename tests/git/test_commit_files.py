"""New branches with one commit."""

from __future__ import annotations

import pytest

from terrace.errors import GitError
from terrace.git import find

BEFORE = {"environments/base/backend.yaml": "a: 1\n", "tenants/acme/backend.yaml": "a: 2\n", "README.md": "Read me\n"}


@pytest.fixture
def base(repo):
    return repo.commit("Before", **BEFORE)


def test_exactly_the_files_given_change(repo, base):
    repo.git("config", "core.autocrlf", "input")
    files = {"tenants/acme/backend.yaml": "a: 3\r\n", "tenants/neu/ä b.yaml": "é", "README.md": None}
    made = find(repo.path).commit_files("set/a", files, "Set a\n\nBecause.", base)
    assert made.subject == "Set a"
    assert repo.git("rev-parse", "set/a", "set/a~1").split() == [made.oid, base]
    changed = repo.git("-c", "core.quotePath=off", "diff", "--name-status", base, made.oid).splitlines()
    assert changed == ["D\tREADME.md", "M\ttenants/acme/backend.yaml", "A\ttenants/neu/ä b.yaml"]
    git = find(repo.path)
    assert list(git.blobs([leaf.oid for leaf in git.tree(made.oid, below=["tenants"])])) == [b"a: 3\r\n", "é".encode()]
    assert repo.git("log", "-1", "--format=%an <%ae>", made.oid) == "Ada <ada@harbour.example>"


def test_the_work_tree_the_index_and_the_branch_stay_as_they_are(repo, base):
    repo.write({"README.md": "Edited", "staged.yaml": "a: 1\n"})
    repo.git("add", "staged.yaml")
    index, status = (repo.path / ".git/index").read_bytes(), repo.git("status", "--porcelain")
    find(repo.path).commit_files("next", {"README.md": "Committed"}, "Next", base)
    assert (repo.path / ".git/index").read_bytes() == index
    assert repo.git("status", "--porcelain") == status
    assert repo.git("rev-parse", "HEAD") == base
    assert repo.git("symbolic-ref", "HEAD") == "refs/heads/main"


def test_a_file_keeps_its_mode(repo, base):
    (repo.path / "README.md").chmod(0o755)
    base = repo.commit("Executable")
    made = find(repo.path).commit_files("next", {"README.md": "x"}, "Next", base)
    assert repo.git("ls-tree", made.oid, "README.md").startswith("100755")


def test_an_existing_branch_is_never_overwritten(repo, base):
    with pytest.raises(GitError, match="there is a branch 'main' already"):
        find(repo.path).commit_files("main", {"README.md": "x"}, "Next", base)
    with pytest.raises(GitError, match="cannot lock ref"):
        find(repo.path).commit_files("main/sub", {"README.md": "x"}, "Next", base)
    assert repo.git("rev-parse", "main") == base


@pytest.mark.parametrize("name", ["", "-d", "a..b", "a b", "x.lock", "a\nb"])
def test_a_name_that_no_branch_can_have(repo, base, name):
    with pytest.raises(GitError, match="cannot be the name of a branch"):
        find(repo.path).commit_files(name, {"README.md": "x"}, "Next", base)


def test_somebody_git_does_not_know_cannot_commit(repo, base, monkeypatch):
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.delenv(f"GIT_{role}_NAME")
        monkeypatch.delenv(f"GIT_{role}_EMAIL")
    with pytest.raises(GitError, match="does not know who you are") as raised:
        find(repo.path).commit_files("next", {"README.md": "x"}, "Next", base)
    assert "git config --global user.name" in raised.value.hint
    assert repo.git("branch", "--list", "next") == ""


def test_a_link_is_not_replaced_by_a_file(repo, base):
    (repo.path / "link.yaml").symlink_to("README.md")
    base = repo.commit("Link")
    with pytest.raises(GitError, match=r"link\.yaml is a symbolic link"):
        find(repo.path).commit_files("next", {"link.yaml": "x"}, "Next", base)


def test_a_commit_is_signed_where_the_user_signs(repo, base, tmp_path):
    program = tmp_path / "gpg"
    program.write_text("#!/bin/sh\ncat > /dev/null\necho SIGNATURE\necho '\n[GNUPG:] SIG_CREATED ' >&2\n")
    program.chmod(0o755)
    repo.git("config", "--global", "gpg.program", str(program))
    repo.git("config", "commit.gpgSign", "true")
    made = find(repo.path).commit_files("next", {"README.md": "x"}, "Next", base)
    assert "SIGNATURE" in repo.git("cat-file", "commit", made.oid)
