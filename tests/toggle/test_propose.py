"""What goes by review: a branch, pushed, and a pull request where a forge is configured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from terrace.errors import GitError, RefusedError, TerraceError
from terrace.forge import Forge, forge_of, open_request, token_for
from terrace.forge.settings import host_of
from terrace.toggle import Action, Proposed, propose, toggle
from tests.git.conftest import Repo, make
from tests.toggle.conftest import AREA, FILES, PATH
from tests.toggle.forges import Server, serving

KEY = "checkout-v2"
OFF = Action("off", KEY, "production", reason="too slow")
BRANCH = "toggle/off-checkout-v2-production"
PAGE = "https://git.example/7"


@pytest.fixture
def forge() -> Iterator[Server]:
    with serving() as server:
        yield server


def put_up(shop: Repo, variables: Mapping[str, str] | None = None, action: Action = OFF) -> Proposed:
    found = toggle(shop.path, action, at="HEAD")
    assert found.protected
    return propose(shop.path, found, action.message(), variables or {})


def with_remote(shop: Repo, folder: Path) -> Repo:
    make(folder, "--bare")
    shop.git("remote", "add", "origin", str(folder))
    shop.git("push", "-q", "origin", "main")
    return Repo(folder)


def configured(shop: Repo, kind: str, url: str) -> None:
    shop.commit(
        "Forge",
        **{"pyproject.toml": f'[tool.terrace.forge]\nkind = "{kind}"\nurl = "{url}"\nproject = "harbour/config"\n'},
    )


def test_it_is_a_branch_of_its_own_and_nothing_else_moves(shop: Repo) -> None:
    start = shop.git("rev-parse", "HEAD")
    made = put_up(shop)
    assert (made.branch, made.remote, made.url, made.problem) == (BRANCH, "", "", None)
    assert shop.git("log", "--format=%s", f"main..{BRANCH}") == OFF.subject
    assert shop.git("diff", "--numstat", "main", BRANCH) == f"1\t0\t{PATH}"
    assert (shop.git("rev-parse", "HEAD"), shop.git("status", "--porcelain")) == (start, "")
    assert (shop.path / PATH).read_text() == AREA


def test_a_branch_that_is_there_is_not_touched(shop: Repo) -> None:
    first = put_up(shop)
    second = put_up(shop)
    assert second.branch == f"{BRANCH}-2"
    assert shop.git("rev-parse", BRANCH) == first.commit.oid


def test_uncommitted_work_does_not_get_into_it(shop: Repo) -> None:
    shop.write({PATH: AREA + "# mine\n"})
    made = put_up(shop)
    assert "# mine" not in shop.git("show", f"{made.branch}:{PATH}")
    assert (shop.path / PATH).read_text() == AREA + "# mine\n"


def test_it_is_pushed_where_there_is_a_remote(shop: Repo, tmp_path: Path) -> None:
    remote = with_remote(shop, tmp_path / "origin.git")
    made = put_up(shop)
    assert made.remote == "origin"
    assert remote.git("rev-parse", BRANCH) == made.commit.oid
    assert remote.git("rev-parse", "main") == shop.git("rev-parse", "main")


def test_a_remote_that_is_away_leaves_the_branch_here(shop: Repo, tmp_path: Path) -> None:
    shop.git("remote", "add", "origin", str(tmp_path / "nowhere"))
    made = put_up(shop)
    assert isinstance(made.problem, GitError)
    assert "the remote 'origin' did not take toggle/off-checkout-v2-production" in made.problem.message
    assert shop.git("rev-parse", BRANCH) == made.commit.oid


def test_a_program_that_the_repository_names_is_not_run_to_push(shop: Repo, tmp_path: Path) -> None:
    with_remote(shop, tmp_path / "origin.git")
    shop.git("config", "remote.origin.receivepack", f"touch {tmp_path}/ran; git-receive-pack")
    made = put_up(shop)
    assert made.problem is not None
    assert "names a program" in made.problem.message
    assert not (tmp_path / "ran").exists()


CALLS = {
    "github": (
        "/repos/harbour/config/pulls",
        ("authorization", "Bearer s3cret"),
        {"head": BRANCH, "base": "main"},
        {"number": 7, "html_url": PAGE},
    ),
    "gitlab": (
        "/api/v4/projects/harbour%2Fconfig/merge_requests",
        ("private-token", "s3cret"),
        {"source_branch": BRANCH, "target_branch": "main"},
        {"iid": 7, "web_url": PAGE},
    ),
    "gitea": (
        "/api/v1/repos/harbour/config/pulls",
        ("authorization", "token s3cret"),
        {"head": BRANCH, "base": "main"},
        {"number": 7, "html_url": PAGE},
    ),
}


@pytest.mark.parametrize("kind", CALLS)
def test_a_pull_request_is_opened(shop: Repo, tmp_path: Path, forge: Server, kind: str) -> None:
    path, header, branches, answer = CALLS[kind]
    configured(shop, kind, forge.url)
    with_remote(shop, tmp_path / "origin.git")
    forge.answers.append((201, answer, {}))
    made = put_up(shop, {"TERRACE_FORGE_TOKEN": "s3cret", "TERRACE_FORGE_HOST": forge.host})
    assert (made.url, made.problem) == (PAGE, None)
    (asked,) = forge.asked
    assert asked.path == path
    assert asked.headers[header[0]] == header[1]
    assert {name: asked.body[name] for name in branches} == branches
    assert asked.body["title"] == OFF.subject
    body = asked.body["description" if kind == "gitlab" else "body"]
    assert "too slow" in body
    assert "| eu | " in body


FORGE = Forge("github", "https://git.example", "harbour/config")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((401, {"message": "Bad credentials"}, {}), "401 Bad credentials"),
        (
            (422, {"message": "Validation Failed", "errors": [{"message": "already there"}]}, {}),
            "Failed; already there",
        ),
        ((409, {"message": ["Another open merge request"]}, {}), "409 Another open merge request"),
        ((502, b"<html>", {}), "502"),
        ((201, {"number": 1}, {}), "did not open"),
        ((302, b"", {"Location": "http://127.0.0.1:1/"}), "302"),
    ],
)
def test_a_refusal_says_what_the_forge_said(forge: Server, answer: tuple[int, Any, dict[str, str]], said: str) -> None:
    forge.answers.append(answer)
    with pytest.raises(TerraceError, match=said) as caught:
        open_request(FORGE._replace(url=forge.url), "s3cret", title="t", body="b", head="h", base="main")
    assert "s3cret" not in caught.value.message + caught.value.hint
    assert len(forge.asked) == 1


def test_a_forge_that_is_away_says_so() -> None:
    with pytest.raises(TerraceError, match="cannot be asked"):
        open_request(FORGE._replace(url="http://127.0.0.1:1"), "t", title="t", body="", head="h", base="main")


@pytest.mark.parametrize(
    "remote", ["git@git.example:harbour/config.git", "https://git.example/harbour/config", "ssh://git@git.example:22/x"]
)
def test_a_token_goes_where_commits_go(remote: str) -> None:
    assert token_for(FORGE, remote, {"GITHUB_TOKEN": "a"}) == "a"
    assert token_for(FORGE._replace(url="https://api.git.example"), remote, {"TERRACE_FORGE_TOKEN": "b"}) == "b"


@pytest.mark.parametrize(
    "remote", ["git@elsewhere.example:x/y", "/srv/git/config.git", "", "https://git.example:444/x"]
)
def test_a_token_goes_nowhere_else_unless_a_variable_says_so(remote: str) -> None:
    with pytest.raises(TerraceError, match=r"is not sent to git\.example"):
        token_for(FORGE, remote, {"GITHUB_TOKEN": "a"})
    assert token_for(FORGE, remote, {"GITHUB_TOKEN": "a", "TERRACE_FORGE_HOST": "git.example"}) == "a"


def test_without_a_token_the_branch_is_pushed_all_the_same(shop: Repo, tmp_path: Path, forge: Server) -> None:
    configured(shop, "github", forge.url)
    remote = with_remote(shop, tmp_path / "origin.git")
    made = put_up(shop)
    assert made.problem is not None
    assert "there is no token" in made.problem.message
    assert remote.git("rev-parse", BRANCH) == made.commit.oid
    assert forge.asked == []


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ('kind = "svn"\nproject = "a/b"', "kind of"),
        ('kind = "github"', "project of"),
        ('kind = "gitea"\nproject = "a/b"', "url of"),
        ('kind = "gitea"\nproject = "a/b"\nurl = "http://git.example"', "url of"),
        ('kind = "gitea"\nproject = "a/b"\nurl = "https://me:pw@git.example"', "url of"),
    ],
)
def test_settings_that_are_wrong_are_named(settings: str, said: str) -> None:
    with pytest.raises(TerraceError, match=said):
        forge_of(f"[tool.terrace.forge]\n{settings}\n".encode())


def test_hosts_of_remotes_are_understood() -> None:
    assert host_of("git@git.example:a/b.git") == "git.example"
    assert host_of("https://token@git.example:8443/a") == "git.example:8443"
    assert host_of("../other") == ""


def test_an_edit_with_an_error_is_not_put_up(shop: Repo) -> None:
    with pytest.raises(RefusedError, match="the edit is not made"):
        put_up(shop, action=Action("set", KEY, "production", rule="the rest", rollout={"on": 500, "off": 1}))
    assert shop.git("branch", "--format=%(refname:short)") == "main"


def test_what_is_in_a_folder_is_put_up_in_that_folder(tmp_path: Path) -> None:
    repo = make(tmp_path / "mono")
    repo.commit("Start", **{f"config/{path}": text for path, text in FILES.items()})
    made = put_up(Repo(repo.path / "config"))
    assert repo.git("diff", "--name-only", "main", made.branch) == f"config/{PATH}"
