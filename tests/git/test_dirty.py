"""What is not committed."""

from __future__ import annotations

import os

import pytest

from terrace.git import find


@pytest.fixture
def clean(repo):
    files = ("environments/base/shared.yaml", "environments/base/old.yaml", "tenants/acme/tenant.yaml", "README.md")
    repo.commit(**dict.fromkeys(files, "a: 1\n"), **{".gitignore": "*.local.yaml\n"})
    return repo


def test_a_clean_tree(clean):
    assert find(clean.path).dirty() == ()


def test_changed_deleted_untracked_and_staged_paths_but_not_ignored_ones(clean):
    clean.write(
        {"environments/base/shared.yaml": "a: 2\n", "tenants/new/äö ü.yaml": "a: 1\n", "x.local.yaml": "a: 1\n"}
    )
    (clean.path / "environments/base/old.yaml").unlink()
    clean.git("mv", "tenants/acme/tenant.yaml", "tenants/acme/renamed.yaml")
    assert find(clean.path).dirty() == (
        "environments/base/old.yaml",
        "environments/base/shared.yaml",
        "tenants/acme/renamed.yaml",
        "tenants/acme/tenant.yaml",
        "tenants/new/äö ü.yaml",
    )


def test_only_the_folders_asked_for(clean):
    clean.write({"README.md": "b", "tenants/acme/tenant.yaml": "b: 1\n", "tenants*/x.yaml": "b"})
    git = find(clean.path)
    assert git.dirty(below=["environments", "tenants", "flags"]) == ("tenants/acme/tenant.yaml",)
    assert git.dirty("tenants") == ("acme/tenant.yaml",)
    assert git.dirty("tenants", ["acme"]) == ("acme/tenant.yaml",)


def test_a_folder_whose_name_is_a_pattern_is_only_itself(repo):
    repo.write({"a*/x.yaml": "a: 1\n", "ab/x.yaml": "a: 1\n"})
    assert find(repo.path / "a*").dirty("a*") == ("x.yaml",)


def test_everything_is_dirty_before_the_first_commit(repo):
    repo.write({"environments/base/shared.yaml": "a: 1\n"})
    assert find(repo.path).dirty() == ("environments/base/shared.yaml",)


def test_looking_writes_nothing(clean):
    index = clean.path / ".git/index"
    before = index.read_bytes()
    os.utime(clean.path / "README.md", (1, 1))
    assert find(clean.path).dirty() == ()
    assert index.read_bytes() == before
