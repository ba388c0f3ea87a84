"""What was evaluated, as OpenTelemetry metrics: read from the counts when it is exported, at no other cost.

Semantic conventions name attributes of evaluations and no metrics; the names of the counters are those that OpenFeature
gives them in its hooks. Tenants are counted together: who wants them apart takes the Prometheus metrics, or usage.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Observation

from terrace.runtime.flags import NAME, FlagProvider

REQUESTS = "feature_flag.evaluation_requests_total"
SUCCESS = "feature_flag.evaluation_success_total"
ERRORS = "feature_flag.evaluation_error_total"
_Kind: TypeAlias = tuple[str, str, str, str]


def observe(provider: FlagProvider, meter: metrics.Meter | None = None) -> None:
    """Export what `provider` evaluates, with `meter` or the application's own, under its name `terrace`."""
    to = meter or metrics.get_meter(NAME)

    def counted(only_errors: bool | None) -> Iterable[Observation]:
        together: dict[_Kind, int] = {}
        for series, number in provider.counts.now.items():
            if only_errors is None or only_errors == (series.reason == "ERROR"):
                kind = (series.environment, series.flag, series.variant, series.reason)
                together[kind] = together.get(kind, 0) + number
        return [Observation(number, _attributes(kind)) for kind, number in together.items()]

    def requests(_: CallbackOptions) -> Iterable[Observation]:
        return counted(None)

    def success(_: CallbackOptions) -> Iterable[Observation]:
        return counted(False)

    def errors(_: CallbackOptions) -> Iterable[Observation]:
        return counted(True)

    to.create_observable_counter(REQUESTS, [requests], "{evaluation}", "Evaluations of flags.")
    to.create_observable_counter(SUCCESS, [success], "{evaluation}", "Evaluations that gave a value.")
    to.create_observable_counter(ERRORS, [errors], "{evaluation}", "Evaluations that failed.")


def _attributes(kind: _Kind) -> Mapping[str, str]:
    environment, flag, variant, reason = kind
    said = {
        "feature_flag.key": flag,
        "feature_flag.provider.name": NAME,
        "feature_flag.set.id": environment,
        "feature_flag.result.reason": reason.lower(),
    }
    return {**said, "feature_flag.result.variant": variant} if variant else said
