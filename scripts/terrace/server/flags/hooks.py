"""Webhooks of forges: somebody pushed, so look now. They say where to look in nothing that is believed."""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Mapping
from pathlib import Path

from fastapi import APIRouter, Request, Response

from terrace.errors import TerraceError
from terrace.server.door import Repository
from terrace.server.flags import changing_said as said
from terrace.server.problems import ProblemError
from terrace.server.reread import Reread

PATH = "/v1/hooks/git"
SHORTEST = 16
LARGEST = 1024 * 1024
"""Bytes of a webhook's body: a push of many commits is told at length."""
log = logging.getLogger("terrace.server")


class Secret:
    """The secret that a forge signs with, in a file that is read again when it changes."""

    def __init__(self, path: Path) -> None:
        self._secret = Reread("the webhooks' secret", (path,), lambda: _read(path))

    def signed(self, body: bytes, headers: Mapping[str, str]) -> bool:
        """Whether the body came from who knows the secret: as GitHub, Gitea or GitLab shows it."""
        secret = self._secret.now
        digest = hmac.new(secret, body, "sha256").hexdigest().encode()
        github = headers.get("x-hub-signature-256", "").removeprefix("sha256=")
        shown = ((github, digest), (headers.get("x-gitea-signature", ""), digest),
                 (headers.get("x-gitlab-token", ""), secret))  # fmt: skip
        # Each is compared, whichever was sent: how long it takes tells nothing.
        same = [hmac.compare_digest(given.encode("utf-8", "replace"), right) for given, right in shown]
        return any(same)


def routes(door: Repository | None, secret: Secret) -> APIRouter:
    """The route for webhooks."""
    router = APIRouter()
    looking: set[asyncio.Task[None]] = set()

    @router.post(PATH, **said.hooked(), name="A push", status_code=202)
    async def hook(request: Request) -> Response:
        """Look at the followed branch now: for a forge that was told to say when somebody pushed.

        The body counts for nothing but its signature; what it says twice is looked at twice.
        """
        if not secret.signed(await request.body(), request.headers):
            raise ProblemError(401, "This is not signed with the secret.")
        if door is None:
            raise ProblemError(503, "This server follows no repository.")
        # One look that has not begun is enough for all who ask meanwhile.
        if len(looking) < 2:
            task = asyncio.create_task(_look(door))
            looking.add(task)
            task.add_done_callback(looking.discard)
        return Response(status_code=202)

    return router


async def _look(door: Repository) -> None:
    try:
        said = await door.ask({"do": "fetch"})
    except ProblemError as error:
        log.warning("a webhook came, and nothing was fetched: %s", error.detail)
        return
    if said.get("status") != 200:
        log.warning("a webhook came, and nothing was fetched: %s", said.get("detail"))


def _read(path: Path) -> bytes:
    try:
        found = path.read_bytes().strip()
    except OSError as error:
        raise TerraceError(f"cannot read {path}: {error.strerror}", hint="--hook-secret FILE") from error
    if len(found) < SHORTEST:
        raise TerraceError(
            f"{path} holds a secret of less than {SHORTEST} characters", hint="openssl rand -hex 32 > FILE"
        )
    return found
