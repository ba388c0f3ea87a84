"""Where the bundle is: a service's folder at a destination, a mounted volume, or a bundle by itself."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from terrace.bundle.manifest import MANIFEST
from terrace.bundle.reader import DATA, Bundle, open_bundle
from terrace.detect import detect, sources
from terrace.errors import ConfigError, SignatureError
from terrace.model.flag import STREAM
from terrace.runtime.asked import SERVICE, Asked

_OPTION = "environment="


class AwayError(ConfigError):
    """The source is not there now, and may come back: the only case in which the last good copy is used."""


class NotServedError(ConfigError):
    """The server has no such bundle, or not for this process."""


class Located(NamedTuple):
    """The folder that holds the bundle, or the link to the current one; or the file that is a packed bundle."""

    folder: Path
    service: str


def locate(asked: Asked) -> Located:
    """The folder to read and to watch. Raises `AwayError` where there is none (now)."""
    root = Path(asked.source).absolute()
    if _holds_bundle(root) or root.is_file():
        return Located(root, asked.service)
    service = asked.service or _only_service(root)
    said = sources(asked.environment or None, asked.environ)
    tried = [root / service, *(root / each.environment / service for each in said[:1])]
    for folder in tried:
        if _holds_bundle(folder):
            return Located(folder, service)
    raise AwayError(
        f"there is no bundle of {service} at {root}",
        hint=f"Looked into {', '.join(map(str, (root, *tried)))}. terrace deploy puts it there.",
    )


def opened(asked: Asked) -> Bundle:
    """The bundle that is current at the source, which must be of the service and environment that are asked for."""
    if asked.is_remote:
        from terrace.runtime.remote import Remote

        return of_this_process(Remote(asked).bundle(), asked)
    folder = locate(asked).folder
    if folder.is_file():
        from terrace.bundle.packed import open_packed

        return of_this_process(open_packed(folder), asked)
    return of_this_process(open_bundle(folder), asked)


def said_environment(asked: Asked) -> str:
    """The environment that this process says it is in. Raises `ConfigError` where nothing says so."""
    said = sources(asked.environment or None, asked.environ, option=_OPTION)
    if not said:
        raise ConfigError("no environment is named, and none is assumed", hint="Set TERRACE_ENV, or give environment=.")
    return said[0].environment


def of_this_process(bundle: Bundle, asked: Asked) -> Bundle:
    """`bundle`, which must be of the service and environment that are asked for, and signed where that is wanted."""
    ref = bundle.ref
    if asked.service and ref.service != asked.service:
        raise ConfigError(f"{bundle.folder} is a bundle of {ref.service}, and {asked.service} is asked for")
    said = sources(asked.environment or None, asked.environ, option=_OPTION)
    if said and said[0].environment != ref.environment:
        raise ConfigError(
            f"{said[0].reason} says '{said[0].environment}', and {bundle.folder} is a bundle of '{ref.environment}'",
            hint="A process runs with the configuration of its own environment only.",
        )
    detect(asked.environment or None, asked.environ, kinds={ref.environment: bundle.facts.kind}, option=_OPTION)
    if asked.signers:
        from terrace.bundle.signers import check

        try:
            check(bundle, asked.signers)
        except SignatureError as error:
            raise ConfigError(error.message, hint=error.hint) from error
    return bundle


def _holds_bundle(folder: Path) -> bool:
    return os.path.lexists(folder / DATA) or os.path.lexists(folder / MANIFEST)


def _only_service(root: Path) -> str:
    try:
        # Flags lie beside the services, and are none.
        there = (each for each in root.iterdir() if not each.name.startswith(".") and each.name != STREAM)
        found = sorted(each.name for each in there if _holds_bundle(each))
    except OSError as error:
        raise AwayError(f"cannot look for a bundle at {root}: {error.strerror}") from error
    if len(found) == 1:
        return found[0]
    said = f"There are: {', '.join(found)}." if found else f"No service has a bundle at {root}."
    kind = ConfigError if found else AwayError
    raise kind("nothing says which service this is", hint=f"Set {SERVICE} or give service=. {said}")
