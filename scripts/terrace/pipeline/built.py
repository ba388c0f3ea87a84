"""Validate, and seal what is right into bundles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from terrace import load
from terrace.model.entities import Environment
from terrace.model.findings import Severity
from terrace.model.release import STREAMS, Stream
from terrace.pipeline.of_flags import flags, is_of_flags
from terrace.pipeline.parts import Built, Part, parts_of, refused
from terrace.pipeline.validated import cross_checks_of, day_of
from terrace.source import Source, open_source
from terrace.validate.found import Found
from terrace.validate.orphaned import orphaned
from terrace.validate.run import Checked, CrossChecks, Memory, Progress, run, without_progress

if TYPE_CHECKING:
    from terrace.bundle.keys import SigningKey
    from terrace.remembered import Remembered
    from terrace.seal import Sealing


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
    services are named, beside them. What is committed is read from Git's objects; an environment that is not protected
    may be built from an edited work tree, a protected one is not. Errors that reach an environment keep its bundles
    from being made, and no others. `key` signs each bundle.
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
    killed: Mapping[tuple[str, str], str] = MappingProxyType({}),
    progress: Progress = without_progress,
) -> list[Built]:
    """The same for a source that is open already. With what is `remembered` of earlier builds into the same `output`,
    only what changed since is judged and written. `killed` are flags by key and environment that are killed whatever
    the source says, each for a reason.
    """
    from terrace.bundle import write_index
    from terrace.model.closest import named

    known = load.common(load.Tree(source, only=()))
    chosen = [named(name, known.environments, "environment") for name in environments or known.environments]
    wanted = [named(name, known.contracts, "service").service for name in services or known.contracts]
    # Contracts are run from the work tree, whatever is built.
    beside = open_source(source.root).entries(load.SCHEMAS) if remembered and at is None else ()
    built: list[Built] = []
    for part in parts_of(source, at, chosen):
        if part.problem:
            built += [Built(environment, problem=part.problem, stream=streams[0]) for environment in part.environments]
            continue
        if part.environments and "config" in streams:
            from terrace.seal import Sealing

            names = [each.name for each in part.environments]
            kept = remembered.files if remembered else None
            sealing = Sealing(output, names, wanted, origins=origins, kept=kept, key=key)
            how = (*names, "/", *services, "/", origins, at is None)
            memory = remembered.of(*how, beside=beside) if remembered else None
            checks = cross_checks_of(source.root) if at is None else None
            built += _configuration(part, sealing, today, checks, jobs, memory, progress)
        if part.environments and "flags" in streams:
            built += flags(part, output, today, key, killed)
    for environment in chosen:
        refs = [each.ref for part in built if part.environment == environment for each in part.bundles]
        if refs:
            write_index(output / environment.name, environment.name, refs)
    return sorted(built, key=lambda each: (each.environment.order, each.environment.name, STREAMS.index(each.stream)))


def _configuration(
    part: Part,
    sealing: Sealing,
    today: date,
    cross_checks: CrossChecks | None,
    jobs: int,
    memory: Memory | None,
    progress: Progress,
) -> Iterator[Built]:
    """Judge the configuration of a part's environments, and seal it as it is judged."""
    tree = load.Tree(part.source)
    checked = run(
        tree, today,
        cross_checks=cross_checks, stale=orphaned(tree), jobs=jobs, cached=False, taker=sealing, memory=memory,
        progress=progress,
    )  # fmt: skip
    return _closed(sealing, tree, checked, part.environments)


def _closed(sealing: Sealing, tree: load.Tree, checked: Checked, environments: list[Environment]) -> Iterator[Built]:
    """Seal the bundles of the environments that no error reaches."""
    errors = {
        environment.name: [item for item in checked.found if blocks(item, environment.name)]
        for environment in environments
    }
    sealed = sealing.close(tree.source.origin, [name for name, found in errors.items() if not found])
    for environment in environments:
        found = errors[environment.name]
        if found:
            yield refused(tree, checked, environment, found, "config")
        else:
            yield Built(environment, tuple(sealed[environment.name]), tree.source.origin)


def blocks(item: Found, environment: str) -> bool:
    """Whether an error stands in the way of an environment: it reaches a target there, or no target at all.

    Flags are another stream: what is wrong with them keeps no configuration back.
    """
    wrong = item.finding.severity is Severity.ERROR and not item.suppressed and not is_of_flags(item)
    return wrong and (not item.targets or any(target.split("/")[1] == environment for target in item.targets))
