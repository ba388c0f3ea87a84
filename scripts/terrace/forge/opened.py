"""A pull request, opened by one call of a forge's API. It follows no redirection: the token goes to one host.

GitHub   https://docs.github.com/en/rest/pulls/pulls#create-a-pull-request
GitLab   https://docs.gitlab.com/api/merge_requests/#create-mr
Gitea    https://docs.gitea.com/api/#tag/repository/operation/repoCreatePullRequest (Forgejo has the same)
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from terrace import __version__
from terrace.errors import TerraceError
from terrace.forge.settings import Forge

SECONDS = 20
MOST = 1 << 20
"""Bytes of an answer that are read."""


class Opened(NamedTuple):
    """A pull request: the number by which the forge knows it, and its page."""

    number: int
    url: str


class _Call(NamedTuple):
    path: str
    headers: Mapping[str, str]
    body: Mapping[str, str]
    number: str
    page: str


def open_request(forge: Forge, token: str, *, title: str, body: str, head: str, base: str) -> Opened:
    """The pull request that asks for the branch `head` to be merged into `base`."""
    call = _CALLS[forge.kind](forge.project, token, title, body, head, base)
    status, answer = _sent(forge, call)
    if status == 201 and isinstance(answer, dict) and isinstance(answer.get(call.page), str):
        number = answer.get(call.number)
        return Opened(number if isinstance(number, int) else 0, answer[call.page])
    host = urlsplit(forge.url).netloc
    hint = _HINTS.get(status, f"Open it by hand: the branch {head!r} is there.")
    raise TerraceError(f"{host} did not open a pull request: {status} {_why(answer)}".rstrip(), hint=hint)


_HINTS = {
    401: "The token is not (or no longer) valid.",
    403: "The token may not open pull requests there.",
    404: "There is no such project, or the token may not see it.",
}


def _github(project: str, token: str, title: str, body: str, head: str, base: str) -> _Call:
    return _Call(
        f"/repos/{quote(project)}/pulls",
        {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {token}",
            "X-GitHub-Api-Version": "2022-11-28",
        },
        {"title": title, "body": body, "head": head, "base": base},
        "number",
        "html_url",
    )


def _gitlab(project: str, token: str, title: str, body: str, head: str, base: str) -> _Call:
    return _Call(
        f"/api/v4/projects/{quote(project, safe='')}/merge_requests",
        {"PRIVATE-TOKEN": token},
        {"title": title, "description": body, "source_branch": head, "target_branch": base},
        "iid",
        "web_url",
    )


def _gitea(project: str, token: str, title: str, body: str, head: str, base: str) -> _Call:
    return _Call(
        f"/api/v1/repos/{quote(project)}/pulls",
        {"Authorization": f"token {token}"},
        {"title": title, "body": body, "head": head, "base": base},
        "number",
        "html_url",
    )


_CALLS = {"github": _github, "gitlab": _gitlab, "gitea": _gitea}


def _sent(forge: Forge, call: _Call) -> tuple[int, Any]:
    parts = urlsplit(forge.url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=SECONDS)
    headers = {
        "Accept": "application/json",
        "Content-Type": "application/json",
        "User-Agent": f"terrace/{__version__}",
        **call.headers,
    }
    try:
        connection.request("POST", f"{parts.path}{call.path}", json.dumps(call.body).encode(), headers)
        response = connection.getresponse()
        return response.status, _read(response.read(MOST))
    except (OSError, HTTPException) as error:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise TerraceError(f"{parts.netloc} cannot be asked: {why}", hint="Open the pull request by hand.") from error
    finally:
        connection.close()


def _read(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _why(answer: Any) -> str:
    """What the forge said, in one line."""
    said = answer.get("message", answer.get("error", "")) if isinstance(answer, dict) else ""
    more = answer.get("errors") if isinstance(answer, dict) else None
    if isinstance(more, list):
        details = [each.get("message", "") if isinstance(each, dict) else str(each) for each in more]
        said = "; ".join(filter(None, [str(said), *details]))
    if isinstance(said, list):
        said = "; ".join(map(str, said))
    return " ".join(str(said).split())[:300]
