"""The flags of a repository that have had their day: read, compiled, proved, looked for in code, and put together."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from terrace import load
from terrace.errors import FlagError, UsageError
from terrace.flags.compile import compile_flags
from terrace.flags.folding import Reach, everyone
from terrace.flags.logic import moment
from terrace.flags.removal import Removal, removals
from terrace.flags.scan import Scan, scan
from terrace.flags.seen import Seen
from terrace.flags.stale import Known, Mismatch, Stale, constant_of, mismatches, stale
from terrace.flags.states import lineage, named_for
from terrace.load_flags import FlagFiles, Rosters, load_flags
from terrace.model.closest import named
from terrace.model.entities import Environment, Repository
from terrace.model.findings import Severity
from terrace.model.flag import Flag, Flags
from terrace.source import open_source


class StaleFlags(NamedTuple):
    """What was found, and what was looked at. `scan` is None where no source tree was named, `seen` where no usage."""

    found: tuple[tuple[Stale, Removal], ...]
    mismatches: tuple[Mismatch, ...]
    flags: int
    environments: tuple[str, ...]
    scan: Scan | None
    seen: Seen | None
    today: date
    days: int


def stale_flags(
    folder: Path, now: datetime, *, days: int, environment: str | None = None, code: Sequence[Path] = (),
    seen: Seen | None = None,
) -> StaleFlags:  # fmt: skip
    """Every stale flag of the repository, judged at `now`, in one environment or in all of them together.

    `code` are the source trees that ask for its flags. Raises `FlagError` where flags are not right.
    """
    tree = load.Tree(open_source(folder))
    repository = load.common(tree)
    files = load_flags(tree)
    _check(files)
    if environment is not None:
        named(environment, repository.environments, "environment")
    names = [environment] if environment else [each.name for each in _in_order(repository)]
    by_key = files.flags.flags
    reaches = _reaches(files.flags, names, repository, Rosters(tree), int(now.timestamp()))
    searched = scan(code, by_key, root=folder, but=folder / load.FLAGS) if code else None
    constant = [flag for key, flag in by_key.items() if constant_of(key, reaches)]
    changed = _changed(folder, constant, names, repository.environments, now)
    known = Known(files.flags, reaches, changed, searched, seen, now.date(), days)
    found = stale(known)
    return StaleFlags(
        tuple(zip(found, removals(found, files.flags, now.date()), strict=True)),
        tuple(mismatches(searched.references if searched else (), by_key)),
        len(by_key), tuple(names), searched, seen, now.date(), days,
    )  # fmt: skip


def code_of(folder: Path) -> list[Path]:
    """The source trees that `pyproject.toml` of a repository names: `[tool.terrace]` `code = ["src"]`; often none."""
    import tomllib

    try:
        said: Any = tomllib.loads((folder / load.SETTINGS).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # not our file to judge: every tool of the project reads it, and says so
        return []
    for part in ("tool", "terrace", "code"):
        said = said.get(part) if isinstance(said, dict) else None
    if said is None:
        return []
    if not isinstance(said, list) or not all(isinstance(each, str) for each in said):
        hint = 'Write it as a list: code = ["src"]'
        raise UsageError(f"`code` of [tool.terrace] in {load.SETTINGS} is no list of folders", hint=hint)
    return [folder / each for each in said]


def _check(files: FlagFiles) -> None:
    wrong = [each for each in files.files.findings if each.severity is Severity.ERROR]
    if wrong:
        hint = "Flags in it would look as if they were in no file. terrace validate says all that is wrong."
        raise FlagError(f"{wrong[0].location}: {wrong[0].message}", hint=hint)


def _in_order(repository: Repository) -> list[Environment]:
    return sorted(repository.environments.values(), key=lambda each: (each.order, each.name))


def _reaches(
    flags: Flags, names: Sequence[str], repository: Repository, rosters: Rosters, now: int
) -> dict[str, dict[str, Reach]]:
    """What every flag comes to, by environment and key."""
    found: dict[str, dict[str, Reach]] = {}
    proved: dict[tuple[str, frozenset[str]], Reach] = {}
    for name in names:
        _, *ancestors = lineage(name, repository.environments)
        roster = rosters.of(name)
        definitions = compile_flags(flags, name, ancestors, roster)["flags"]
        found[name] = {key: _proved(each, now, roster.tenants, proved) for key, each in definitions.items()}
    return found


def _proved(
    definition: Mapping[str, Any], now: int, tenants: frozenset[str], proved: dict[tuple[str, frozenset[str]], Reach]
) -> Reach:
    """What a flag comes to. In most environments it is the same as in the one before."""
    key = (json.dumps({**definition, "metadata": None}), tenants)
    if key not in proved:
        proved[key] = everyone(definition, now, tenants)
    return proved[key]


def _changed(
    folder: Path, flags: Sequence[Flag], names: Sequence[str], environments: Mapping[str, Environment], now: datetime
) -> dict[str, date]:
    """The day on which each flag last changed: its text as Git knows it, or by a schedule."""
    from terrace.git import find
    from terrace.git.lines import days_of_lines

    git = find(folder) if flags else None
    # Of a clone that is cut off, every older line seems to be of the day on which it begins.
    lines: dict[str, list[date]] = {}
    if git is not None and git.has_work_tree and not git.shallow:
        lines = {path: days_of_lines(git, path) for path in sorted({flag.document.path for flag in flags})}
    found = {}
    for flag in flags:
        first = flag.document.at(flag.pointer, key=True).span
        last = flag.document.at(flag.pointer).span
        days = lines.get(flag.document.path, [])[first.line - 1 : last.end_line] if first and last else []
        past = [
            datetime.fromtimestamp(at, UTC).date()
            for at in _moments(flag, names, environments)
            if at <= now.timestamp()
        ]
        if days or past:
            found[flag.key] = max([*days, *past])
    return found


def _moments(flag: Flag, names: Sequence[str], environments: Mapping[str, Environment]) -> Iterator[int]:
    """When a flag changes, or changed, by itself."""
    for name in {named_for(flag, name, environments) for name in names} - {""}:
        state = flag.states[name]
        for at, later in (("", state), *state.schedule):
            texts = (at, later.progress.end if later.progress else "")
            yield from (moment(text) for text in texts if text)
