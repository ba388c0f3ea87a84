"""READ FIRST: the stages, strung together. load -> layer -> validate -> bundle; `delivery` adds -> deploy.

Each function here is what one command does, from a folder to a value that `report` can show. Work goes through the
repository as its shared part and one tenant at a time, so that memory stays flat, several processes can share the
tenants, and what did not change since the last run is not judged again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from terrace import load
from terrace.model.entities import Environment, Origin
from terrace.model.findings import Report, Severity
from terrace.model.release import STREAMS, Stream
from terrace.source import Source, open_source
from terrace.source.exposed import exposed, exposed_in
from terrace.validate.exposed import findings as exposures
from terrace.validate.found import Found
from terrace.validate.orphaned import orphaned
from terrace.validate.outcome import report
from terrace.validate.run import Checked, CrossChecks, Progress, run, without_progress

if TYPE_CHECKING:
    from terrace.bundle.keys import SigningKey
    from terrace.model.private_keys import Exposure
    from terrace.model.service import Contract
    from terrace.remembered import Remembered
    from terrace.seal import Sealed, Sealing
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
    flags = bool(files) and any(_is_of_flags(path) for path in files)
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


class Built(NamedTuple):
    """An environment whose bundles were made; or the reason why they were not, with the findings if there are some.

    `stream` says of what they are: an environment's configuration with its secrets, and its flags, are built apart, and
    what is wrong with the one does not keep the other back.
    """

    environment: Environment
    bundles: tuple[Sealed, ...] = ()
    origin: Origin = Origin()
    problem: str = ""
    report: Report | None = None
    stream: Stream = "config"


def build(
    folder: Path,
    output: Path,
    environments: Sequence[str] = (),
    *,
    services: Sequence[str] = (),
    at: str | None = None,
    today: date | None = None,
    jobs: int = 1,
    origins: bool = True,
    streams: Sequence[Stream] = STREAMS,
    key: SigningKey | None = None,
    progress: Progress = without_progress,
) -> list[Built]:
    """Validate, and seal a bundle for each service in each environment named (all, if none is), in promotion order.

    Bundles come to stand in `output`, as `<environment>/<service>/`, and that of flags, where there are any and no
    services are named, beside them. What is committed is read from Git's objects; an
    environment that is not protected may be built from an edited work tree, a protected one is not. Errors that reach
    an environment keep its bundles from being made, and no others. `key` signs each bundle.
    """
    source = open_source(folder, at)
    day = today or day_of(source, at)
    wanted = ("config",) if services else streams
    return build_source(
        source, output, environments,
        services=services, at=at, today=day, jobs=jobs, origins=origins, streams=wanted, key=key, progress=progress,
    )  # fmt: skip


def build_source(
    source: Source,
    output: Path,
    environments: Sequence[str] = (),
    *,
    services: Sequence[str] = (),
    at: str | None = None,
    today: date,
    jobs: int = 1,
    origins: bool = True,
    streams: Sequence[Stream] = STREAMS,
    key: SigningKey | None = None,
    remembered: Remembered | None = None,
    progress: Progress = without_progress,
) -> list[Built]:
    """The same for a source that is open already. With what is `remembered` of earlier builds into the same `output`,
    only what changed since is judged and written.
    """
    from terrace.bundle import write_index
    from terrace.model.closest import named

    known = load.common(load.Tree(source, only=()))
    chosen = [named(name, known.environments, "environment") for name in environments or known.environments]
    wanted = [named(name, known.contracts, "service").service for name in services or known.contracts]
    # Contracts are run from the work tree, whatever is built.
    beside = open_source(source.root).entries(load.SCHEMAS) if remembered and at is None else ()
    built: list[Built] = []
    for part in _parts(source, at, chosen):
        if part.problem:
            built += [Built(environment, problem=part.problem, stream=streams[0]) for environment in part.environments]
            continue
        if part.environments and "config" in streams:
            from terrace.seal import Sealing

            names = [each.name for each in part.environments]
            kept = remembered.files if remembered else None
            sealing = Sealing(output, names, wanted, origins=origins, kept=kept, key=key)
            tree = load.Tree(part.source)
            cross_checks = cross_checks_of(source.root) if at is None else None
            how = (*names, "/", *services, "/", origins, at is None)
            memory = remembered.of(*how, beside=beside) if remembered else None
            checked = run(
                tree,
                today,
                cross_checks=cross_checks,
                stale=orphaned(tree),
                jobs=jobs,
                cached=False,
                taker=sealing,
                memory=memory,
                progress=progress,
            )
            built += _close(sealing, tree, checked, part.environments)
        if part.environments and "flags" in streams:
            built += _flags(part, output, today, key)
    for environment in chosen:
        refs = [each.ref for part in built if part.environment == environment for each in part.bundles]
        if refs:
            write_index(output / environment.name, environment.name, refs)
    return sorted(built, key=lambda each: (each.environment.order, each.environment.name, STREAMS.index(each.stream)))


class _Part(NamedTuple):
    """Environments that are built from one source, or not at all."""

    source: Source
    environments: list[Environment]
    problem: str = ""


def _parts(source: Source, at: str | None, environments: list[Environment]) -> list[_Part]:
    """Which environments are built from commits, which from the work tree, and which must not be."""
    if at is not None:
        return [_Part(source, environments)]
    origin = source.origin
    if origin.commit and not origin.dirty:
        local = [each for each in environments if each.kind == "development" and _has_local_layer(source, each.name)]
        committed = open_source(source.root, "HEAD")
        return [_Part(committed, [each for each in environments if each not in local]), _Part(source, local)]
    protected = [each for each in environments if each.protected]
    problem = "it is protected, and there is no commit to build it from; commit first"
    if origin.commit:
        more = f" and {len(origin.dirty) - 1} more" if len(origin.dirty) > 1 else ""
        problem = f"it is protected, and {origin.dirty[0]}{more} is not committed; commit first"
    return [_Part(source, [each for each in environments if not each.protected]), _Part(source, protected, problem)]


def _has_local_layer(source: Source, environment: str) -> bool:
    return any(entry.path.endswith(".local.yaml") for entry in source.entries(f"{load.ENVIRONMENTS}/{environment}"))


def _flags(part: _Part, output: Path, today: date, key: SigningKey | None) -> Iterator[Built]:
    """The flags of environments, but where an error reaches them; nothing in a repository without flags."""
    tree = load.Tree(part.source)
    if not tree.flags:
        return
    from terrace.load_flags import Rosters, load_flags
    from terrace.seal_flags import seal_flags
    from terrace.validate import flagged
    from terrace.validate.engine import Engine

    repository, given, rosters = load.common(tree), load_flags(tree), Rosters(tree)
    checked = Checked(flagged.judge(Engine(repository, today=today), given, rosters), 0)
    for environment in part.environments:
        errors = [item for item in checked.found if blocks_flags(item, environment.name)]
        if errors:
            yield _refused(tree, checked, environment, errors, "flags")
        else:
            sealed = seal_flags(repository, given.flags, environment.name, rosters, output, tree.source.origin, key)
            yield Built(environment, (sealed,), tree.source.origin, stream="flags")


def _close(sealing: Sealing, tree: load.Tree, checked: Checked, environments: list[Environment]) -> Iterator[Built]:
    """Seal the bundles of the environments that no error reaches."""
    errors = {
        environment.name: [item for item in checked.found if _blocks(item, environment.name)]
        for environment in environments
    }
    sealed = sealing.close(tree.source.origin, [name for name, found in errors.items() if not found])
    for environment in environments:
        found = errors[environment.name]
        if found:
            yield _refused(tree, checked, environment, found, "config")
        else:
            yield Built(environment, tuple(sealed[environment.name]), tree.source.origin)


def _refused(tree: load.Tree, checked: Checked, environment: Environment, errors: list[Found], stream: Stream) -> Built:
    said = report(tree, errors, checked.targets, Severity.ERROR)
    problem = f"{len(errors)} error{'s' if len(errors) > 1 else ''}"
    return Built(environment, origin=tree.source.origin, problem=problem, report=said, stream=stream)


def _blocks(item: Found, environment: str) -> bool:
    """Whether an error stands in the way of an environment: it reaches a target there, or no target at all.

    Flags are another stream: what is wrong with them keeps no configuration back.
    """
    wrong = item.finding.severity is Severity.ERROR and not item.suppressed and not is_of_flags(item)
    return wrong and (not item.targets or any(target.split("/")[1] == environment for target in item.targets))


def blocks_flags(item: Found, environment: str) -> bool:
    """Whether an error stands in the way of an environment's flags. A date that has passed does not: see FLG016."""
    wrong = item.finding.severity is Severity.ERROR and not item.suppressed and item.finding.code != "FLG016"
    return wrong and f"_flags/{environment}" in item.targets


def is_of_flags(item: Found) -> bool:
    """Whether a finding is one on flags: it names flags of environments in the place of targets."""
    return any(target.startswith("_flags/") for target in item.targets)


def _is_of_flags(path: str) -> bool:
    return path.startswith(f"{load.FLAGS}/") or path == load.FLAG_TYPES


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
        if _is_of_flags(path):
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
