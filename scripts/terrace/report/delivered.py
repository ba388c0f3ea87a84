"""What a deployment did, environment by environment."""

from __future__ import annotations

from collections.abc import Sequence

from terrace.arrival import Arrival
from terrace.delivery import Delivered
from terrace.report.arrived import arrived_record
from terrace.report.built import findings_text, sealed_record, stream_name
from terrace.report.formats.json import dump, findings_records
from terrace.report.style import PLAIN, Style
from terrace.report.summary import EnvironmentSummary, ServiceSummary, deploy_summary


def delivered_text(
    delivered: Sequence[Delivered], style: Style = PLAIN, *, seconds: float | None = None, dry_run: bool = False
) -> str:
    """The findings that stood in the way, if any; then every environment with its bundles."""
    findings = findings_text([each.built for each in delivered], style)
    told = dict.fromkeys(note for each in delivered for note in _notes(each))
    notes = "".join(f"{style.paint('dim', note)}\n" for note in told)
    return findings + notes + deploy_summary(_summaries(delivered), style, seconds=seconds, dry_run=dry_run)


def delivered_json(
    delivered: Sequence[Delivered], *, dry_run: bool = False, arrivals: Sequence[Arrival] | None = None
) -> str:
    """The same for programs.

    `dry_run` says that nothing was delivered. `environments`, in promotion order and once for each destination and
    stream, has: `environment`, `stream` (`config` or `flags`), `destination`, `problem` (null, or why it was not
    released), `findings` as `terrace validate` tells them, `release` (its number; null where there is none),
    `unchanged` (it runs there already), `cleared` (the holds that go with it), `recovered` (the number of an
    interrupted release that was finished first, or null), `warnings`, and `bundles`: those of `terrace build`, each
    with `previous`, the digest that was current before (null in a first release), and the number of `leaves` that
    changed since. `arrivals`, with `--wait`, is what processes say of it.
    """
    waited = {} if arrivals is None else {"arrivals": arrived_record(arrivals)}
    return dump({"version": 1, "dry_run": dry_run, "environments": list(map(_record, delivered)), **waited})


def _record(each: Delivered) -> dict[str, object]:
    delivery = each.delivery
    report = each.built.report
    bundles = () if each.problem else each.built.bundles
    return {
        "environment": each.built.environment.name,
        "stream": each.built.stream,
        "destination": each.destination or None,
        "problem": each.problem or None,
        "findings": findings_records(report) if report else [],
        "release": delivery.release.number if delivery else None,
        "unchanged": not each.problem and all(each.before.get(b.ref.service) == b.ref.digest for b in bundles),
        "cleared": list(delivery.cleared if delivery else each.clears),
        "recovered": delivery.recovered.number if delivery and delivery.recovered else None,
        "warnings": list(delivery.warnings) if delivery else [],
        "bundles": [
            {
                **sealed_record(bundle),
                "previous": each.before.get(bundle.ref.service),
                "leaves": each.leaves.get(bundle.ref.service, 0),
            }
            for bundle in bundles
        ],
    }


def _summaries(delivered: Sequence[Delivered]) -> tuple[EnvironmentSummary, ...]:
    """What went to a destination as one release is told as one, whatever streams there were."""
    found: list[EnvironmentSummary] = []
    for each in delivered:
        new, last = _summary(each), found[-1] if found else None
        if last and not each.problem and last._replace(services=()) == new._replace(services=()):
            found[-1] = last._replace(services=last.services + new.services)
        else:
            found.append(new)
    return tuple(found)


def _summary(each: Delivered) -> EnvironmentSummary:
    environment = each.built.environment
    return EnvironmentSummary(
        stream_name(each.built) if each.problem else environment.name,
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
        return [f"{name}: hold {hold} would be cleared, nothing it holds back is there" for hold in each.clears]
    notes = [
        f"{name}: hold {hold} is cleared, nothing it held back is there any more" for hold in each.delivery.cleared
    ]
    if each.delivery.recovered:
        notes.append(f"{name}: release {each.delivery.recovered.number} was interrupted, and is finished now")
    return notes + [f"{name}: {warning}" for warning in each.delivery.warnings]
