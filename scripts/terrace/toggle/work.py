"""A toggle, worked out and judged. Nothing is written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

from terrace import load
from terrace.errors import RefusedError, UsageError
from terrace.flags.states import lineage
from terrace.load_flags import FlagFiles, Rosters, load_flags
from terrace.model.closest import named
from terrace.model.entities import Environment, Repository
from terrace.model.findings import Finding, Severity
from terrace.model.flag import Flags
from terrace.model.source import Document
from terrace.source import Overlay, Source, open_source
from terrace.toggle.action import ALWAYS_DIRECT, Action
from terrace.toggle.edit import archived, begun, edited
from terrace.toggle.outcome import Outcome, outcomes


class Toggle(NamedTuple):
    """An edit of the file at `path` that was worked out and judged, and is not written yet.

    `commit` is what it was worked out from, empty for a folder. `findings` are those that it brings; `also` has other
    files that follow from it. `protected` says that it goes by a pull request. `blocking` are errors that were there
    before, and keep the flags of the environment from being released, with this edit or without it.
    """

    path: str
    before: str
    after: str
    findings: tuple[Finding, ...]
    outcomes: tuple[Outcome, ...]
    action: Action
    commit: str = ""
    also: Mapping[str, str] = {}
    protected: bool = False
    blocking: tuple[Finding, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether the edit brings an error that was not there before."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)

    @property
    def changes(self) -> bool:
        """Whether there is anything to do: a flag that is on is not turned on."""
        return self.before != self.after

    @property
    def files(self) -> dict[str, str]:
        """Every file that becomes another, by path."""
        return {self.path: self.after, **self.also}


def toggle(folder: Path, action: Action, *, at: str | None = None, today: date | None = None) -> Toggle:
    """Work out what an action does, from the work tree or the Git revision `at`."""
    source = open_source(folder, at)
    return work_out(source, action, source.origin.commit if at else "", today=today)


def work_out(source: Source, action: Action, commit: str, *, today: date | None = None) -> Toggle:
    """Work out what an action does, from a source, which is that of `commit`."""
    return from_basis(basis(source, today or datetime.now(UTC).date()), action, commit)


class Basis(NamedTuple):
    """What toggles are worked out from: a source that was read, and what is wrong with its flags already."""

    source: Source
    repository: Repository
    rosters: Rosters
    given: FlagFiles
    known: frozenset[object]
    today: date


def basis(source: Source, today: date) -> Basis:
    """Read a source, and judge its flags."""
    from terrace.validate.flagged import judge, judging

    tree = load.Tree(source)
    repository, given, rosters = load.common(tree), load_flags(tree), Rosters(tree)
    known = frozenset(_identity(item.finding) for item in judge(judging(repository, today), given, rosters))
    return Basis(source, repository, rosters, given, known, today)


def from_basis(known: Basis, action: Action, commit: str) -> Toggle:
    """Work out what an action does to what was read of `commit`."""
    source, given, environments = known.source, known.given, known.repository.environments
    document, path = _area(given, action)
    if action.verb == "new":
        after = begun(document, path, action)
    else:
        assert document is not None, "a flag stands in a document"
        after = archived(document, action) if action.verb == "archive" else edited(document, action, environments)
    before = document.text if document else ""
    now = _edited(source, {path: after})
    also = _types(given, now)
    if also:
        now = _edited(source, {path: after, **also})
    brought, blocking = _brought(known, now, action.environment)
    return Toggle(
        path,
        before,
        after,
        brought if before != after else (),
        tuple(outcomes(given.flags.flags.get(action.flag), now.flags.flags.get(action.flag), environments)),
        action,
        commit,
        also,
        _protected(action, environments),
        blocking,
    )


def refuse(found: Toggle) -> None:
    """Raise an error where the edit brings one."""
    if found.refused:
        errors = [
            f"{each.code} {each.location}: {each.message}. {each.hint}".rstrip(". ")
            for each in found.findings
            if each.severity is Severity.ERROR
        ]
        raise RefusedError("the edit is not made: it brings\n    " + "\n    ".join(errors))


def _area(given: FlagFiles, action: Action) -> tuple[Document | None, str]:
    """The document in which the flag stands, or is to stand, and its path."""
    flags = given.flags
    if action.verb != "new":
        _refuse_unreadable(given)
        flag = named(action.flag, flags.flags, "flag")
        return flag.document, flag.document.path
    if action.flag in flags.flags:
        raise RefusedError(
            f"there is a flag {action.flag!r} already, in {flags.flags[action.flag].document.path}",
            hint="Choose another key.",
        )
    if any(action.flag == each.key for area in flags.areas for each in area.archived):
        raise RefusedError(f"there was a flag {action.flag!r} once", hint="Its key is not used again: choose another.")
    path = f"{load.FLAGS}/{action.area}.yaml"
    for finding in given.files.findings:
        if finding.location.path == path:
            raise RefusedError(f"{finding.location}: {finding.message}", hint="Mend the file first.")
    return given.files.documents.get(path), path


def _refuse_unreadable(given: FlagFiles) -> None:
    if not given.flags.areas and given.files.findings:
        finding = given.files.findings[0]
        raise RefusedError(f"{finding.location}: {finding.message}", hint="Mend the file first.")
    if not given.flags.areas:
        raise UsageError("there are no flags here", hint="Begin: terrace flags new KEY --area AREA --owner WHO")


def _types(before: FlagFiles, after: FlagFiles) -> dict[str, str]:
    """The register of flags' types, where there is one and it has to change."""
    from terrace.flags.registry import kept
    from terrace.schemas.flag_types import text_of

    if before.types is None or kept(before.types, after.flags) == before.types:
        return {}
    return {load.FLAG_TYPES: text_of(after._replace(types=before.types))}


def _edited(source: Source, texts: Mapping[str, str]) -> FlagFiles:
    return load_flags(load.Tree(Overlay(source, texts), only=()))


def _brought(known: Basis, after: FlagFiles, environment: str) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """What is wrong with flags after the edit and was not before, wherever its line is now; and what was, and keeps the
    flags of the environment from being released.
    """
    from terrace.pipeline.of_flags import blocks_flags
    from terrace.validate.flagged import judge, judging

    found = judge(judging(known.repository, known.today), after, known.rosters)
    new = [item for item in found if not item.suppressed and _identity(item.finding) not in known.known]
    old = [item for item in found if blocks_flags(item, environment) and item not in new]
    return tuple(item.finding for item in new), tuple(item.finding for item in old)


def _identity(finding: Finding) -> object:
    return finding.code, finding.location.path, finding.pointer, finding.message


def _protected(action: Action, environments: Mapping[str, Environment]) -> bool:
    """Whether it goes by a pull request: what changes a protected environment, but for a kill."""
    if action.verb in ALWAYS_DIRECT:
        return False
    if action.environment:
        reached = [name for name in environments if action.environment in lineage(name, environments)]
        return any(environments[name].protected for name in reached)
    return action.verb == "archive" and any(each.protected for each in environments.values())


def everything(folder: Path, *, at: str | None = None) -> tuple[Flags, Mapping[str, Environment], Rosters]:
    """The flags of a repository, its environments, and who is in each."""
    source = open_source(folder, at)
    tree = load.Tree(source)
    return load_flags(tree).flags, load.common(tree).environments, Rosters(tree)
