"""Bundles as they were sealed, for the loader of applications: files by the digest of the manifest that lists them.

A caller that is limited to tenants gets a manifest of these alone. Its digest is its own, so that nothing of another
tenant can be seen in it; what it lists is what the whole bundle has, byte for byte. A signature is of the whole, and so
of no such part: it is given to those who get the whole.
"""

from __future__ import annotations

import time
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Request, Response
from fastapi import Path as InPath
from starlette.concurrency import run_in_threadpool

from terrace.bundle.manifest import FACTS, PROVENANCE, SCHEMA, SHARED, SIGNATURE, digest
from terrace.bundle.reader import MissingError
from terrace.errors import BundleError
from terrace.model.flag import STREAM
from terrace.server import asked, documented
from terrace.server.callers import Caller
from terrace.server.changes import Changes
from terrace.server.problems import ProblemError, nothing
from terrace.server.shelf import Shelf
from terrace.server.stand import Key, Snapshot

Name = Annotated[str, InPath(max_length=253, examples=["backend"])]
Environment = Annotated[str, InPath(max_length=253, examples=["production"])]
_LOOK = 15.0


class Seen(NamedTuple):
    """What one caller sees of a bundle: the bytes of its manifest, their digest, and the files that they list."""

    manifest: bytes
    digest: str
    files: frozenset[str]


def routes(shelf: Shelf, changes: Changes) -> APIRouter:
    """The routes for loaders."""
    router = APIRouter(prefix="/v1/bundles")

    def seen(request: Request, key: Key) -> tuple[Snapshot, Seen]:
        caller, snapshot = asked.admitted(request).caller, shelf.served.get(key)
        if key.service == STREAM:
            # They name tenants in their rules: they are for who sees all of these.
            snapshot = shelf.flags.get(key.environment)
            is_for = caller.evaluates(key.environment) and caller.sees_all_tenants
        else:
            is_for = caller.reaches(*key)
        found = _seen(snapshot, caller) if snapshot is not None and is_for else None
        if snapshot is None or found is None:
            raise nothing()
        return snapshot, found

    @router.get("/{service}/{environment}", **documented.BUNDLE, name="Manifest of a bundle")
    async def manifest(request: Request, service: Name, environment: Environment) -> Response:
        """The manifest of the bundle that is current; its SHA-256 is the ETag.

        With `Prefer: wait=60` and `If-None-Match` the response comes as soon as there is another one.
        """
        key, seconds = Key(environment, service), asked.seconds_to_wait(request)
        admitted = asked.admitted(request)
        end = time.monotonic() + (seconds or 0)
        with changes.place(admitted.caller.name):
            while True:
                event = changes.next(key)
                _, found = seen(request, key)
                left = end - time.monotonic()
                if not asked.has(request, f'"{found.digest}"') or left <= 0 or changes.closing:
                    return _manifest(request, found, seconds)
                await changes.wait(event, min(left, _LOOK))
                if not admitted.still:
                    raise nothing()

    @router.get("/{service}/{environment}/{sha256}/{name}", **documented.BUNDLE_FILE, name="A file of a bundle")
    async def file(
        request: Request,
        service: Name,
        environment: Environment,
        sha256: Annotated[str, InPath(pattern="^sha256:[0-9a-f]{64}$", examples=["sha256:" + "0" * 64])],
        name: Annotated[str, InPath(max_length=253, examples=["config.json"])],
    ) -> Response:
        """The bytes of a file, while the bundle with that digest is current. Secrets are as encrypted as ever."""
        snapshot, found = seen(request, Key(environment, service))
        if found.digest != sha256 or name not in found.files:
            raise nothing()
        try:
            data = await run_in_threadpool(_read, shelf, snapshot, name)
        except MissingError:
            raise nothing() from None
        except BundleError as error:
            raise ProblemError(503, "The release cannot be read now.", {"Retry-After": "1"}) from error
        headers = {"Cache-Control": "private, immutable, max-age=31536000", "Vary": "Authorization"}
        return Response(data, headers=headers, media_type="application/octet-stream")

    return router


def _manifest(request: Request, found: Seen, seconds: int | None) -> Response:
    headers = {"ETag": f'"{found.digest}"', "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    if seconds is not None:
        headers["Preference-Applied"] = f"wait={seconds}"
    if asked.has(request, f'"{found.digest}"'):
        return Response(status_code=304, headers=headers)
    return Response(found.manifest, headers=headers, media_type="application/json")


def _read(shelf: Shelf, snapshot: Snapshot, name: str) -> bytes:
    if name in snapshot.bundle.manifest.files:
        return shelf.contents.read(snapshot.bundle, name)
    if name == SIGNATURE:
        return _signature(snapshot)
    return snapshot.bundle.get(name)


def _signature(snapshot: Snapshot) -> bytes:
    if not snapshot.bundle.signature:
        raise MissingError(f"{SIGNATURE} is missing")
    return snapshot.bundle.signature


def _seen(snapshot: Snapshot, caller: Caller) -> Seen | None:
    """What a caller sees of a bundle; None if that is nothing."""
    whole = snapshot.bundle.manifest
    if caller.sees_all_tenants:
        beside = {PROVENANCE, SIGNATURE, *snapshot.bundle.provenance.get("origins", {})}
        return Seen(whole.encode(), snapshot.bundle.ref.digest, frozenset({*whole.files, *beside}))
    mine = {name: part for name, part in whole.slices.items() if caller.has_tenant(name)}
    if not mine:
        return None
    # There is always a slice for no tenant: who may not see it gets its own in that place.
    slices = {SHARED: mine.get(SHARED) or next(iter(mine.values())), **mine}
    used = {SCHEMA, FACTS} | {part.config for part in slices.values()}
    used |= {file for part in slices.values() for _, file in part.secrets}
    files = {name: entry for name, entry in whole.files.items() if name in used}
    data = whole._replace(slices=slices, files=files).encode()
    return Seen(data, digest(data), frozenset(files))
