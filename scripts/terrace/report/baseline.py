"""Findings that stood when a repository was adopted: they may go on standing, new ones may not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from terrace.errors import UsageError
from terrace.model.findings import Report, Suppressed
from terrace.report.fingerprint import Fingerprints
from terrace.report.source import Sources

REASON = "it stood when the baseline was written"


class Settled(NamedTuple):
    """A report without what its baseline lets stand, and how many entries of the baseline are not there any more."""

    report: Report
    gone: int


def baseline_text(report: Report) -> str:
    """The findings of a report as a baseline: what each is, and what makes it the same one tomorrow."""
    prints = Fingerprints(Sources(report))
    entries = [
        {"fingerprint": prints.of(finding), "code": finding.code, "path": finding.location.path}
        for finding in report.findings
    ]
    return json.dumps({"version": 1, "findings": entries}, indent=2, ensure_ascii=False) + "\n"


def settle(report: Report, path: str) -> Settled:
    """The report with the findings in the baseline at `path` taken as suppressed."""
    known = _read(path)
    prints = Fingerprints(Sources(report))
    old = {finding: prints.of(finding) for finding in report.findings}
    standing = tuple(finding for finding, fingerprint in old.items() if fingerprint not in known)
    kept = tuple(Suppressed(finding, REASON) for finding, fingerprint in old.items() if fingerprint in known)
    return Settled(
        report._replace(findings=standing, suppressed=(*report.suppressed, *kept)), len(known - set(old.values()))
    )


def _read(path: str) -> set[str]:
    hint = "Write one: terrace validate --write-baseline FILE"
    try:
        said = json.loads(Path(path).read_text(encoding="utf-8"))
        return {str(entry["fingerprint"]) for entry in said["findings"]}
    except OSError as error:
        raise UsageError(f"cannot read the baseline {path}: {error.strerror}", hint=hint) from error
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} is not a baseline", hint=hint) from error
