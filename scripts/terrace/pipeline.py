"""READ FIRST: the stages, strung together. load -> layer -> validate -> bundle -> deploy.

Each function here is what one command does, from a folder to a value that `report` can show. Work goes through the
repository as its shared part and one tenant at a time, so that memory stays flat, several processes can share the
tenants, and what did not change since the last run is not judged again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from terrace import load
from terrace.model.findings import Finding, Report, RuleInfo, Severity, Suppressed
from terrace.source import Source, Unreadable, open_source
from terrace.validate.found import Found, merge
from terrace.validate.verdicts import Verdicts, key_of

if TYPE_CHECKING:
    from terrace.validate.engine import CrossCheck

_WHOLE = "*"
"""The name under which the verdict on a whole repository is kept, beside those on its tenants' folders."""


class Checked(NamedTuple):
    """A repository that was judged: everything that was found, and how many targets were looked at."""

    found: list[Found]
    targets: int


def validate(
    folder: Path,
    *,
    at: str | None = None,
    files: Sequence[str] = (),
    today: date | None = None,
    fail_on: Severity = Severity.ERROR,
    jobs: int = 1,
    cached: bool = True,
) -> Report:
    """Every rule over every target of the repository in `folder`, or over those that `files` reach.

    `at` reads a Git revision; then contracts are judged by their committed schemas, and none of their Python runs.
    """
    source = open_source(folder, at)
    today = _day(source, at, today)
    runs_python = at is None
    return validate_source(
        source, today=today, files=files, fail_on=fail_on, runs_python=runs_python, jobs=jobs, cached=cached
    )


def validate_source(
    source: Source,
    *,
    today: date,
    files: Sequence[str] = (),
    fail_on: Severity = Severity.ERROR,
    runs_python: bool = True,
    jobs: int = 1,
    cached: bool = True,
) -> Report:
    """The same for a source that is open already, such as one with an edit laid over it."""
    tree = load.Tree(source, only=_tenants_of(source.root, files) if files and runs_python else None)
    checked = _check(tree, today, runs_python=runs_python, jobs=jobs, cached=cached and not files)
    found = [item for item in checked.found if not files or _concerns(item, files)]
    return _report(tree, found, checked.targets, fail_on)


def _check(tree: load.Tree, today: date, *, runs_python: bool, jobs: int, cached: bool) -> Checked:
    """Judge what changed since the last run, and take the rest from the verdicts that were kept."""
    verdicts = Verdicts.of(str(tree.source.root), tree.shared, today.isoformat(), str(runs_python)) if cached else None
    keys = {name: key_of(entries) for name, entries in tree.tenants.items()} if verdicts else {}
    whole = hashlib.sha256("".join(keys.values()).encode()).hexdigest() if all(keys.values()) else ""
    if verdicts and (kept := verdicts.get(_WHOLE, whole)):
        return Checked(*kept)

    from terrace.validate.engine import Engine
    from terrace.validate.run import judge

    repository = load.common(tree)
    checks = _cross_checks(tree.source.root, repository.contracts) if runs_python else {}
    engine = Engine(repository, today=today, cross_checks=checks)
    found = engine.common()
    targets = sum(1 for _ in engine.layering.targets(None))
    known = {name: verdicts.get(name, key) for name, key in keys.items()} if verdicts else {}
    for kept_verdict in known.values():
        if kept_verdict:
            found += kept_verdict[0]
            targets += kept_verdict[1]
    missing = [name for name in tree.tenants if not known.get(name)]
    for verdict in judge(engine, tree, missing, jobs=jobs):
        found += verdict.found
        targets += verdict.targets
        if verdicts:
            verdicts.put(verdict.folder, keys[verdict.folder], verdict.found, verdict.targets)
    settled = engine.settle(found, repository.files)
    if verdicts:
        verdicts.put(_WHOLE, whole, settled, targets)
        verdicts.save()
    return Checked(settled, targets)


def _cross_checks(root: Path, services: Iterable[str]) -> dict[str, CrossCheck]:
    """The contracts' own rules across fields. Runs the Python of the work tree's contracts, if they have such rules."""
    wanted = [service for service in services if _has_rules(root / "schemas" / f"{service}.py")]
    if not wanted:
        return {}
    from terrace.schemas.cross import cross_check

    checks = {service: cross_check(root, service) for service in wanted}
    return {service: check for service, check in checks.items() if check}


def _has_rules(path: Path) -> bool:
    return path.is_file() and b"alidator" in path.read_bytes()


def _tenants_of(folder: Path, files: Sequence[str]) -> list[str] | None:
    """The folders of the tenants that `files` belong to; None if one of them is shared, and so reaches all."""
    folders: set[str] = set()
    for path in files:
        parent = load.parent_of(path)
        while parent and not (folder / parent / load.TENANT_FILE).is_file():
            parent = load.parent_of(parent)
        if not parent.startswith("tenants/"):
            return None
        folders.add(parent)
    return sorted(folders)


def _concerns(item: Found, files: Sequence[str]) -> bool:
    return item.finding.location.path in files or any(place.location.path in files for place in item.finding.related)


def _day(source: Source, at: str | None, today: date | None) -> date:
    """The day expiries are judged on: the one that was given, else the revision's own, else today."""
    if today is not None:
        return today
    return date.fromisoformat(source.origin.time[:10]) if at is not None else datetime.now(UTC).date()


def _report(tree: load.Tree, found: Iterable[Found], targets: int, fail_on: Severity) -> Report:
    paths = (entry.path for entries in (tree.shared, *tree.tenants.values()) for entry in entries)
    standing, suppressed = [], []
    for item in merge(found):
        finding = _counted(item)
        if item.suppressed:
            suppressed.append(Suppressed(finding, item.suppressed))
        else:
            standing.append(finding)
    return Report(
        tuple(sorted(standing, key=lambda finding: finding.order)),
        tuple(sorted(suppressed, key=lambda item: item.finding.order)),
        targets=targets,
        files=tuple(path for path in paths if path.endswith((".yaml", ".yml"))),
        fail_on=fail_on,
        rules=_rule_infos() if standing or suppressed else {},
        texts=_texts(tree.source),
    )


def _counted(item: Found) -> Finding:
    """The finding with the number of targets it reaches, and three of them: production's first."""
    examples = sorted(item.targets, key=lambda target: ("production" not in target, target))[:3]
    return item.finding._replace(affects=len(item.targets), examples=tuple(examples))


def _rule_infos() -> dict[str, RuleInfo]:
    from terrace.validate.registry import rules

    return {
        rule.code: RuleInfo(rule.code, rule.title, rule.severity, rule.summary, secret=rule.code.startswith("SEC"))
        for rule in rules()
    }


def _texts(source: Source) -> Callable[[str], str | None]:
    """A file's text by its path, for the source lines of a report."""

    def text(path: str) -> str | None:
        entries = [entry for entry in source.entries(load.parent_of(path)) if entry.path == path]
        for data in source.read(entries):
            return None if isinstance(data, Unreadable) else data.decode("utf-8", errors="replace")
        return None

    return text
