"""The manifest of a bundle: what is in it, which slice takes which files, and the digests that name it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeGuard

import orjson

from terrace.bundle.canonical import canonical
from terrace.errors import BundleError
from terrace.model.release import BundleRef, Streams

FORMAT = 1
"""The version of the format that is written, and the newest that is read."""

MANIFEST = "manifest.json"
SCHEMA = "schema.json"
FACTS = "environment.json"
PROVENANCE = "provenance.json"
SIGNATURE = "signature.json"
SHARED = ""
"""The name of the slice for no tenant."""

_FLAT = re.compile(r"(?!\.\.?$|\.\.)[-._A-Za-z0-9]{1,253}").fullmatch
_SHA256 = re.compile(r"[0-9a-f]{64}").fullmatch


class FileEntry(NamedTuple):
    """What a file must be: the SHA-256 of its bytes in hexadecimal, and their number."""

    sha256: str
    size: int


class SecretsFile(NamedTuple):
    """One encrypted file of a slice: the repository's path of the layer, and its name in the bundle."""

    layer: str
    file: str


class Slice(NamedTuple):
    """What one tenant takes from a bundle: its configuration, and its secrets files, the weakest first."""

    config: str
    secrets: tuple[SecretsFile, ...] = ()


class Manifest(NamedTuple):
    """What a bundle holds. `schema_version` is the contract's own; its digest is that of `schema.json` in `files`."""

    environment: str
    service: str
    tenancy: str
    schema_version: str
    files: Mapping[str, FileEntry]
    slices: Mapping[str, Slice]

    @property
    def schema_sha256(self) -> str:
        """The digest of the contract's JSON Schema."""
        return self.files[SCHEMA].sha256

    @property
    def streams(self) -> Streams:
        """The digests of the configuration and of the secrets, each as `sha256:...`."""
        head = {"format": FORMAT, "environment": self.environment, "service": self.service}
        schema = {"version": self.schema_version, "sha256": self.schema_sha256}
        # Bundles of the first builds of Terrace have none.
        facts = {"facts": self.files[FACTS].sha256} if FACTS in self.files else {}
        config = {name: self.files[part.config].sha256 for name, part in self.slices.items()}
        secrets = {name: [self.files[file].sha256 for _, file in part.secrets] for name, part in self.slices.items()}
        return Streams(
            digest(canonical({**head, "schema": schema, **facts, "slices": config})),
            digest(canonical({**head, "slices": secrets})),
        )

    def encode(self) -> bytes:
        """The bytes of `manifest.json`; the digest of the bundle is theirs."""
        return canonical({
            "format": FORMAT,
            "environment": self.environment,
            "service": self.service,
            "tenancy": self.tenancy,
            "schema": {"version": self.schema_version, "sha256": self.schema_sha256},
            "streams": self.streams._asdict(),
            "files": {name: entry._asdict() for name, entry in self.files.items()},
            "slices": {
                name: {"config": part.config, "secrets": [item._asdict() for item in part.secrets]}
                for name, part in self.slices.items()
            },
        })  # fmt: skip


def digest(data: bytes) -> str:
    """The digest of `data` as it is written everywhere: `sha256:` and 64 hexadecimal digits."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def config_name(tenant: str | None) -> str:
    """The name of the configuration file of `tenant`, or of the one for no tenant."""
    return f"config.{tenant}.json" if tenant else "config.json"


def origins_name(tenant: str | None) -> str:
    """The name of the file that says where the values of a slice were set."""
    return f"origins.{tenant}.json" if tenant else "origins.json"


def is_flat(name: object) -> TypeGuard[str]:
    """Whether `name` can stand in a bundle: `-._A-Za-z0-9`, as a key of a ConfigMap, and not beginning with `..`."""
    return isinstance(name, str) and _FLAT(name) is not None


def seal(manifest: Manifest) -> tuple[bytes, BundleRef]:
    """The bytes of `manifest`, and the identity that they give the bundle."""
    data = manifest.encode()
    return data, BundleRef(manifest.service, manifest.environment, digest(data), manifest.streams)


def decode(data: bytes, where: str) -> tuple[Manifest, BundleRef]:
    """The manifest that `data` holds, and the identity of its bundle. Raises `BundleError` that names `where` if it
    cannot be read. The digests of the streams are taken as they stand there: whoever knows the bundle's digest knows
    that they are right, and `verify` computes them again.
    """
    raw = load_object(data, where)
    check_format(raw, where)
    try:
        manifest = Manifest(
            environment=_text(raw["environment"]),
            service=_text(raw["service"]),
            tenancy=_text(raw["tenancy"]),
            schema_version=_text(raw["schema"]["version"]),
            files={
                name: FileEntry(_hex(entry["sha256"]), _count(entry["size"])) for name, entry in raw["files"].items()
            },
            slices={name: _slice(part) for name, part in raw["slices"].items()},
        )
        streams = Streams(_digest(raw["streams"]["config"]), _digest(raw["streams"]["secrets"]))
        dangling = _dangling(manifest)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise BundleError(f"{where} is not the manifest of a bundle: {what}", hint=_REBUILD) from error
    if dangling:
        raise BundleError(f"{where}: {dangling}", hint=_REBUILD)
    return manifest, BundleRef(manifest.service, manifest.environment, digest(data), streams)


def check_format(raw: Mapping[str, Any], where: str) -> None:
    """Refuse what was written by a newer Terrace, with what to upgrade."""
    found = raw.get("format")
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise BundleError(f"{where} has no format version", hint=_REBUILD)
    if found > FORMAT:
        raise BundleError(
            f"{where} is of bundle format {found}, and this Terrace reads formats up to {FORMAT}",
            hint="Upgrade terrace where the bundle is read: in the application, and on the machine that deploys.",
        )


def load_object(data: bytes, where: str) -> dict[str, Any]:
    """The JSON object that `data` holds."""
    try:
        raw = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise BundleError(f"{where} is not JSON: {error}", hint=_REBUILD) from error
    if not isinstance(raw, dict):
        raise BundleError(f"{where} is not a JSON object", hint=_REBUILD)
    return raw


_REBUILD = "Build it again with terrace build, or copy it again from where it came from."


def _dangling(manifest: Manifest) -> str:
    """The first thing that the manifest names and does not list, or an empty text."""
    wanted: Iterable[tuple[str, str]] = (
        (f"slice '{name}'" if name else "the slice for no tenant", file)
        for name, part in manifest.slices.items()
        for file in (part.config, *(file for _, file in part.secrets))
    )
    if SHARED not in manifest.slices:
        return "there is no slice for no tenant"
    missing = next(((who, file) for who, file in (("the bundle", SCHEMA), *wanted) if file not in manifest.files), None)
    bad = next((name for name in manifest.files if not is_flat(name)), None)
    if bad is not None:
        return f"the file name {bad!r} is not flat"
    return f"{missing[0]} names the file '{missing[1]}', which is not listed" if missing else ""


def _slice(raw: Any) -> Slice:
    secrets = tuple(SecretsFile(_text(item["layer"]), _text(item["file"])) for item in raw["secrets"])
    return Slice(_text(raw["config"]), secrets)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} stands where a text should")
    return value


def _hex(value: object) -> str:
    if not isinstance(value, str) or not _SHA256(value):
        raise ValueError(f"{value!r} is not a SHA-256 digest")
    return value


def _digest(value: object) -> str:
    text = _text(value)
    return "sha256:" + _hex(text.removeprefix("sha256:"))


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r} is not a size")
    return value
