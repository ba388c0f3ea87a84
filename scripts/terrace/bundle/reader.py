"""Read a bundle: its manifest once, then only what a slice needs, each file checked before it is used."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from terrace.bundle.dates import Dates, decoded
from terrace.bundle.facts import Facts
from terrace.bundle.manifest import (
    FACTS,
    MANIFEST,
    PROVENANCE,
    SCHEMA,
    SHARED,
    SIGNATURE,
    Manifest,
    Slice,
    check_format,
    decode,
    load_object,
    origins_name,
)
from terrace.errors import BundleError
from terrace.model.release import BundleRef

DATA = "..data"
"""The link to the current release in a folder that is laid out as Kubernetes' AtomicWriter does it."""


class MissingError(BundleError):
    """A file of a bundle is not there."""


class Secrets(NamedTuple):
    """One encrypted file of a slice: the repository's path of its layer, and its bytes."""

    layer: str
    data: bytes


class Bundle:
    """A bundle in a folder. Its manifest was read; whatever else is asked for is read and checked then.

    `get` gives the bytes of a file by its name, for a bundle that is somewhere else; `folder` then only says where.
    """

    def __init__(
        self, folder: Path, manifest: Manifest, ref: BundleRef, get: Callable[[str], bytes] | None = None
    ) -> None:
        self.folder = folder
        self.manifest = manifest
        self.ref = ref
        self.get = get or self._from_folder

    def __repr__(self) -> str:
        return f"Bundle({str(self.folder)!r}, {self.ref.digest})"

    @property
    def tenants(self) -> tuple[str, ...]:
        """The tenants that have a slice, sorted."""
        return tuple(sorted(name for name in self.manifest.slices if name != SHARED))

    def slice(self, tenant: str | None = None) -> Slice:
        """The names of the files that `tenant` takes, or no tenant."""
        found = self.manifest.slices.get(tenant or SHARED)
        if found is None:
            who = f"{self.ref.service} in {self.ref.environment}"
            raise BundleError(
                f"the bundle of {who} has no tenant '{tenant}'",
                hint="Its tenant.yaml must name both the service and the environment.",
            )
        return found

    def values(self, tenant: str | None = None) -> dict[str, Any]:
        """The effective plain values of `tenant`, or of no tenant."""
        return self.config(self.slice(tenant).config)

    def config(self, name: str) -> dict[str, Any]:
        """The values that the configuration file `name` holds. Tenants without overlays share one."""
        return self.values_in(name, self.read(name))

    def values_in(self, name: str, data: bytes) -> dict[str, Any]:
        """The values in `data`, the bytes of the configuration file `name` as `read` gave them before."""
        where = str(self.folder / name)
        raw = load_object(data, where)
        check_format(raw, where)
        owner = (raw.get("environment"), raw.get("service"))
        if owner != (self.ref.environment, self.ref.service):
            raise BundleError(
                f"{where} is of {owner[1]} in {owner[0]}, not of {self.ref.service} in {self.ref.environment}"
            )
        values = raw.get("values")
        if not isinstance(values, dict):
            raise BundleError(f"{where} holds no values")
        return values

    def secrets(self, tenant: str | None = None) -> tuple[Secrets, ...]:
        """The encrypted secrets files of `tenant`, the weakest layer first."""
        return tuple(Secrets(layer, self.read(file)) for layer, file in self.slice(tenant).secrets)

    @cached_property
    def schema(self) -> dict[str, Any]:
        """The contract of the service, as the JSON Schema that its values were checked against."""
        return load_object(self.read(SCHEMA), str(self.folder / SCHEMA))

    @cached_property
    def facts(self) -> Facts:
        """What the environment is, and what it allows."""
        where = str(self.folder / FACTS)
        if FACTS not in self.manifest.files:
            raise BundleError(f"{self.folder} has no {FACTS}: it was built by an older Terrace", hint="Build it again.")
        return Facts.of(load_object(self.read(FACTS), where), where)

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """What the bundle was made from: commit, its time, and so on. No part of the digest; empty if it is missing."""
        data = self.provenance_data
        return load_object(data, str(self.folder / PROVENANCE)) if data else {}

    @cached_property
    def provenance_data(self) -> bytes:
        """The bytes of `provenance.json`, read once: what a signature was checked for is what is used."""
        return self._beside(PROVENANCE)

    @cached_property
    def signature(self) -> bytes:
        """The bytes of `signature.json`; empty if the bundle is not signed. `signers.check` says what it is worth."""
        return self._beside(SIGNATURE)

    @cached_property
    def dates(self) -> Dates:
        """When its secrets were set and revoked, by layer and path. No part of the digest; empty if it is not known."""
        return decoded(self.provenance, str(self.folder / PROVENANCE))

    def origins(self, tenant: str | None = None) -> dict[str, str]:
        """Where the values of `tenant` were set, JSON Pointer -> `path:line:column`; empty if it was not recorded."""
        listed = self.provenance.get("origins", {})
        names = (origins_name(tenant), origins_name(None))
        name = next((name for name in names if name in listed), None)
        if name is None:
            return {}
        data = self.get(name)
        self._compare(name, data, str(listed[name]["sha256"]))
        return load_object(data, str(self.folder / name))

    def read(self, name: str) -> bytes:
        """The bytes of the file `name`, which must be those that the manifest promises."""
        entry = self.manifest.files[name]
        data = self.get(name)
        self._compare(name, data, entry.sha256)
        return data

    def _beside(self, name: str) -> bytes:
        try:
            return self.get(name)
        except MissingError:
            return b""

    def _from_folder(self, name: str) -> bytes:
        return read_bytes(self.folder / name)

    def _compare(self, name: str, data: bytes, sha256: str) -> None:
        if hashlib.sha256(data).hexdigest() != sha256:
            raise BundleError(
                f"{self.folder / name} is not what was sealed: its digest differs from the manifest's",
                hint="terrace verify names everything that is wrong; deploy again to mend it.",
            )


def open_bundle(folder: Path) -> Bundle:
    """The bundle in `folder`; in a service's folder at a destination, the release that is current now.

    The link to the current release is followed once, here, so that all later reads are of the same release.
    """
    folder = followed(folder)
    path = folder / MANIFEST
    data = read_bytes(path)
    manifest, ref = decode(data, str(path))
    return Bundle(folder, manifest, ref)


def followed(folder: Path) -> Path:
    """`folder`, or the release that is current in it if it is a service's folder at a destination."""
    link = folder / DATA
    return Path(os.path.realpath(link)) if os.path.lexists(link) else folder


def read_bytes(path: Path) -> bytes:
    try:
        # Without O_NONBLOCK a pipe would be waited for until somebody opens its other end.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise BundleError(f"{path} is not a regular file")
        with open(descriptor, "rb") as file:
            return file.read()
    except FileNotFoundError as error:
        if path.name == MANIFEST:
            raise MissingError(
                f"{path.parent} is not a bundle: it has no {MANIFEST}", hint="Make one with terrace build."
            ) from error
        raise MissingError(f"{path} is missing", hint="terrace verify names everything that is wrong.") from error
    except OSError as error:
        raise BundleError(f"cannot read {path}: {error.strerror}") from error
