"""Revisions, dates and times become commits."""

from __future__ import annotations

import pytest

from terrace.errors import GitError
from terrace.git import Commit, find

DAYS = ("2026-03-01T12:00:00+00:00", "2026-03-02T23:30:00-05:00", "2026-03-05T08:00:00+00:00")


@pytest.fixture
def history(repo):
    """Three commits on main; the second was made on the 2nd where its author was, on the 3rd in UTC."""
    return [repo.commit(f"Commit {number}", when, **{"a.yaml": f"a: {number}\n"}) for number, when in enumerate(DAYS)]


def test_a_commit_has_its_id_its_time_in_utc_and_its_subject(repo, history):
    assert find(repo.path).resolve("HEAD~1") == Commit(history[1], "2026-03-03T04:30:00Z", "Commit 1")


@pytest.mark.parametrize("rev", ["main", "HEAD", "@", "v1", "light", "main~0", ":/Commit 2", "refs/heads/main"])
def test_every_way_git_names_a_commit(repo, history, rev):
    repo.git("tag", "-a", "v1", "-m", "One")
    repo.git("tag", "light")
    assert find(repo.path).resolve(rev).oid == history[2]
    assert find(repo.path).resolve(history[2][:8]).oid == history[2]


@pytest.mark.parametrize(
    ("asked", "number"),
    [
        ("2026-03-01", 0),
        ("2026-03-02", 0),
        ("2026-03-03", 1),
        ("2026-03-05", 2),
        ("2099-01-01", 2),
        ("2026-03-01T12:00", 0),
        ("2026-03-05T07:59", 1),
        ("2026-03-05T08:00:00Z", 2),
        ("2026-03-05 08:30+01:00", 1),
        ("2026-03-05 09:00 +0100", 2),
        ("2026-03-05T02:59:59.5-05:00", 1),
    ],
)
def test_a_date_is_the_newest_commit_not_younger(repo, history, asked, number):
    assert find(repo.path).resolve(asked).oid == history[number]


def test_a_date_stays_on_the_line_of_head_and_not_on_what_was_merged(repo, history):
    repo.git("checkout", "--quiet", "-b", "side", history[0])
    repo.commit("On the side", "2026-03-06T00:00:00+00:00", **{"b.yaml": "b: 1\n"})
    repo.git("checkout", "--quiet", "main")
    when = "2026-03-08T00:00:00+00:00"
    repo.git("merge", "--quiet", "--no-ff", "side", "-m", "Merge", GIT_COMMITTER_DATE=when, GIT_AUTHOR_DATE=when)
    assert find(repo.path).resolve("2026-03-07").oid == history[2]


def test_a_branch_that_is_named_like_a_date_is_the_branch(repo, history):
    repo.git("branch", "2026-03-05", history[0])
    assert find(repo.path).resolve("2026-03-05").oid == history[0]


def test_a_date_before_the_first_commit(repo, history):
    with pytest.raises(GitError, match="no commit is as old as 2020-01-01"):
        find(repo.path).resolve("2020-01-01")


def test_a_wrong_name_gets_close_ones(repo, history):
    repo.git("branch", "release-1.2")
    with pytest.raises(GitError, match=r"no revision 'relaese-1\.2'") as raised:
        find(repo.path).resolve("relaese-1.2")
    assert raised.value.hint == "Did you mean 'release-1.2'?"


@pytest.mark.parametrize(
    "rev",
    ["", "nothing", "--all", "--output=x", "-1", "^main", "main..v1", "a\0b", "2026-13-01", "f" * 40, "x\ny", "\udcff"],
)
def test_what_names_no_commit_is_an_error_and_never_an_option(repo, history, rev):
    with pytest.raises(GitError, match="there is no revision"):
        find(repo.path).resolve(rev)


def test_a_file_or_folder_is_not_a_commit(repo, history):
    with pytest.raises(GitError, match=r"'HEAD:a\.yaml' is a blob, not a commit"):
        find(repo.path).resolve("HEAD:a.yaml")
    with pytest.raises(GitError, match="is a tree, not a commit"):
        find(repo.path).resolve("HEAD:")


def test_before_the_first_commit(repo):
    git = find(repo.path)
    assert git.head() is None
    with pytest.raises(GitError, match="no commits yet"):
        git.resolve("HEAD")
    with pytest.raises(GitError, match="no commits yet"):
        git.resolve("2026-03-01")


def test_a_shallow_clone_knows_its_own_commits_and_says_why_it_lacks_others(repo, history, tmp_path):
    repo.git("clone", "--quiet", "--depth=1", f"file://{repo.path}", str(tmp_path / "shallow"))
    git = find(tmp_path / "shallow")
    assert git.shallow
    assert git.resolve("HEAD").oid == history[2]
    assert git.resolve("2026-03-06").oid == history[2]
    for missing in ("HEAD~1", history[0], "2026-03-01"):
        with pytest.raises(GitError, match="shallow clone") as raised:
            git.resolve(missing)
        assert "git fetch --unshallow" in raised.value.hint


def test_replaced_objects_are_not_looked_at(repo, history):
    repo.git("replace", history[2], history[0])
    assert find(repo.path).resolve("HEAD").subject == "Commit 2"


def test_odd_subjects_and_impossible_times(repo):
    oid = repo.commit("Zoë's ünicode \x1b[31m\n\nBody", "2026-03-01T12:00:00+00:00")
    assert find(repo.path).resolve(oid).subject == "Zoë's ünicode \x1b[31m"
    raw = repo.git("cat-file", "commit", oid).replace("1772366400", "99999999999999999")
    (repo.path / "raw").write_text(raw + "\n")
    broken = repo.git("hash-object", "-t", "commit", "--literally", "-w", "raw")
    assert find(repo.path).resolve(broken).time[4] == "-"


def test_a_repository_with_sha256(tmp_path, repo):
    other = type(repo)(tmp_path / "sha256")
    other.path.mkdir()
    other.git("init", "--quiet", "--object-format=sha256")
    oid = other.commit(**{"a.yaml": "a: 1\n"})
    git = find(other.path)
    assert len(oid) == 64
    assert git.resolve("HEAD").oid == oid
    assert list(git.blobs([leaf.oid for leaf in git.tree(oid)])) == [b"a: 1\n"]
    made = git.commit_files("next", {"a.yaml": "a: 2\n"}, "Two", oid)
    assert other.git("show", f"{made.oid}:a.yaml") == "a: 2"
