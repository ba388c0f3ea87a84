"""Write a bundle, one slice after the other: memory does not grow with the size of the configurations."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from terrace.bundle.canonical import canonical
from terrace.bundle.manifest import (
    FORMAT,
    MANIFEST,
    PROVENANCE,
    SCHEMA,
    SHARED,
    FileEntry,
    Manifest,
    SecretsFile,
    Slice,
    config_name,
    is_flat,
    origins_name,
)
from terrace.contract import PREFIX
from terrace.errors import BundleError
from terrace.model.release import BundleRef


class BundleWriter:
    """A bundle that is being written into `folder`. It is one once `seal` has returned; before, it has no manifest.

    The slice for no tenant comes first. Without `provenance`, the same additions give the same bytes anywhere.
    """

    def __init__(
        self, folder: Path, *, environment: str, service: str, tenancy: str, schema: Mapping[str, Any]
    ) -> None:
        _empty(folder)
        self._folder = str(folder)
        self._head = {"format": FORMAT, "environment": environment, "service": service}
        self._environment = environment
        self._service = service
        self._tenancy = tenancy
        self._version = str(schema.get(PREFIX + "version", ""))
        self._files: dict[str, FileEntry] = {}
        self._origins: dict[str, FileEntry] = {}
        self._slices: dict[str, Slice] = {}
        self._secrets: dict[bytes, str] = {}
        self._files[SCHEMA] = self._write(SCHEMA, canonical(schema))

    def add(
        self,
        tenant: str | None,
        values: Mapping[str, Any] | None,
        secrets: Sequence[tuple[str, bytes]] = (),
        *,
        origins: Mapping[str, str] | None = None,
    ) -> None:
        """Add the slice of `tenant`, or the one for no tenant. `values` None: the same as those for no tenant.

        `secrets` are the encrypted files of its layers, weakest first: repository path and bytes, carried as they are.
        `origins` says where each value was set: JSON Pointer -> `path:line:column`. It is no part of the digest.
        """
        name = tenant or SHARED
        config = config_name(tenant)
        self._check(name, config, values is None)
        if values is None:
            config = config_name(None)
        else:
            self._files[config] = self._write(config, canonical({**self._head, "values": values}))
        if origins is not None:
            self._origins[origins_name(tenant)] = self._write(origins_name(tenant), canonical(origins))
        self._slices[name] = Slice(config, tuple(SecretsFile(layer, self._secret(data)) for layer, data in secrets))

    def seal(self, provenance: Mapping[str, Any] | None = None) -> BundleRef:
        """Close the bundle: write `provenance` beside it, and the manifest last. Returns what names it."""
        if SHARED not in self._slices:
            raise BundleError(f"the bundle of {self._service} has no slice for no tenant", hint="Add it first.")
        listed = {name: entry._asdict() for name, entry in self._origins.items()}
        self._write(PROVENANCE, canonical({**(provenance or {}), "format": FORMAT, "origins": listed}))
        manifest = Manifest(self._environment, self._service, self._tenancy, self._version, self._files, self._slices)
        data = manifest.encode()
        self._write(MANIFEST, data)
        return manifest.ref(data)

    def _check(self, name: str, config: str, shared: bool) -> None:
        if name in self._slices:
            raise BundleError(f"the bundle of {self._service} has the slice '{name}' twice")
        if not is_flat(config):
            raise BundleError(f"the tenant's name '{name}' cannot be part of a file name in a bundle")
        if SHARED not in self._slices and (name or shared):
            raise BundleError(f"the bundle of {self._service} must begin with the slice for no tenant")

    def _secret(self, data: bytes) -> str:
        """The name of the secrets file that holds `data`; it is written once, however many slices take it."""
        key = hashlib.sha256(data).digest()
        name = self._secrets.get(key)
        if name is None:
            name = f"secrets.{key.hex()[:16]}.yaml"
            if name in self._files:
                raise BundleError(f"two different secrets files would both be called {name}")
            self._secrets[key] = name
            self._files[name] = self._write(name, data)
        return name

    def _write(self, name: str, data: bytes) -> FileEntry:
        try:
            descriptor = os.open(f"{self._folder}/{name}", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            try:
                written = os.write(descriptor, data)
                while written < len(data):
                    written += os.write(descriptor, data[written:])
            finally:
                os.close(descriptor)
        except OSError as error:
            raise BundleError(f"cannot write {self._folder}/{name}: {error.strerror}") from error
        return FileEntry(hashlib.sha256(data).hexdigest(), len(data))


def _empty(folder: Path) -> None:
    """Make `folder`, or refuse one that holds something: a bundle is never written over another."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        found = next(folder.iterdir(), None)
    except OSError as error:
        raise BundleError(f"cannot write a bundle into {folder}: {error.strerror}") from error
    if found is not None:
        raise BundleError(f"{folder} is not empty: it holds {found.name}", hint="Give an empty folder, or remove it.")
