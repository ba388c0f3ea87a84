"""What a deployment did, for the person who ran it."""

from __future__ import annotations

from typing import NamedTuple

from terrace.model.flag import STREAM
from terrace.report.cells import one_line, wrap
from terrace.report.style import PLAIN, Style
from terrace.report.table import Column, table_lines
from terrace.report.words import count

_DIGEST = 12
_COLUMNS = (
    Column(whole=True, role="strong"),
    Column(right=True, whole=True),
    Column(near=True, whole=True),
    Column(right=True, whole=True),
    Column(near=True, whole=True),
    Column(whole=True, role="dim"),
    Column(),
)


class ServiceSummary(NamedTuple):
    """One bundle: how many targets it serves with how many different configurations, and what is new in it. A bundle of
    flags has so many flags in the place of targets.

    `previous` is the digest in the release before, empty in a first one. `leaves` counts the values that changed since,
    `secrets` says that secrets files did.
    """

    service: str
    targets: int
    configs: int
    digest: str
    previous: str = ""
    leaves: int = 0
    secrets: bool = False


class EnvironmentSummary(NamedTuple):
    """One environment: its bundles, and where they went; where they did not go, `problem` says why."""

    name: str
    order: int
    services: tuple[ServiceSummary, ...]
    destination: str
    release: int = 0
    protected: bool = False
    problem: str = ""


def deploy_summary(
    environments: tuple[EnvironmentSummary, ...],
    style: Style = PLAIN,
    *,
    seconds: float | None = None,
    dry_run: bool = False,
) -> str:
    """Every environment in promotion order, its bundles below it, and one line that sums them up.

    After a dry run the line says what would have been released.
    """
    ordered = sorted(environments, key=lambda environment: (environment.order, environment.name))
    rows = [_row(service) for environment in ordered for service in environment.services]
    lines = iter(table_lines(_COLUMNS, rows, style, indent=2))
    blocks = [
        "\n".join([_heading(environment, style), *(next(lines) for _ in environment.services)]) + "\n"
        for environment in ordered
    ]
    return "\n".join([*blocks, _ending(ordered, style, seconds, "would be released" if dry_run else "released")])


def _row(service: ServiceSummary) -> tuple[str, ...]:
    digest = service.digest.removeprefix("sha256:")[:_DIGEST]
    if service.service == STREAM:
        return (service.service, *count(service.targets, "flag").split(" "), "", "", digest, change(service))
    targets = count(service.targets, "target").split(" ")
    configs = count(service.configs, "config").split(" ")
    return (service.service, *targets, *configs, digest, change(service))


def change(service: ServiceSummary) -> str:
    """What is new in a bundle: `first release`, `no change`, `3 values, secrets changed`."""
    if not service.previous:
        return "first release"
    if service.previous == service.digest:
        return "no change"
    if not service.leaves:
        return "secrets changed" if service.secrets else "schema or files changed"
    return f"{count(service.leaves, 'value')}{', secrets' if service.secrets else ''} changed"


def _heading(environment: EnvironmentSummary, style: Style) -> str:
    name = style.paint("strong", one_line(environment.name))
    if environment.problem:
        indent = 2
        told = wrap(f"not released: {environment.problem}", style.width, first=indent, indent=indent)
        return "\n".join([name, *(style.paint("warning", line) for line in [" " * indent + told[0], *told[1:]])])
    facts = [f"release {environment.release:,}"] if environment.release else []
    facts += ["protected"] if environment.protected else []
    said = f"{', '.join(facts)} -> " if facts else "-> "
    return f"{name}  {style.paint('dim', said)}{one_line(environment.destination)}"


def _ending(environments: list[EnvironmentSummary], style: Style, seconds: float | None, done: str) -> str:
    released = [environment for environment in environments if not environment.problem]
    services = [service for environment in released for service in environment.services]
    targets = sum(service.targets for service in services if service.service != STREAM)
    served = f" for {count(targets, 'target')}" if targets else ""
    line = f"{count(len(services), 'bundle')}{served}"
    line += f" {done} to {count(len(released), 'environment')}"
    line += f" in {seconds:.1f} s" if seconds is not None else ""
    missing = len(environments) - len(released)
    if missing:
        line += f"; {count(missing, 'environment')} not released"
    shown = wrap(line + ".", style.width)
    return "".join(style.paint("warning" if missing else "good", part) + "\n" for part in shown)
