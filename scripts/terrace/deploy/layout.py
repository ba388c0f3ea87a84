"""The folder of one service at a directory destination: the layout and the protocol of Kubernetes' AtomicWriter.

    backend/
      ..sha256-2f6c.../            a release: never changed once it has this name
        manifest.json  config.json  config.acme.json  ...
      ..sha256-91d0.../            an older one
      ..data -> ..sha256-2f6c...   what is current
      manifest.json -> ..data/manifest.json
      config.json -> ..data/config.json
      ...                          visible links, which follow `..data`

A release becomes current by one rename, so that whoever watches the folder sees what it would see of a ConfigMap:

    1. the release is staged under another name (files of the current one that are the same are linked), put on disk,
       and renamed to `..sha256-<hex>`
    2. a new link is made, `..data_tmp -> ..sha256-<hex>`
    3. `..data_tmp` is renamed onto `..data`: this is the moment
    4. links are made for names that are new
    5. links are removed for names that went away

AtomicWriter removes the old release at once. Here the last ones stay: for rollback, and for slow readers.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from terrace.bundle import open_bundle, verify
from terrace.bundle.manifest import MANIFEST
from terrace.bundle.manifest import digest as digest_of_bytes
from terrace.deploy.disk import names, read_regular, remove_tree, sync_folder, sync_tree, write_new
from terrace.deploy.steps import OnStep, Step
from terrace.errors import BundleError

DATA = "..data"
_DATA_TMP = "..data_tmp"
_RELEASE = "..sha256-"
_STAGING = "..staging-"
_REMOVING = "..removing-"


def current_folder(service: Path) -> Path | None:
    """The release that is current in the folder of a service."""
    try:
        name = (service / DATA).readlink()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return service / name


def digest_of(name: str) -> str:
    """The digest in the name of a release's folder; empty if it is no such name."""
    return "sha256:" + name.removeprefix(_RELEASE).split(".")[0] if name.startswith(_RELEASE) else ""


def releases(service: Path) -> Iterator[str]:
    """The names of the folders of releases that are there."""
    return (name for name in names(service) if name.startswith(_RELEASE))


def named_release(service: Path, digest: str) -> Path | None:
    """The folder that is named for the release `digest`, if there is one: the newest, where one was mended."""
    found = [name for name in releases(service) if digest_of(name) == digest]
    return service / found[-1] if found else None


def find_release(service: Path, digest: str) -> Path | None:
    """The folder of the release `digest`, if it is there and every byte of it is right."""
    for name in releases(service):
        if digest_of(name) == digest and not verify(service / name):
            return service / name
    return None


def stage(source: Path, service: Path, digest: str, on_step: OnStep) -> str:
    """Put the bundle in `source` into a new release, and return the name of its folder.

    What the current release has too is another name of its file there. If that is damaged, all is copied.
    """
    current = current_folder(service)
    if current is not None:
        with suppress(BundleError):
            return settle(_filled(source, service, digest, current, on_step), service, digest, on_step)
    return settle(_filled(source, service, digest, None, on_step), service, digest, on_step)


def _filled(source: Path, service: Path, digest: str, current: Path | None, on_step: OnStep) -> Path:
    """A new folder with the files of `source`."""
    staging = new_staging(service, digest.removeprefix("sha256:"))
    on_step(Step.STAGING)
    before = _listed(current) if current else {}
    alike = {name for name, entry in _listed(source).items() if before.get(name) == entry}
    for name in names(source):
        if not (name in alike and _linked(f"{current}/{name}", f"{staging}/{name}")):
            write_new(staging / name, read_regular(source / name), 0o444)
        on_step(Step.COPIED)
    return staging


def _listed(folder: Path) -> dict[str, object]:
    """What the files of a bundle must be, as it says; nothing of one that says nothing."""
    with suppress(BundleError):
        bundle = open_bundle(folder)
        origins = bundle.provenance.get("origins", {})
        files: dict[str, object] = {name: entry._asdict() for name, entry in bundle.manifest.files.items()}
        return {**files, **origins} if isinstance(origins, dict) else files
    return {}


def _linked(there: str, here: str) -> bool:
    """Whether `here` is another name of the file `there` now: not on every file system, nor for ever so many."""
    try:
        os.link(there, here, follow_symlinks=False)
    except OSError:
        return False
    return True


def new_staging(service: Path, name: str) -> Path:
    """An empty folder in which a release is put together."""
    staging = service / f"{_STAGING}{name}"
    staging.mkdir(mode=0o700)
    return staging


def settle(staging: Path, service: Path, digest: str, on_step: OnStep) -> str:
    """Make the folder `staging` the release `digest`, if every byte is right, and return its new name."""
    problems = verify(staging)
    if not problems and digest_of_bytes((staging / MANIFEST).read_bytes()) != digest:
        problems = ["it changed while it was copied"]
    if problems:
        remove_tree(staging)
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise BundleError(
            f"the bundle {digest} is damaged: {problems[0]}{more}", hint="Build it again with terrace build."
        )
    sync_tree(staging)
    staging.chmod(0o555)
    on_step(Step.SYNCED)
    name = _free_name(service, digest)
    staging.rename(service / name)
    sync_folder(service)
    on_step(Step.STAGED)
    return name


def swap(service: Path, name: str, on_step: OnStep) -> None:
    """Make the release in the folder `name` current. Doing it again finishes what was interrupted."""
    if not _points_at(service / DATA, name):
        temporary = service / _DATA_TMP
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(name)
        on_step(Step.LINKED)
        temporary.rename(service / DATA)
        sync_folder(service)
        on_step(Step.SWAPPED)
    visible = set(names(service / name))
    links = _links(service)
    for new in sorted(visible - links):
        (service / new).symlink_to(f"{DATA}/{new}")
        on_step(Step.SHOWN)
    for stale in links - visible:
        (service / stale).unlink()
    sync_folder(service)
    on_step(Step.TIDIED)


def in_the_way(service: Path, wanted: Iterable[str]) -> list[str]:
    """Those of `wanted` that something else than our link has taken in the folder of a service."""
    ours = _links(service)
    return [name for name in wanted if name not in ours and os.path.lexists(service / name)]


def sweep(service: Path) -> None:
    """Remove what a deployer that died has left half done."""
    (service / _DATA_TMP).unlink(missing_ok=True)
    for name in names(service):
        if name.startswith((_STAGING, _REMOVING)):
            remove_tree(service / name)


def remove_release(service: Path, name: str) -> None:
    """Remove a release for good. It loses its name first, so that a part of it is never taken for a release."""
    removing = service / f"{_REMOVING}{name.removeprefix(_RELEASE)}"
    (service / name).rename(removing)
    remove_tree(removing)


def _free_name(service: Path, digest: str) -> str:
    """A name for the release `digest`. Damaged namesakes go, but for the current one, which is read right now."""
    name = f"{_RELEASE}{digest.removeprefix('sha256:')}"
    current = current_folder(service)
    number = 0
    candidate = name
    while os.path.lexists(service / candidate):
        if current is None or current.name != candidate:
            remove_release(service, candidate)
            break
        number += 1
        candidate = f"{name}.{number}"
    return candidate


def _points_at(link: Path, name: str) -> bool:
    try:
        return str(link.readlink()) == name
    except OSError:
        return False


def _links(service: Path) -> set[str]:
    """The names in the folder of a service that are visible links of ours."""
    with os.scandir(service) as entries:
        links = [entry.name for entry in entries if entry.is_symlink()]
    return {name for name in links if os.readlink(f"{service}/{name}") == f"{DATA}/{name}"}  # noqa: PTH115 - thousands
