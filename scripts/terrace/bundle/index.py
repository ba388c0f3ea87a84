"""The index of an environment: which bundles a build made, by service."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from terrace.bundle.canonical import canonical
from terrace.bundle.manifest import FORMAT, check_format, load_object
from terrace.errors import BundleError
from terrace.model.release import BundleRef

INDEX = "index.json"


def write_index(folder: Path, environment: str, bundles: Iterable[BundleRef]) -> Path:
    """`index.json` in `folder`, which names each service's bundle by its digest."""
    path = folder / INDEX
    digests = {bundle.service: bundle.digest for bundle in bundles}
    try:
        path.write_bytes(canonical({"format": FORMAT, "environment": environment, "bundles": digests}))
    except OSError as error:
        raise BundleError(f"cannot write {path}: {error.strerror}") from error
    return path


def read_index(folder: Path) -> dict[str, str]:
    """The digest of each service's bundle, as the `index.json` in `folder` says."""
    path = folder / INDEX
    try:
        raw = load_object(path.read_bytes(), str(path))
    except OSError as error:
        raise BundleError(f"cannot read {path}: {error.strerror}", hint="terrace build writes it.") from error
    check_format(raw, str(path))
    bundles = raw.get("bundles")
    if not isinstance(bundles, dict) or not all(isinstance(digest, str) for digest in bundles.values()):
        raise BundleError(f"{path} does not list bundles")
    return bundles
