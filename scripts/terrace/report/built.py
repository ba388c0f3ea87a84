"""What a build made: each bundle, and the findings that kept an environment from being built."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from terrace.model.flag import STREAM
from terrace.pipeline import Built
from terrace.report import renderer
from terrace.report.formats.json import dump, findings_records
from terrace.report.records import bundle_record
from terrace.report.style import PLAIN, Style
from terrace.report.table import Column, table
from terrace.report.words import count
from terrace.seal import Sealed

_COLUMNS = (
    Column("environment", whole=True, role="strong"),
    Column("service", whole=True),
    Column("targets", right=True, whole=True),
    Column("configs", right=True, whole=True),
    Column("digest", role="dim"),
)


def built_text(built: Sequence[Built], output: Path, style: Style = PLAIN) -> str:
    """The bundles as a table, then what is wrong."""
    rows = [
        (each.environment.name, bundle.ref.service, *_counts(bundle), bundle.ref.digest)
        for each in built
        for bundle in each.bundles
    ]
    made = f"{count(len(rows), 'bundle')} in {output}"
    return problems_text(built, style) + table(_COLUMNS, rows, style) + ("\n" if rows else "") + f"{made}\n"


def _counts(bundle: Sealed) -> tuple[str, str]:
    return ("", "") if bundle.ref.service == STREAM else (f"{bundle.targets:,}", f"{bundle.configs:,}")


def built_json(built: Sequence[Built], output: Path) -> str:
    """The same for programs.

    `output` is the folder of the bundles; `environments`, in promotion order, has for each stream: `environment`,
    `stream` (`config` or `flags`), `commit` (empty without one), `dirty`, `problem` (null, or why nothing was
    built), `findings` as `terrace validate` tells them, and `bundles`: `service`, `digest`, the digests of its
    streams `config` and `secrets`, and the number of its `targets` and of the `configs` that differ.
    """
    return dump({"version": 1, "output": str(output), "environments": list(map(_record, built))})


def sealed_record(bundle: Sealed) -> dict[str, object]:
    """A bundle with the number of targets it serves, and of the configs they share."""
    return {**bundle_record(bundle.ref), "targets": bundle.targets, "configs": bundle.configs}


def stream_name(built: Built) -> str:
    """An environment as it is named where only its flags are meant."""
    return built.environment.name if built.stream == "config" else f"flags of {built.environment.name}"


def problems_text(built: Sequence[Built], style: Style = PLAIN) -> str:
    """Why environments were not built: each finding once, then a line for each environment."""
    lines = [
        f"{style.paint('warning', stream_name(each))}  not built: {each.problem}\n" for each in built if each.problem
    ]
    return findings_text(built, style) + "".join(lines) + ("\n" if lines else "")


def findings_text(built: Sequence[Built], style: Style = PLAIN) -> str:
    """The findings that kept environments from being built, each once; empty where there are none."""
    reports = [each.report for each in built if each.report]
    if not reports:
        return ""
    findings = {finding for report in reports for finding in report.findings}
    ordered = tuple(sorted(findings, key=lambda finding: finding.order))
    return renderer("text")(reports[0]._replace(findings=ordered), style=style) + "\n"


def _record(each: Built) -> dict[str, object]:
    return {
        "environment": each.environment.name,
        "stream": each.stream,
        "commit": each.origin.commit,
        "dirty": bool(each.origin.dirty),
        "problem": each.problem or None,
        "findings": findings_records(each.report) if each.report else [],
        "bundles": list(map(sealed_record, each.bundles)),
    }
