"""Ages from Git without a key: real repositories, real ciphertext, and the ways in which a value changes or not."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyrage
import pytest

from terrace.git import find
from terrace.model.witness import Seen, disagreements
from terrace.secrets.history import ages
from terrace.sops import Identities, create, open_, rotate_data_key
from terrace.sops.identities import Identity

PATH = "environments/production/app.secrets.yaml"
NOW = datetime(2026, 11, 24, tzinfo=UTC)
KEY = pyrage.x25519.Identity.generate()
US = Identities((Identity(KEY, str(KEY.to_public()), "a test"),))
TO = [str(KEY.to_public())]
VALUES = {"database": {"password": "one", "user": "two"}, "token": "three"}


class Repo:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str, day: str = "2026-01-01") -> str:
        when = f"{day}T12:00:00+00:00"
        who = {
            "GIT_AUTHOR_NAME": "A",
            "GIT_AUTHOR_EMAIL": "a@b",
            "GIT_COMMITTER_NAME": "A",
            "GIT_COMMITTER_EMAIL": "a@b",
        }
        environ = {**os.environ, **who, "GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
        command = ["git", "-C", str(self.folder), *arguments]
        return subprocess.run(command, env=environ, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, day: str, text: str, path: str = PATH) -> str:
        self.write(text, path)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", f"on {day}", day=day)
        return self.git("rev-parse", "HEAD")

    def write(self, text: str, path: str = PATH) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text)

    def ages(self, path: str = PATH) -> Mapping[Any, Seen]:
        git = find(self.folder)
        assert git is not None
        return ages(git, {path: (self.folder / path).read_text()})[path]

    def days(self) -> dict[str, str]:
        return {str(pointer[-1]): str(seen.day) for pointer, seen in self.ages().items()}


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path)


def changed(text: str, **values: str) -> str:
    places = {"password": ("database", "password"), "user": ("database", "user"), "token": ("token",)}
    return open_(text, US).changed({places[name]: value for name, value in values.items()}, NOW)


def test_each_value_is_as_old_as_the_commit_that_brought_it(repo: Repo) -> None:
    text = create(VALUES, TO, now=NOW)
    first = repo.commit("2026-01-01", text)
    second = repo.commit("2026-02-01", changed(text, password="other"))
    repo.commit("2026-03-01", "unrelated", "README.md")
    assert repo.days() == {"password": "2026-02-01", "user": "2026-01-01", "token": "2026-01-01"}
    found = repo.ages()
    assert found["database", "password"] == Seen(date(2026, 2, 1), second)
    assert found["token",] == Seen(date(2026, 1, 1), first, first=True)


def test_a_new_data_key_makes_nothing_younger(repo: Repo) -> None:
    text = create(VALUES, TO, now=NOW)
    repo.commit("2026-01-01", text)
    again = rotate_data_key(text, US, TO, NOW)
    assert again != text
    repo.commit("2026-02-01", again)
    assert set(repo.days().values()) == {"2026-01-01"}


def test_a_file_encrypted_anew_as_a_whole_is_not_known_to_be_young(repo: Repo) -> None:
    repo.commit("2026-01-01", create(VALUES, TO, now=NOW))
    repo.commit("2026-02-01", create(VALUES, TO, now=NOW))
    assert {seen.reencrypted for seen in repo.ages().values()} == {True}
    text = (repo.folder / PATH).read_text()
    repo.commit("2026-03-01", changed(text, token="other"))
    assert {str(pointer[-1]): seen.reencrypted for pointer, seen in repo.ages().items()} == {
        "password": True,
        "user": True,
        "token": False,
    }


def test_what_is_not_committed_has_no_day(repo: Repo) -> None:
    text = create(VALUES, TO, now=NOW)
    repo.write(text)
    assert repo.ages()["token",] == Seen()
    repo.commit("2026-01-01", text)
    repo.write(changed(text, token="other"))
    assert repo.ages()["token",] == Seen()
    assert repo.ages()["database", "user"].day == date(2026, 1, 1)


def test_a_value_that_came_back_is_as_young_as_its_return(repo: Repo) -> None:
    text = create(VALUES, TO, now=NOW)
    repo.commit("2026-01-01", text)
    repo.commit("2026-02-01", changed(text, token="other"))
    repo.commit("2026-03-01", text)
    assert repo.days()["token"] == "2026-03-01"


def test_a_merge_is_not_what_brought_a_value(repo: Repo) -> None:
    text = create(VALUES, TO, now=NOW)
    repo.commit("2026-01-01", text)
    repo.git("checkout", "--quiet", "-b", "branch")
    new = changed(text, token="other")
    repo.commit("2026-02-01", new)
    repo.git("checkout", "--quiet", "main")
    repo.commit("2026-03-01", "x", "README.md")
    repo.git("merge", "--quiet", "--no-edit", "branch", day="2026-04-01")
    assert repo.days() == {"password": "2026-01-01", "user": "2026-01-01", "token": "2026-02-01"}


def test_both_sides_of_a_merge_that_was_put_together_keep_their_days(repo: Repo) -> None:
    text = create(VALUES, TO, now=NOW)
    repo.commit("2026-01-01", text)
    repo.git("checkout", "--quiet", "-b", "branch")
    theirs = changed(text, token="other")
    repo.commit("2026-02-01", theirs)
    repo.git("checkout", "--quiet", "main")
    repo.commit("2026-03-01", changed(text, password="mine"))
    repo.git("merge", "--quiet", "--no-commit", "--strategy=ours", "branch")
    # A merge driver takes each value from the side that changed it; here a third one comes with the merge itself.
    password = open_((repo.folder / PATH).read_text(), US).values["database"]["password"]
    both = open_((repo.folder / PATH).read_text(), US)
    line = next(line for line in theirs.splitlines() if line.startswith("token:"))
    mixed = "\n".join(line if old.startswith("token:") else old for old in both.file.text.splitlines()) + "\n"
    repo.commit("2026-04-01", mixed)
    assert password.reveal() == "mine"
    assert repo.days() == {"password": "2026-03-01", "user": "2026-01-01", "token": "2026-02-01"}


def test_a_folder_inside_of_a_repository_has_the_same_ages(repo: Repo) -> None:
    text = create(VALUES, TO, now=NOW)
    repo.commit("2026-01-01", text, f"deploy/config/{PATH}")
    repo.commit("2026-02-01", create(VALUES, TO, now=NOW))
    git = find(repo.folder / "deploy/config")
    assert git is not None
    assert {seen.day for seen in ages(git, {PATH: text})[PATH].values()} == {date(2026, 1, 1)}


def test_many_files_cost_two_processes(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {f"tenants/t{number}/production/app.secrets.yaml": create(VALUES, TO, now=NOW) for number in range(40)}
    for path, text in texts.items():
        repo.write(text, path)
    repo.commit("2026-01-01", create(VALUES, TO, now=NOW))
    git = find(repo.folder)
    assert git is not None
    started: list[Any] = []
    kept = subprocess.Popen.__init__

    def counted(self: Any, *arguments: Any, **named: Any) -> None:
        started.append(arguments)
        kept(self, *arguments, **named)

    monkeypatch.setattr(subprocess.Popen, "__init__", counted)
    found = ages(git, texts)
    assert len(found) == 40
    assert all(seen.day == date(2026, 1, 1) for each in found.values() for seen in each.values())
    assert len(started) <= 3, "one to see whether there are commits, one log, one cat-file"


@pytest.mark.parametrize(
    ("ledger", "seen", "said"),
    [
        ("2026-03-01", Seen(date(2026, 3, 2), "c0ffee00"), ""),
        ("2026-03-01", Seen(date(2026, 3, 20), "c0ffee00"), "was last changed on 2026-03-20"),
        ("2026-03-01", Seen(date(2026, 3, 20), "c0ffee00", reencrypted=True), ""),
        ("2026-03-01", Seen(date(2026, 3, 20), "c0ffee00", first=True), ""),
        ("2026-03-20", Seen(date(2026, 3, 1), "c0ffee00"), "did not change in Git since 2026-03-01"),
        ("2026-03-20", Seen(date(2026, 3, 1), "c0ffee00", reencrypted=True), "did not change in Git since"),
        ("2026-03-20", Seen(), ""),
    ],
)
def test_disagreements_of_ledger_and_git(ledger: str, seen: Seen, said: str) -> None:
    found = list(disagreements({("a",): date.fromisoformat(ledger)}, {("a",): seen}))
    assert bool(found) == bool(said)
    assert not said or said in found[0][1]
