"""Secrets checked as far as the keys at hand go: what every check finds without one, and what opened files show.

Each file is opened once, with a record in the audit log; its values are judged in memory and forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from terrace import pipeline
from terrace.model import recipients
from terrace.model.findings import Finding, Report, Severity, TriedFiles
from terrace.model.sealed_files import is_ledger, is_secrets
from terrace.model.tried import Tried

if TYPE_CHECKING:
    from terrace.secrets.opening import Opener
    from terrace.secrets.register import Whole
    from terrace.validate.engine import CrossCheck
    from terrace.validate.found import Found

_BY_VALUE, _BY_LOOKS = "SEC042", ("SEC020", "SEC021")

Progress = Callable[[Iterator[Tried], int], Iterable[Tried]]
"""Passes files on as they are tried, told how many there will be."""


class Checked(NamedTuple):
    """What was found of secrets, and what came of each file that keys were tried on; None if no key was at hand."""

    report: Report
    tried: tuple[Tried, ...] | None


def check_secrets(
    folder: Path,
    opener: Opener | None,
    *,
    today: date | None = None,
    fail_on: Severity = Severity.ERROR,
    progress: Progress = lambda tried, _: tried,
) -> Checked:
    """Every rule on secrets, and with an `opener` that has keys also those on opened ones."""
    today = today or datetime.now(UTC).date()
    report = _of_secrets(pipeline.validate(folder, today=today, fail_on=fail_on, history=True))
    if opener is None or not opener.identities.usable:
        return Checked(report, None)
    from terrace.secrets.checking import tried
    from terrace.secrets.register import whole
    from terrace.secrets.sync import sealed_files
    from terrace.validate.outcome import with_keyed

    found = whole(folder)
    files = list(sealed_files(found))
    done = tuple(progress(tried(files, found.repository.register, opener), len(files)))
    report = _without_guesses(with_keyed(report, _judged(found, folder, done, today)))
    return Checked(report._replace(secrets=_counted(done)), done)


def _without_guesses(report: Report) -> Report:
    """The report without what was found by the type and length that a file shows, where the value itself tells it."""
    known = {(each.location.path, each.pointer) for each in report.findings if each.code == _BY_VALUE}
    findings = tuple(
        each
        for each in report.findings
        if each.code not in _BY_LOOKS or (each.location.path, each.pointer) not in known
    )
    return report._replace(findings=findings)


def _counted(tried: tuple[Tried, ...]) -> TriedFiles:
    unchecked = tuple(each.document.path for each in tried if each.trial.unchecked)
    return TriedFiles(len(tried), sum(each.values is not None for each in tried), unchecked)


def _of_secrets(report: Report) -> Report:
    return report._replace(
        findings=tuple(each for each in report.findings if _is_of_secrets(each)),
        suppressed=tuple(each for each in report.suppressed if _is_of_secrets(each.finding)),
    )


def _is_of_secrets(finding: Finding) -> bool:
    """Whether it is of a rule on secrets, or of a file that holds them, their days or their recipients."""
    path = finding.location.path
    return finding.code.startswith("SEC") or is_secrets(path) or is_ledger(path) or path == recipients.FILE


def _judged(found: Whole, folder: Path, tried: tuple[Tried, ...], today: date) -> list[Found]:
    import secrets

    from terrace.validate.unsealed import judge

    checks = _cross_checks(found, folder) if any(each.values for each in tried) else {}
    key = secrets.token_bytes(32)
    return judge(found.repository, found.tenants, tried, today=today, key=key, cross_checks=checks)


def _cross_checks(found: Whole, folder: Path) -> dict[str, CrossCheck]:
    from terrace.schemas.cross import opened_check

    checks = {name: opened_check(folder, contract) for name, contract in found.repository.contracts.items()}
    return {name: check for name, check in checks.items() if check}
