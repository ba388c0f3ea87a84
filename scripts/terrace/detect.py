"""Which environment is this? Never a guess: a clear answer with its reason, or an error that lists what was tried.

In this order, the first that says something wins:

    1. the explicit option (`--env`, or the argument of the loader)
    2. TERRACE_ENV
    3. a marker that the platform gives:
         OTEL_RESOURCE_ATTRIBUTES   deployment.environment.name=... (OpenTelemetry's resource conventions)
         VERCEL_ENV, RAILWAY_ENVIRONMENT_NAME, DEPLOYMENT_ENVIRONMENT
         /etc/terrace/environment   one line, put there by whoever builds the image or the machine

Two of them that disagree are an error when one says production: that is how a wrong environment is reached by accident.
A process that says it is production and carries a marker of development is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from terrace.errors import TerraceError

MARKER_FILE = "/etc/terrace/environment"
PLATFORM_VARIABLES = ("VERCEL_ENV", "RAILWAY_ENVIRONMENT_NAME", "DEPLOYMENT_ENVIRONMENT")
DEVELOPMENT_MARKERS = {
    "CODESPACES": "true",
    "DEVCONTAINER": "",
    "REMOTE_CONTAINERS": "true",
    "GITPOD_WORKSPACE_ID": "",
    "PYCHARM_HOSTED": "1",
    "FLASK_DEBUG": "1",
    "DJANGO_DEBUG": "true",
    "PYTHONDEVMODE": "1",
    "NODE_ENV": "development",
    "RAILS_ENV": "development",
}
"""Variables that mark a developer's machine or a development mode, with the value that does (empty: any value)."""


class Detected(NamedTuple):
    """An environment's name, and what said so."""

    environment: str
    reason: str


def detect(
    explicit: str | None,
    environ: Mapping[str, str],
    *,
    kinds: Mapping[str, str],
    option: str = "--env",
    marker_file: str = MARKER_FILE,
) -> Detected:
    """The environment this process is in. `kinds` gives the kind of every environment that exists.

    Raises TerraceError where nothing says which it is, where the name is unknown, where two sources disagree and one
    says production, and where production carries a marker of development.
    """
    said = sources(explicit, environ, option=option, marker_file=marker_file)
    if not said:
        tried = f"{option}, TERRACE_ENV, OTEL_RESOURCE_ATTRIBUTES, {', '.join(PLATFORM_VARIABLES)}, {marker_file}"
        raise TerraceError(
            "no environment is named, and none is assumed",
            hint=f"Say which, with {option} or TERRACE_ENV: {', '.join(kinds)}. Tried: {tried}.",
        )
    chosen = said[0]
    if chosen.environment not in kinds:
        from terrace.model.closest import closest

        close = closest(chosen.environment, kinds)
        hint = f"Did you mean {close!r}? " if close else ""
        raise TerraceError(
            f"there is no environment {chosen.environment!r} ({chosen.reason} names it)",
            hint=f"{hint}There are: {', '.join(sorted(kinds))}.",
        )
    if not explicit:
        _agree(said, kinds, option)
    if kinds[chosen.environment] == "production":
        _refuse_development(chosen, environ)
    return chosen


def sources(
    explicit: str | None, environ: Mapping[str, str], *, option: str = "--env", marker_file: str = MARKER_FILE
) -> list[Detected]:
    """Everything that names an environment, the strongest first. Nothing is checked; `detect` does that."""
    said = [Detected(explicit, f"the option {option}")] if explicit else []
    if environ.get("TERRACE_ENV"):
        said.append(Detected(environ["TERRACE_ENV"], "TERRACE_ENV"))
    for attribute in environ.get("OTEL_RESOURCE_ATTRIBUTES", "").split(","):
        name, _, value = attribute.partition("=")
        if name.strip() in ("deployment.environment.name", "deployment.environment") and value.strip():
            said.append(Detected(value.strip(), f"{name.strip()} in OTEL_RESOURCE_ATTRIBUTES"))
    said += [Detected(environ[name], name) for name in PLATFORM_VARIABLES if environ.get(name)]
    try:
        with open(marker_file, encoding="utf-8") as file:
            line = file.readline().strip()
    except OSError:
        line = ""
    if line:
        said.append(Detected(line, marker_file))
    return said


def _agree(said: list[Detected], kinds: Mapping[str, str], option: str) -> None:
    chosen = said[0]
    for other in said[1:]:
        if other.environment != chosen.environment and "production" in (
            kinds.get(other.environment),
            kinds.get(chosen.environment),
        ):
            raise TerraceError(
                f"{chosen.reason} says {chosen.environment!r} and {other.reason} says {other.environment!r}",
                hint=f"Make them agree, or name the environment with {option}.",
            )


def _refuse_development(chosen: Detected, environ: Mapping[str, str]) -> None:
    for name, marks in DEVELOPMENT_MARKERS.items():
        value = environ.get(name, "")
        if value and (not marks or value.lower() == marks):
            raise TerraceError(
                f"{chosen.reason} says {chosen.environment!r}, and {name}={value} marks a development process",
                hint=f"Unset {name}, or name another environment.",
            )
