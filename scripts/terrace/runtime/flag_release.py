"""The flags of the bundle that runs: ready to be asked, followed, and told of as a configuration is."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from terrace.bundle.reader import Bundle
from terrace.errors import ConfigError, FlagError, UsageError
from terrace.flags.evaluator import FlagSet
from terrace.model.flag import STREAM
from terrace.runtime.asked import LAST_GOOD, SOURCE, Asked, asked
from terrace.runtime.live import Live
from terrace.runtime.source import AwayError, NotServedError, said_environment
from terrace.runtime.status import Refused, Status

FLAGS_SOURCE = "TERRACE_FLAGS_SOURCE"
log = logging.getLogger("terrace.runtime")


class FlagRelease(NamedTuple):
    """The flags that one bundle gives a process. `fingerprints` tell by key whether a flag is another than before.

    Without a source there are no flags, and `digest` is empty.
    """

    flags: FlagSet
    digest: str
    environment: str
    commit: str
    since: datetime
    age: float | None
    fingerprints: Mapping[str, bytes]

    def changed(self, new: FlagRelease) -> list[str]:
        """The keys of flags that are other ones in `new`, or only in one of both, sorted."""
        mine, theirs = self.fingerprints, new.fingerprints
        return sorted(key for key in mine.keys() | theirs.keys() if mine.get(key) != theirs.get(key))


class LiveFlags(Live[FlagRelease]):
    """The flags of a process: at any moment those of one release. `told` hears of each exchange and refusal."""

    def __init__(self, asked: Asked, *, optional: bool, told: Callable[[list[str] | None], None]) -> None:
        self._optional = optional
        self._told = told
        super().__init__(asked)

    @property
    def flags(self) -> FlagSet:
        """The flags that count now."""
        return self._revision.flags

    @property
    def release(self) -> FlagRelease:
        """The release whose flags count now."""
        return self._revision

    @property
    def status(self) -> Status:
        """How the flags are now."""
        release, refused = self._revision, self._refused
        return Status(
            state="degraded" if refused is not None or release.age is not None else "ok",
            service=STREAM,
            environment=release.environment,
            tenant=self._asked.tenant or "",
            digest=release.digest,
            commit=release.commit,
            contract="",
            since=release.since,
            refused=refused,
            waiting=(),
            unknown=(),
            overridden={},
            noticed=(),
            age=release.age,
            reloads=self._counts[0],
            refusals=self._counts[1],
        )

    @contextmanager
    def replaced(self, variants: Mapping[str, str]) -> Iterator[None]:
        """Within the block, give everybody these variants: for `terrace.runtime.testing`."""
        with self._lock:
            before = self._revision
            flags = forced(before.flags, variants)
            self._revision = before._replace(flags=flags)
        try:
            yield
        finally:
            with self._lock:
                self._revision = before

    def _read(self, bundle: Bundle, before: FlagRelease | None, age: float | None = None) -> FlagRelease:
        definition, commit = bundle.values(), str(bundle.provenance.get("commit") or "")
        flags = FlagSet(definition, commit)
        environment = bundle.ref.environment
        if flags.environment and flags.environment != environment:
            raise FlagError(f"these flags say that they are of {flags.environment}, in a bundle of {environment}")
        return FlagRelease(
            flags, bundle.ref.digest, environment, commit, datetime.now(UTC), age, _fingerprints(definition)
        )

    def _first(self) -> FlagRelease:
        try:
            if not self._asked.source:
                raise NotServedError(f"nothing says where flags are: neither {FLAGS_SOURCE} nor {SOURCE}")
            return super()._first()
        except (AwayError, NotServedError) as error:
            if not self._optional:
                raise
            self._refused = Refused("", error.message, datetime.now(UTC), error.message)
            log.warning("there are no flags yet, applications use their defaults: %s", error.message)
            return no_flags(self._asked)

    def _exchange(self, new: FlagRelease, bundle: Bundle) -> bool:
        changed = self._revision.changed(new)
        self._runs_now(new, bundle)
        log.info("flags in %s: %s runs, %d changed", new.environment, new.digest, len(changed))
        self._told(changed)
        return True

    def refresh(self) -> bool:
        """Read the source again; whether newer flags count now. Those that are not right are refused, and logged."""
        taken = bool(self._asked.source) and super().refresh()
        if not taken:
            self._told(None)
        return taken

    def follow(self) -> None:
        """Begin to follow the source, if there is one."""
        if self._asked.source:
            super().follow()


def asked_for_flags(
    environment: str,
    tenant: str | None,
    source: str | os.PathLike[str],
    last_good: str | os.PathLike[str],
    max_age: float | None,
    environ: Mapping[str, str] | None,
    signers: Sequence[str | os.PathLike[str]] = (),
    *,
    optional: bool,
) -> Asked:
    """What the arguments ask for; if `optional`, with an empty source where nothing says one.

    The variables are those of the configuration, which lies beside the flags; `TERRACE_FLAGS_SOURCE` is for flags that
    lie elsewhere. Copies of both can stand in one folder.
    """
    variables = dict(os.environ if environ is None else environ)
    own = variables.get(FLAGS_SOURCE) or _beside(variables.get(SOURCE, ""))
    copy = variables.get(LAST_GOOD, "")
    found = os.fspath(source) or own
    said = asked(
        STREAM, environment, tenant, found or ("-" if optional else ""),
        last_good or (copy and os.path.join(copy, STREAM)), max_age, "", variables,  # noqa: PTH118
        signers=signers,
    )  # fmt: skip
    return said if found else said._replace(source="")


def no_flags(asked: Asked) -> FlagRelease:
    """What a process has before there is a source: no flag at all."""
    try:
        environment = said_environment(asked)
    except ConfigError:
        if asked.source:
            raise
        environment = ""
    flags = FlagSet({"flags": {}, "metadata": {"flagSetId": environment}})
    return FlagRelease(flags, "", environment, "", datetime.now(UTC), None, {})


def forced(flags: FlagSet, variants: Mapping[str, str]) -> FlagSet:
    """`flags`, of which some have one variant for everybody. Raises `UsageError` for what there is not."""
    definition: dict[str, Any] = orjson.loads(flags.document)
    for key, variant in variants.items():
        flag = definition["flags"].get(key)
        if flag is None:
            raise UsageError(f"there is no flag '{key}'")
        if variant not in flag["variants"]:
            raise UsageError(
                f"the flag '{key}' has no variant '{variant}'", hint=f"It has: {', '.join(flag['variants'])}."
            )
        definition["flags"][key] = {**flag, "state": "ENABLED", "defaultVariant": variant, "targeting": {}}
    return FlagSet(definition, flags.version)


def _beside(source: str) -> str:
    """The destination of a service's folder, for its flags lie beside it; any other source as it is."""
    from terrace.bundle.reader import DATA

    if source.startswith(("http://", "https://")) or not source:
        return source
    folder = os.path.abspath(source)  # noqa: PTH100 - a link to the folder is followed by nobody here
    parent = os.path.dirname(folder)  # noqa: PTH120
    mine = os.path.basename(folder) != STREAM and os.path.lexists(os.path.join(folder, DATA))  # noqa: PTH118, PTH119
    return parent if mine and os.path.lexists(os.path.join(parent, STREAM)) else source  # noqa: PTH118


def _fingerprints(definition: Mapping[str, Any]) -> dict[str, bytes]:
    flags: Mapping[str, Any] = definition.get("flags", {})
    # By their bytes: to Python 1, 1.0 and True are the same.
    return {key: hashlib.blake2b(_bytes(flag), digest_size=16).digest() for key, flag in flags.items()}


def _bytes(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
