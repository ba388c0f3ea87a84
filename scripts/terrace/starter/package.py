"""How a new repository gets the package: from the index, or as a wheel that it keeps."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from terrace import __version__
from terrace.errors import TerraceError, UsageError

NAME = "terrace-config"


class Requirement(NamedTuple):
    """What the new repository's `pyproject.toml` says of the package, and the wheel that it keeps if there is one."""

    dependency: str
    sources: str = ""
    wheel: Path | None = None


def requirement(wheel: Path | None) -> Requirement:
    """The requirement for `wheel`; without one, for what is running: a wheel, or a version that was released.

    A checkout is neither. To name its version would ask the index for something that nobody has published there.
    """
    if wheel is not None:
        return _kept(wheel)
    origin = _origin()
    if origin is None:
        return Requirement(f"{NAME}~={__version__}")
    if origin.suffix == ".whl" and origin.is_file():
        return _kept(origin)
    raise TerraceError(
        "this terrace was not installed from an index or a wheel, so a new repository could not install it",
        hint="Build a wheel in the checkout (uv build --wheel), and name it: terrace init DIR --wheel dist/NAME.whl",
    )


def _kept(wheel: Path) -> Requirement:
    if not wheel.is_file():
        raise UsageError(f"there is no wheel at {wheel}", hint="uv build --wheel makes one in dist/.")
    if not wheel.name.startswith(f"{NAME.replace('-', '_')}-") or wheel.suffix != ".whl":
        raise UsageError(f"{wheel.name} is not a wheel of {NAME}", hint="uv build --wheel makes one in dist/.")
    return Requirement(NAME, f'\n[tool.uv.sources]\n{NAME} = {{ path = "wheels/{wheel.name}" }}\n', wheel)


def _origin() -> Path | None:
    """The folder or file that the running package was installed from; None if it came from an index.

    Installers write this down (PEP 610). A package that is not installed at all runs from where it lies.
    """
    try:
        written = distribution(NAME).read_text("direct_url.json")
    except PackageNotFoundError:
        return Path(__file__).parents[1]
    if written is None:
        return None
    return Path(unquote(urlsplit(str(json.loads(written)["url"])).path))
