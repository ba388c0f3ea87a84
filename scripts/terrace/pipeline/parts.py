"""What an environment is built from, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from terrace import load
from terrace.model.entities import Environment, Origin
from terrace.model.findings import Report, Severity
from terrace.model.release import Stream
from terrace.source import Source, open_source
from terrace.validate.found import Found
from terrace.validate.outcome import report
from terrace.validate.run import Checked

if TYPE_CHECKING:
    from terrace.seal import Sealed


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


class Part(NamedTuple):
    """Environments that are built from one source, or not at all."""

    source: Source
    environments: list[Environment]
    problem: str = ""


def parts_of(source: Source, at: str | None, environments: list[Environment]) -> list[Part]:
    """Which environments are built from commits, which from the work tree, and which must not be."""
    if at is not None:
        return [Part(source, environments)]
    origin = source.origin
    if origin.commit and not origin.dirty:
        local = [each for each in environments if each.kind == "development" and _has_local_layer(source, each.name)]
        committed = open_source(source.root, "HEAD")
        return [Part(committed, [each for each in environments if each not in local]), Part(source, local)]
    protected = [each for each in environments if each.protected]
    problem = "it is protected, and there is no commit to build it from; commit first"
    if origin.commit:
        more = f" and {len(origin.dirty) - 1} more" if len(origin.dirty) > 1 else ""
        problem = f"it is protected, and {origin.dirty[0]}{more} is not committed; commit first"
    return [Part(source, [each for each in environments if not each.protected]), Part(source, protected, problem)]


def _has_local_layer(source: Source, environment: str) -> bool:
    return any(entry.path.endswith(".local.yaml") for entry in source.entries(f"{load.ENVIRONMENTS}/{environment}"))


def refused(tree: load.Tree, checked: Checked, environment: Environment, errors: list[Found], stream: Stream) -> Built:
    """What came of an environment that these errors keep from being built."""
    said = report(tree, errors, checked.targets, Severity.ERROR)
    problem = f"{len(errors)} error{'s' if len(errors) > 1 else ''}"
    return Built(environment, origin=tree.source.origin, problem=problem, report=said, stream=stream)
