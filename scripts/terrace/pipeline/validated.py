"""Every rule, over a folder or a Git revision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from terrace import load
from terrace.model.findings import Report, Severity
from terrace.pipeline.of_flags import is_of_flags
from terrace.source import Source, open_source
from terrace.source.exposed import exposed, exposed_in
from terrace.validate.exposed import findings as exposures
from terrace.validate.found import Found
from terrace.validate.orphaned import orphaned
from terrace.validate.outcome import report
from terrace.validate.run import CrossChecks, Progress, run, without_progress

if TYPE_CHECKING:
    from terrace.model.private_keys import Exposure
    from terrace.model.service import Contract
    from terrace.validate.engine import CrossCheck
    from terrace.validate.given import Witness


def validate(
    folder: Path,
    *,
    at: str | None = None,
    files: Sequence[str] = (),
    today: date | None = None,
    fail_on: Severity = Severity.ERROR,
    jobs: int = 1,
    cached: bool = True,
    history: bool = False,
    progress: Progress = without_progress,
) -> Report:
    """Every rule over every target of the repository in `folder`, or over those that `files` reach.

    With `files` contracts are judged by their schemas alone: rules across fields are for whole runs. So they are with
    `at`, which reads a Git revision: none of its Python runs. With `history` Git is asked for the ages of secrets too.
    """
    source = open_source(folder, at)
    today = today or day_of(source, at)
    return validate_source(
        source,
        today=today,
        files=files,
        fail_on=fail_on,
        runs_python=at is None,
        jobs=jobs,
        cached=cached,
        seen=_seen(source) if history else None,
        progress=progress,
    )


def _seen(source: Source) -> Witness:
    """What Git's history says of the ages of secrets; nothing outside of Git."""
    from terrace.git import find
    from terrace.secrets.history import ages
    from terrace.secrets.standing import places

    git = find(source.root)
    tree = load.Tree(source)
    found = places(load.common(tree), load.tenants(tree, tree.tenants)) if git else ()
    return ages(git, {place.file: place.text for place in found}) if git else {}


def validate_source(
    source: Source,
    *,
    today: date,
    files: Sequence[str] = (),
    fail_on: Severity = Severity.ERROR,
    runs_python: bool = True,
    jobs: int = 1,
    cached: bool = True,
    seen: Witness | None = None,
    progress: Progress = without_progress,
) -> Report:
    """The same for a source that is open already, such as one with an edit laid over it."""
    folders = _tenants_of(source.root, files) if files else None
    flags = bool(files) and any(load.is_of_flags(path) for path in files)
    tree = load.Tree(source, only=folders if runs_python else None)
    # A hook looks at a few files and must be quick: it goes by the committed schemas, as decided for it.
    cross_checks = (_no_cross_checks if files else cross_checks_of(source.root)) if runs_python else None
    checked = run(
        tree,
        today,
        cross_checks=cross_checks,
        stale=orphaned(tree),
        jobs=jobs,
        cached=cached and not files,
        progress=progress,
        seen=seen,
        flags=load.Tree(source) if flags and tree.is_part else None,
    )
    found = [item for item in checked.found if folders is None or is_of_flags(item) or _concerns(item, folders)]
    found += exposures(_elsewhere(source, files, "" if runs_python else source.origin.commit))
    return report(tree, found, checked.targets, fail_on)


def _elsewhere(source: Source, files: Sequence[str], commit: str) -> list[Exposure]:
    """Private keys outside of the folders that are loaded, and so looked at, anyway."""
    if not files:
        return exposed(source.root, commit, but=load.LOADED)
    loaded = tuple(f"{folder}/" for folder in load.LOADED)
    return exposed_in(source.root, [path for path in files if not path.startswith(loaded)])


def cross_checks_of(root: Path) -> CrossChecks:
    """The contracts' own rules across fields, for those services that have any. Runs the contracts' Python."""

    def checks(contracts: Mapping[str, Contract], answers: dict[str, Any]) -> dict[str, CrossCheck]:
        from terrace.schemas.cross import cross_check

        found = {name: cross_check(root, each, answers.setdefault(name, {})) for name, each in contracts.items()}
        return {name: check for name, check in found.items() if check}

    return checks


def _no_cross_checks(contracts: Mapping[str, Contract], answers: dict[str, Any]) -> dict[str, CrossCheck]:
    return {}


def _tenants_of(folder: Path, files: Sequence[str]) -> list[str] | None:
    """The folders of the tenants that `files` belong to; None if one of them is shared, and so reaches all.

    Flags belong to no tenant, and reach none.
    """
    folders: set[str] = set()
    for path in files:
        if load.is_of_flags(path):
            continue
        parent = load.parent_of(path)
        while parent and not (folder / parent / load.TENANT_FILE).is_file():
            parent = load.parent_of(parent)
        if not parent.startswith("tenants/"):
            return None
        folders.add(parent)
    return sorted(folders)


def _concerns(item: Found, folders: Sequence[str]) -> bool:
    """Whether a finding stands in one of these tenants' folders, or reaches one of their targets."""
    names = {load.name_of(folder) for folder in folders}
    mine = any(item.finding.location.path.startswith(f"{folder}/") for folder in folders)
    return mine or any(target.count("/") == 2 and target.rsplit("/", 1)[-1] in names for target in item.targets)


def day_of(source: Source, at: str | None) -> date:
    """The day expiries are judged on: that of a revision, else today."""
    return date.fromisoformat(source.origin.time[:10]) if at is not None else datetime.now(UTC).date()
