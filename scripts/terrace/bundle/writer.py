"""Write a bundle, one slice after the other: memory does not grow with the size of the configurations."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from terrace.bundle import dates as secret_dates
from terrace.bundle.canonical import canonical
from terrace.bundle.dates import Dates, SecretDates
from terrace.bundle.facts import Facts
from terrace.bundle.keys import SigningKey
from terrace.bundle.manifest import (
    FACTS,
    FORMAT,
    MANIFEST,
    PROVENANCE,
    SCHEMA,
    SHARED,
    SIGNATURE,
    FileEntry,
    Manifest,
    SecretsFile,
    Slice,
    config_name,
    is_flat,
    origins_name,
    seal,
)
from terrace.contract import PREFIX
from terrace.errors import BundleError
from terrace.model.release import BundleRef


class Addition(NamedTuple):
    """A slice whose files are written, and that waits to be listed in the manifest."""

    name: str
    config: str
    secrets: tuple[SecretsFile, ...]
    files: dict[str, FileEntry]
    origins: dict[str, FileEntry]
    dates: Dates


class BundleWriter:
    """A bundle that is being written into `folder`. It is one once `seal` has returned; before, it has no manifest.

    The slice for no tenant comes first. The same additions give the same bytes anywhere, whatever the tenants' order.
    Several processes can write one bundle: each calls `write`, and the one that seals calls `record` on what they gave.

    `kept` says what stands in the folder from an earlier bundle. What is the same is not written again, what is left
    over goes when the bundle is sealed, and `kept` follows.
    """

    def __init__(
        self,
        folder: Path,
        *,
        environment: str,
        service: str,
        tenancy: str,
        schema: Mapping[str, Any],
        facts: Facts,
        kept: dict[str, FileEntry] | None = None,
    ) -> None:
        if not kept:
            _empty(folder)
        self._kept = kept
        self._folder = str(folder)
        self._head = {"format": FORMAT, "environment": environment, "service": service}
        self._tenancy = tenancy
        self._version = str(schema.get(PREFIX + "version", ""))
        self._origins: dict[str, FileEntry] = {}
        self._dates: dict[str, Mapping[str, SecretDates]] = {}
        self._slices: dict[str, Slice] = {}
        self._secrets: dict[bytes, tuple[str, FileEntry]] = {}
        self._files = {
            SCHEMA: self._write(SCHEMA, canonical(schema)),
            FACTS: self._write(FACTS, canonical({**self._head, **facts._asdict()})),
        }

    def add(
        self,
        tenant: str | None,
        values: Mapping[str, Any] | None,
        secrets: Sequence[tuple[str, bytes]] = (),
        *,
        origins: Mapping[str, str] | None = None,
        dates: Dates | None = None,
    ) -> None:
        """Add the slice of `tenant`, or the one for no tenant. `values` None: the same as those for no tenant.

        `secrets` are the encrypted files of its layers, weakest first: repository path and bytes, carried as they are.
        `origins` says where each value was set: JSON Pointer -> `path:line:column`; `dates` when secrets were, by path
        of the layer. Neither is part of the digest.
        """
        self.record(self.write(tenant, values, secrets, origins=origins, dates=dates))

    def write(
        self,
        tenant: str | None,
        values: Mapping[str, Any] | None,
        secrets: Sequence[tuple[str, bytes]] = (),
        *,
        origins: Mapping[str, str] | None = None,
        dates: Dates | None = None,
    ) -> Addition:
        """Write the files of a slice without listing it: `add` in two steps, for work that several processes share."""
        config = config_name(tenant)
        if not is_flat(config):
            raise BundleError(f"the tenant's name '{tenant}' cannot be part of a file name in a bundle")
        files: dict[str, FileEntry] = {}
        taken = []
        for layer, data in secrets:
            name, files[name] = self._secret(data)
            taken.append(SecretsFile(layer, name))
        if values is None:
            config = config_name(None)
        else:
            files[config] = self._write(config, canonical({**self._head, "values": values}))
        listed = {origins_name(tenant): self._write(origins_name(tenant), canonical(origins))} if origins else {}
        return Addition(tenant or SHARED, config, tuple(taken), files, listed, dates or {})

    def record(self, addition: Addition) -> None:
        """List the slice whose files `write` has written."""
        name, config, secrets, files, origins, dates = addition
        who = self._head["service"]
        if name in self._slices:
            raise BundleError(f"the bundle of {who} has the slice '{name}' twice")
        if SHARED not in self._slices and (name or config not in files):
            raise BundleError(f"the bundle of {who} must begin with the slice for no tenant")
        for file, entry in files.items():
            if self._files.setdefault(file, entry) != entry:
                raise BundleError(f"two different files of the bundle of {who} would both be called {file}")
        self._origins.update(origins)
        if self._kept is not None:
            self._kept.update({**files, **origins})
        self._dates.update(dates)
        self._slices[name] = Slice(config, secrets)

    def seal(self, provenance: Mapping[str, Any] | None = None, key: SigningKey | None = None) -> BundleRef:
        """Close the bundle: write `provenance` beside it, and the manifest last. Returns what names it.

        With `key` it is signed, before it has a manifest: a bundle that was to be signed is never seen without.
        """
        environment, service = str(self._head["environment"]), str(self._head["service"])
        if SHARED not in self._slices:
            raise BundleError(f"the bundle of {service} has no slice for no tenant")
        listed = {name: entry._asdict() for name, entry in self._origins.items()}
        said = {"format": FORMAT, "origins": listed, secret_dates.KEY: secret_dates.encoded(self._dates)}
        self._remove_rest()
        beside = canonical({**(provenance or {}), **said})
        self._write(PROVENANCE, beside)
        data, ref = seal(Manifest(environment, service, self._tenancy, self._version, self._files, self._slices))
        if key is not None:
            self._write(SIGNATURE, key.sign(ref, beside))
        self._write(MANIFEST, data)
        return ref

    def _secret(self, data: bytes) -> tuple[str, FileEntry]:
        """The name of the secrets file that holds `data`; it is written once, however many slices take it."""
        key = hashlib.sha256(data).digest()
        known = self._secrets.get(key)
        if known is None:
            name = f"secrets.{key.hex()[:16]}.yaml"
            known = self._secrets[key] = name, self._write(name, data, again=True)
        return known

    def _remove_rest(self) -> None:
        """Remove what an earlier bundle had in the folder and this one does not list."""
        for name in (self._kept or {}).keys() - {*self._files, *self._origins, PROVENANCE, MANIFEST}:
            path = f"{self._folder}/{name}"
            try:
                os.unlink(path)  # noqa: PTH108 - as everything here: a path for each of ten thousand files costs
            except OSError as error:
                raise BundleError(f"cannot remove {path}: {error.strerror}") from error
            if self._kept:
                del self._kept[name]

    def _write(self, name: str, data: bytes, *, again: bool = False) -> FileEntry:
        entry = FileEntry(hashlib.sha256(data).hexdigest(), len(data))
        before = self._kept.get(name) if self._kept else None
        if before == entry:
            return entry
        path = f"{self._folder}/{name}"
        new = os.O_TRUNC if before else 0 if again else os.O_EXCL
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | new, 0o666)
            try:
                written = os.write(descriptor, data)
                while written < len(data):
                    written += os.write(descriptor, data[written:])
            finally:
                os.close(descriptor)
        except OSError as error:
            raise BundleError(f"cannot write {path}: {error.strerror}") from error
        if self._kept is not None:
            self._kept[name] = entry
        return entry


def _empty(folder: Path) -> None:
    """Make `folder`, or refuse one that holds something: a bundle is never written over another."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        found = next(folder.iterdir(), None)
    except OSError as error:
        raise BundleError(f"cannot write a bundle into {folder}: {error.strerror}") from error
    if found is not None:
        raise BundleError(f"{folder} is not empty: it holds {found.name}", hint="Give an empty folder, or remove it.")
