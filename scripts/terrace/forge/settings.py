"""Where a repository is kept, as its `pyproject.toml` says, and the token that may be sent there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from terrace.errors import TerraceError

KINDS = ("github", "gitlab", "gitea")
PLACE = "[tool.terrace.forge] in pyproject.toml"
HOST = "TERRACE_FORGE_HOST"
TOKEN = "TERRACE_FORGE_TOKEN"
_OWN = {"github": "GITHUB_TOKEN", "gitlab": "GITLAB_TOKEN", "gitea": "GITEA_TOKEN"}
_URLS = {"github": "https://api.github.com", "gitlab": "https://gitlab.com", "gitea": ""}
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_AS_SSH = re.compile(r"(?:[^@/]+@)?(?P<host>[^:/]+):(?!//)")


class Forge(NamedTuple):
    """What kind of forge it is, the address of its API, and the project there: `owner/name`."""

    kind: str
    url: str
    project: str


def forge_of(settings: bytes | None) -> Forge | None:
    """The forge that `pyproject.toml` names; None where it names none."""
    import tomllib

    try:
        said: Any = tomllib.loads((settings or b"").decode())
    except ValueError as error:
        raise TerraceError(f"pyproject.toml is no TOML: {error}") from error
    for part in ("tool", "terrace", "forge"):
        said = said.get(part) if isinstance(said, dict) else None
    if said is None:
        return None
    if not isinstance(said, dict) or said.get("kind") not in KINDS:
        raise TerraceError(f"kind of {PLACE} is none that is known", hint=f"It is one of {', '.join(KINDS)}.")
    url, project = said.get("url", _URLS[said["kind"]]), said.get("project")
    if not isinstance(project, str) or "/" not in project.strip("/"):
        raise TerraceError(f"project of {PLACE} is missing", hint='As in project = "harbour/config".')
    if not isinstance(url, str) or not _is_safe(url):
        raise TerraceError(f"url of {PLACE} is not an https address", hint='As in url = "https://git.company.example".')
    return Forge(said["kind"], url.rstrip("/"), project.strip("/"))


def token_for(forge: Forge, remote: str, variables: Mapping[str, str]) -> str:
    """The token for a forge. It is only sent where commits are sent too, for who writes a file could name any address.

    `remote` is where Git pushes to. Another host has to be named by a variable, which no commit can set.
    """
    name = TOKEN if variables.get(TOKEN) else _OWN[forge.kind]
    token = variables.get(name, "").strip()
    if not token:
        raise TerraceError(
            f"there is no token for {forge.url}",
            hint=f"Put one into {TOKEN} (or {_OWN[forge.kind]}): it opens pull requests.",
        )
    host, trusted = urlsplit(forge.url).netloc, variables.get(HOST, "")
    origin = host_of(remote)
    if host not in {trusted, origin, f"api.{origin}"} - {"", "api."}:
        raise TerraceError(
            f"the token in {name} is not sent to {host}, for commits go to {origin or 'no host'}",
            hint=f"If that is right: {HOST}={host}",
        )
    if not token.isascii() or not token.isprintable():
        raise TerraceError(f"the token in {name} is none: it has characters that no token has")
    return token


def host_of(remote: str) -> str:
    """The host of a Git remote, `git@host:owner/name` or an address; empty where it is a folder."""
    if "://" in remote:
        parts = urlsplit(remote)
        # Ports are those of Git's own transport, but for http.
        return parts.netloc.rpartition("@")[2] if parts.scheme in ("http", "https") else parts.hostname or ""
    match = _AS_SSH.match(remote)
    return match["host"] if match else ""


def _is_safe(url: str) -> bool:
    parts = urlsplit(url)
    if parts.username or parts.password or parts.query or parts.fragment or not parts.hostname:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
