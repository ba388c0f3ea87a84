"""What a deployment did, environment by environment."""

from __future__ import annotations

from collections.abc import Sequence

from terrace.pipeline import Delivered
from terrace.report.built import findings_text
from terrace.report.style import PLAIN, Style
from terrace.report.summary import EnvironmentSummary, ServiceSummary, deploy_summary


def delivered_text(delivered: Sequence[Delivered], style: Style = PLAIN, *, seconds: float | None = None) -> str:
    """The findings that stood in the way, if any; then every environment with its bundles."""
    findings = findings_text([each.built for each in delivered], style)
    notes = "".join(f"{style.paint('dim', note)}\n" for each in delivered for note in _notes(each))
    return findings + notes + deploy_summary(tuple(map(_summary, delivered)), style, seconds=seconds)


def _summary(each: Delivered) -> EnvironmentSummary:
    environment = each.built.environment
    return EnvironmentSummary(
        environment.name,
        environment.order,
        () if each.problem else tuple(_services(each)),
        each.destination,
        each.delivery.release.number if each.delivery else 0,
        environment.protected,
        each.problem,
    )


def _services(each: Delivered) -> list[ServiceSummary]:
    return [
        ServiceSummary(
            bundle.ref.service,
            bundle.targets,
            bundle.configs,
            bundle.ref.digest,
            each.before.get(bundle.ref.service, ""),
            each.leaves.get(bundle.ref.service, 0),
        )
        for bundle in each.built.bundles
    ]


def _notes(each: Delivered) -> list[str]:
    name = each.built.environment.name
    if each.delivery is None:
        return []
    notes = [
        f"{name}: hold {hold} is cleared, nothing it held back is there any more" for hold in each.delivery.cleared
    ]
    if each.delivery.recovered:
        notes.append(f"{name}: release {each.delivery.recovered.number} was interrupted, and is finished now")
    return notes + [f"{name}: {warning}" for warning in each.delivery.warnings]
