"""What Terrace finds on this machine and in this repository, and what a missing piece costs."""

from __future__ import annotations

import importlib.metadata
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from terrace import __version__


class Check(NamedTuple):
    """One thing that was looked for. `costs` says what does not work without it; `needed`: Terrace needs it."""

    name: str
    ok: bool
    found: str
    costs: str
    needed: bool


def examine(folder: str | None) -> list[Check]:
    """Every check, in the order in which a person would make them."""
    return [*_program(), *_tools(), *_repository(Path(folder or "."))]


def _program() -> Iterator[Check]:
    yield Check("terrace", True, __version__, "", True)
    version = ".".join(map(str, sys.version_info[:3]))
    yield Check("Python", sys.version_info >= (3, 11), version, "Terrace needs Python 3.11 or newer", True)
    yield Check("libyaml", _has_libyaml(), "in PyYAML", "PyYAML was built without its C parser: reinstall it", True)
    for package, costs in (
        ("jsonschema-rs", "no contract can be checked"),
        ("pydantic", "no contract can be exported"),
    ):
        version = _package(package)
        yield Check(package, bool(version), version, costs, True)


def _tools() -> Iterator[Check]:
    for name, arguments, costs, needed in (
        ("git", ("--version",), "no --at, no commits, no release of a protected environment", True),
        ("sops", ("--version", "--disable-version-check"), "secrets files cannot be edited here", False),
        ("pre-commit", ("--version",), "mistakes are found by CI, not before the commit", False),
    ):
        found = _version(name, arguments)
        yield Check(name, bool(found), found, costs, needed)


def _repository(folder: Path) -> Iterator[Check]:
    here = next(
        (each for each in (folder.absolute(), *folder.absolute().parents) if (each / "environments").is_dir()), None
    )
    costs = "nothing to check here: go to a repository, or start one with `terrace init DIR`"
    yield Check("repository", here is not None, str(here or ""), costs, False)
    if here is None:
        return
    hook = here / ".git" / "hooks" / "pre-commit"
    yield Check("pre-commit hook", hook.is_file(), "installed", "not installed: pre-commit install", False)
    stale = _stale(here)
    yield Check("generated files", not stale, stale or "up to date", f"{stale}: terrace schemas", False)
    if next(here.rglob("*.secrets.yaml"), None) is not None:
        lacks = _undriven(here)
        costs = f"{lacks}, so Git cannot merge or show secrets files: terrace secrets install-git-drivers"
        yield Check("Git drivers for secrets", not lacks, "installed", costs, False)


def _has_libyaml() -> bool:
    import yaml

    return bool(yaml.__with_libyaml__)


def _package(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _version(name: str, arguments: tuple[str, ...]) -> str:
    path = shutil.which(name)
    if path is None:
        return ""
    try:
        done = subprocess.run([path, *arguments], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    words = done.stdout.split("\n", 1)[0].split()
    return next((word for word in words if word[:1].isdigit()), "installed") if done.returncode == 0 else ""


def _undriven(folder: Path) -> str:
    from terrace import git
    from terrace.errors import GitError
    from terrace.secrets import drivers

    try:
        repository = git.find(folder)
        return drivers.missing(repository, folder) if repository else "this is no Git repository"
    except GitError as error:
        return error.message


def _stale(folder: Path) -> str:
    from terrace import schemas
    from terrace.errors import TerraceError

    try:
        stale = schemas.write(folder, check=True)
    except TerraceError as error:
        return error.message
    return f"{len(stale)} stale" if stale else ""
