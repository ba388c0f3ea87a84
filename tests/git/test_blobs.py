"""Listings and blobs in bulk."""

from __future__ import annotations

import itertools
import random

import pytest

from terrace.errors import GitError
from terrace.git import Leaf, find


def test_five_thousand_blobs_are_those_of_the_files(repo):
    noise = random.Random(1)
    sizes = [0, 1, 65_536, 1_500_000, *(noise.randrange(3_000) for _ in range(4_996))]
    content = {f"tenants/t{number % 97}/{number}.yaml": noise.randbytes(size) for number, size in enumerate(sizes)}
    for path, data in content.items():
        (repo.path / path).parent.mkdir(parents=True, exist_ok=True)
        (repo.path / path).write_bytes(data)
    git = find(repo.path)
    leaves = git.tree(repo.commit())
    assert len(leaves) == 5_000
    read = dict(zip((leaf.path for leaf in leaves), git.blobs([leaf.oid for leaf in leaves]), strict=True))
    assert read == content


@pytest.fixture
def three(repo):
    commit = repo.commit(**{"a.yaml": "first\n", "b/c.yaml": "second\n", "b/d/e.yaml": "3" * 100_000})
    git = find(repo.path)
    return git, commit, [leaf.oid for leaf in git.tree(commit)]


def test_a_listing_of_some_folders(three):
    git, commit, oids = three
    assert git.tree(commit, below=["b/d", "nowhere"]) == [Leaf("b/d/e.yaml", "100644", oids[2])]
    assert [leaf.path for leaf in git.tree(commit, "b", ["d"])] == ["d/e.yaml"]
    assert [leaf.path for leaf in git.tree(commit, "b")] == ["c.yaml", "d/e.yaml"]


def test_a_folder_that_the_commit_does_not_have(three):
    git, commit, _ = three
    with pytest.raises(GitError, match="no folder 'config' in commit"):
        git.tree(commit, "config")


def test_no_more_than_asked_is_held_of_a_blob(three):
    git, _, oids = three
    assert list(git.blobs([oids[2], oids[0]], most=3)) == [b"333", b"fir"]


def test_nothing_asked_is_nothing_read(three):
    assert list(three[0].blobs([])) == []


def test_a_reading_that_was_given_up_does_not_answer_the_next(three):
    git, _, oids = three
    reading = git.blobs(oids)
    assert next(reading) == b"first\n"
    reading.close()
    assert list(git.blobs(oids[1:2])) == [b"second\n"]


def test_two_readings_at_once(three):
    git, _, oids = three
    first, second = git.blobs(oids[:2] * 200), git.blobs(oids[1::-1] * 200)
    pairs = list(itertools.zip_longest(first, second))
    assert pairs == [(b"first\n", b"second\n"), (b"second\n", b"first\n")] * 200


def test_one_process_serves_many_readings(three, monkeypatch, tmp_path):
    git, _, oids = three
    list(git.blobs(oids))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert [list(git.blobs([oid])) for oid in oids[:2]] == [[b"first\n"], [b"second\n"]]


def test_a_missing_object_is_named_and_does_not_answer_the_next(three):
    git, _, oids = three
    with pytest.raises(GitError, match="does not hold the object ffffffffffff") as raised:
        list(git.blobs([oids[0], "f" * 40]))
    assert "partial clone" in raised.value.hint
    assert list(git.blobs([oids[0]])) == [b"first\n"]


def test_a_partial_clone_is_never_completed_behind_our_back(three, repo, tmp_path):
    _, commit, oids = three
    repo.git("config", "uploadpack.allowFilter", "true")
    repo.git(
        "clone", "--quiet", "--filter=blob:none", "--no-checkout", f"file://{repo.path}", str(tmp_path / "partial")
    )
    git = find(tmp_path / "partial")
    assert len(git.tree(commit)) == 3
    with pytest.raises(GitError, match="this clone does not hold"):
        list(git.blobs(oids))
    type(repo)(tmp_path / "partial").git("fetch", "--quiet", "--refetch", "--no-filter")
    assert next(git.blobs(oids)) == b"first\n"
