"""Flags in an application, through OpenFeature: evaluated in this process, from the release that counts now.

    from openfeature import api
    from terrace.runtime.flags import provider

    api.set_provider_and_wait(provider())
    api.get_client().get_boolean_value("menu-allergens", False)

`docs/flags-applications.md` says the rest. Nothing here waits: an evaluation takes the flags that are there, and a new
release takes their place as a whole.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, Final, TypeVar, cast

from openfeature.evaluation_context import EvaluationContext
from openfeature.event import ProviderEventDetails
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import FlagResolutionDetails, FlagValueType, Reason
from openfeature.provider import AbstractProvider, Metadata

from terrace.flags.counting import OTHER, Counts
from terrace.flags.evaluator import ABSENT, FlagSet, Resolution
from terrace.model.flag import FlagType
from terrace.runtime.asked import Asked
from terrace.runtime.flag_release import LiveFlags, asked_for_flags
from terrace.runtime.reporting import Reporter, reporter
from terrace.runtime.status import Status

NAME: Final = "terrace"
TENANT: Final = "tenant"
_OPEN: Final[Mapping[FlagType, tuple[FlagType, ...]]] = {"float": ("float", "integer")}
T = TypeVar("T")
_SETTLED = 1.0
Structure = Sequence[FlagValueType] | Mapping[str, FlagValueType]


def provider(
    *,
    environment: str = "",
    tenant: str | None = None,
    source: str | PathLike[str] = "",
    last_good: str | PathLike[str] = "",
    max_age: float | None = None,
    optional: bool = False,
    counts: Counts | None = None,
    report: float = 10.0,
    environ: Mapping[str, str] | None = None,
    signers: Sequence[str | PathLike[str]] = (),
    follow: bool = True,
) -> FlagProvider:
    """An OpenFeature provider with the flags of this process's environment, which follows their releases.

    Where they are is said as for `terrace.runtime.load`, or by `TERRACE_FLAGS_SOURCE` where they lie by themselves.
    Raises `ConfigError` if they are not there or not right; if `optional`, flags that are not there are waited for, and
    until then every evaluation gives the application's own default.

    `tenant` (`TERRACE_TENANT`) is the tenant of every evaluation, whatever its context says; else the context's
    attribute `tenant` counts. Where the source is a server, or `TERRACE_USAGE_URL` names one, counts are reported there
    every `report` seconds (0: never). `counts` are for who counts for several providers together. With `signers`
    (`TERRACE_SIGNERS`) only flags that one of them signed are taken.
    """
    asked = asked_for_flags(environment, tenant, source, last_good, max_age, environ, signers, optional=optional)
    return FlagProvider(asked, optional=optional, counts=counts, report=report, follow=follow)


class FlagProvider(AbstractProvider):
    """Made by `provider`. Threads, event loops and forked processes can share it."""

    def __init__(self, asked: Asked, *, optional: bool, counts: Counts | None, report: float, follow: bool) -> None:
        super().__init__()
        self.counts = counts or Counts()
        """What was evaluated in this process since its start."""
        self._tenant = asked.tenant or ""
        self._follow = follow
        self._stale = self._early = False
        self._began = 0.0
        self._live = LiveFlags(asked, optional=optional, told=self._told)
        self._reporter: Reporter | None = reporter(asked, self.counts, report)

    @property
    def flags(self) -> FlagSet:
        """The flags that count now."""
        return self._live.flags

    @property
    def status(self) -> Status:
        """Which release counts, since when, and what was refused."""
        return self._live.status

    @property
    def live(self) -> LiveFlags:
        """What follows the source: `refresh` reads it now."""
        return self._live

    @property
    def dropped(self) -> int:
        """Evaluations that were counted here, and could not be reported."""
        return self._reporter.dropped if self._reporter is not None else 0

    def get_metadata(self) -> Metadata:
        """The name of this provider."""
        return Metadata(NAME)

    def initialize(self, evaluation_context: EvaluationContext) -> None:
        """Begin to follow and to report. The flags are there since this was made."""
        self._stale, self._began = False, time.monotonic()
        if self._follow:
            self._live.follow()
        if self._reporter is not None:
            self._reporter.start()

    def shutdown(self) -> None:
        """Stop following, and report what was counted. Evaluations go on with the flags that are there."""
        self._live.close()
        if self._reporter is not None:
            self._reporter.stop()

    def resolve_boolean_details(
        self, flag_key: str, default_value: bool, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[bool]:
        """What a boolean flag is for whom the context describes."""
        return self._resolve("boolean", flag_key, default_value, evaluation_context)

    def resolve_string_details(
        self, flag_key: str, default_value: str, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[str]:
        """What a flag of text is."""
        return self._resolve("string", flag_key, default_value, evaluation_context)

    def resolve_integer_details(
        self, flag_key: str, default_value: int, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[int]:
        """What a flag of integers is; one of floats is of another type, also where its value has no fraction."""
        return self._resolve("integer", flag_key, default_value, evaluation_context)

    def resolve_float_details(
        self, flag_key: str, default_value: float, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[float]:
        """What a flag of numbers is; an integer is a number."""
        found = self._resolve("float", flag_key, default_value, evaluation_context)
        if type(found.value) is int:
            found.value = float(found.value)
        return found

    def resolve_object_details(
        self, flag_key: str, default_value: Structure, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[Structure]:
        """What a flag of structures is. They are the caller's own."""
        found = self._resolve("object", flag_key, default_value, evaluation_context)
        if found.value is not default_value:
            found.value = _copied(found.value)
        return found

    def _resolve(
        self, kind: FlagType, key: str, default: T, context: EvaluationContext | None
    ) -> FlagResolutionDetails[T]:
        # One read: whatever comes meanwhile, this evaluation is of one release.
        release = self._live.release
        if not release.digest:
            return FlagResolutionDetails(default, reason=Reason.DEFAULT)
        flags = release.flags
        described: dict[str, Any] = {}
        if context is not None:
            described.update(context.attributes)
            if context.targeting_key is not None:
                described["targetingKey"] = context.targeting_key
        if self._tenant:
            described[TENANT] = self._tenant
        found = flags.resolve(key, described)
        if not found.error_code and found.value is not ABSENT:
            declared = flags.types[key]
            if declared != kind and declared not in _OPEN.get(kind, ()):
                says = f"'{key}' is of type {declared}, and {kind} is asked for."
                found = Resolution(key, ABSENT, "", "ERROR", "TYPE_MISMATCH", says, found.metadata)
        self._count(flags, found, described.get(TENANT, ""))
        return _details(found, default)

    def _count(self, flags: FlagSet, found: Resolution, tenant: object) -> None:
        key = OTHER if found.error_code == "FLAG_NOT_FOUND" else found.key
        name = tenant if isinstance(tenant, str) else OTHER
        self.counts.count(flags.environment, key, found.variant, name, found.reason)

    def _told(self, changed: list[str] | None) -> None:
        """Say what became of a look at the source: other flags, or what runs is not what is there."""
        status = self._live.status
        about: dict[str, bool | str | int | float] = {"digest": status.digest, "commit": status.commit}
        if changed is not None:
            self.emit_provider_configuration_changed(ProviderEventDetails(flags_changed=changed, metadata=about))
        stale = status.state != "ok"
        if stale and (self._early or not self._stale):
            # OpenFeature itself says READY after `initialize`, and so perhaps after this: then it is said again.
            self._early = time.monotonic() - self._began < _SETTLED
            why = status.refused.summary if status.refused is not None else "these flags are a copy"
            self.emit_provider_stale(ProviderEventDetails(message=why, metadata=about))
        elif self._stale and not stale:
            self.emit_provider_ready(ProviderEventDetails(metadata=about))
        self._stale = stale


def _details(found: Resolution, default: T) -> FlagResolutionDetails[T]:
    if found.error_code:
        code = ErrorCode(found.error_code)
        return FlagResolutionDetails(default, code, found.error, Reason.ERROR, None, found.metadata)
    value = default if found.value is ABSENT else cast(T, found.value)
    return FlagResolutionDetails(value, None, None, found.reason, found.variant or None, found.metadata)


def _copied(value: Any) -> Any:
    """A value of its own for each caller: one could change it, and change everybody's flag."""
    if isinstance(value, dict):
        return {key: _copied(inner) for key, inner in value.items()}
    return [_copied(inner) for inner in value] if isinstance(value, list) else value
