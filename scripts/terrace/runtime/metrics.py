"""What a process says of its configuration as Prometheus metrics, by their conventions."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from terrace.flags.counting import Counts
from terrace.runtime.asgi import Told
from terrace.runtime.status import Status

_LABELS = ("service", "environment")
_INFO = (*_LABELS, "digest", "commit", "contract")


class HandleCollector(Collector):
    """The metrics of one handle, for a registry of the application's own: `registry.register(...)`.

    A provider of flags tells the same of itself, by the service `_flags`; `FlagCollector` tells more.
    """

    def __init__(self, handle: Told) -> None:
        self._handle = handle

    def collect(self) -> Iterator[Metric]:
        """The metrics, as the handle is now."""
        yield from _metrics(self._handle.status)


class FlagCollector(Collector):
    """The metrics of a provider of flags: which release counts, and what was evaluated."""

    def __init__(self, flags: Told) -> None:
        self._flags = flags

    def collect(self) -> Iterator[Metric]:
        """The metrics, as they are now."""
        yield from _metrics(self._flags.status)
        yield from evaluations(self._flags)


class _Now(Collector):
    def __init__(self, *told: tuple[Status, Told | None]) -> None:
        self._told = told

    def collect(self) -> Iterator[Metric]:
        # Of each family there is one, with all that belong to it.
        families: dict[str, Metric] = {}
        for status, flags in self._told:
            for each in (*_metrics(status), *(evaluations(flags) if flags is not None else ())):
                families.setdefault(each.name, each)
                if families[each.name] is not each:
                    families[each.name].samples.extend(each.samples)
        yield from families.values()


def exposition(
    status: Callable[[], Status | None], flags: Callable[[], Told | None] = lambda: None
) -> Callable[[], tuple[int, bytes, bytes]]:
    """A function that gives HTTP status, content type and text of the metrics."""

    def page() -> tuple[int, bytes, bytes]:
        registry = CollectorRegistry(auto_describe=False)
        now = status()
        told = [] if now is None else [(now, None)]
        beside = flags()
        registry.register(_Now(*told, *([] if beside is None else [(beside.status, beside)])))
        return 200, CONTENT_TYPE_LATEST.encode(), generate_latest(registry)

    return page


def _metrics(status: Status) -> Iterator[Metric]:
    labels = (status.service, status.environment)
    info = GaugeMetricFamily("terrace_config_info", "The configuration that runs; always 1.", labels=_INFO)
    info.add_metric((*labels, status.digest, status.commit, status.contract), 1)
    yield info
    gauges = (
        ("terrace_config_loaded_timestamp_seconds", "When it was loaded.", status.since.timestamp()),
        ("terrace_config_degraded", "1 while something newer is refused, or the source away.", status.state != "ok"),
        ("terrace_config_waiting_fields", "Fields whose new values wait for a restart.", len(status.waiting)),
        ("terrace_config_unknown_fields", "Fields of a newer contract that were left out.", len(status.unknown)),
        ("terrace_config_overridden_fields", "Fields that a variable overrides.", len(status.overridden)),
        ("terrace_config_last_good_age_seconds", "Age of the last good copy; 0 where the source was read.", status.age),
    )
    for name, said, value in gauges:
        gauge = GaugeMetricFamily(name, said, labels=_LABELS)
        gauge.add_metric(labels, float(value or 0))
        yield gauge
    counters = (
        ("terrace_config_reloads", "Revisions taken since the start.", status.reloads),
        ("terrace_config_refusals", "Newer bundles refused since the start.", status.refusals),
    )
    for name, said, value in counters:
        counter = CounterMetricFamily(name, said, labels=_LABELS)
        counter.add_metric(labels, value)
        yield counter


def evaluations(flags: Told) -> Iterator[Metric]:
    """What a provider of flags evaluated, if it counts that."""
    counts = getattr(flags, "counts", None)
    if not isinstance(counts, Counts):
        return
    total = CounterMetricFamily(
        "terrace_flag_evaluations", "Evaluations of flags since the start.",
        labels=("environment", "flag", "variant", "tenant", "reason"),
    )  # fmt: skip
    for series, number in counts.now.items():
        total.add_metric((*series[:4], series.reason.lower()), number)
    yield total
    dropped = CounterMetricFamily("terrace_flag_reports_dropped", "Evaluations that could not be reported.")
    dropped.add_metric((), int(getattr(flags, "dropped", 0)))
    yield dropped
