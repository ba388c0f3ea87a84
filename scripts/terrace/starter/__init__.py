"""Start an empty repository: the first files, their generated schemas, and Git; everything, or nothing.

The files stand in `files/` as they will be, but for names: `dot-gitignore` becomes `.gitignore`, `pyproject.toml.in`
is no `pyproject.toml` for the tools that check this package, and `__service__`, in names and texts, is the service's.
The package itself is never copied: a repository depends on it.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from terrace import git, schemas
from terrace.errors import TerraceError, UsageError
from terrace.schemas.contracts import RESERVED
from terrace.starter.package import Requirement

FILES = Path(__file__).parent / "files"
_SERVICE = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
# A new clone of an empty repository holds nothing else.
_HARMLESS = frozenset({".git"})


class Started(NamedTuple):
    """A repository that was started. `below` is the top of the Git repository that it became a part of, if it did."""

    folder: Path
    service: str
    files: tuple[str, ...]
    began_git: bool
    below: Path | None


def start(folder: Path, service: str, requirement: Requirement, *, with_git: bool = True) -> Started:
    """Write a repository with one service into `folder`, which is new or empty; nothing at all if anything fails.

    Git is begun where the folder is in no repository yet; nothing is committed.
    """
    _refuse_name(service)
    _refuse_full(folder)
    with _filling(folder) as scratch:
        top = _top(scratch)
        for path, content in _texts(folder.resolve().name, service, requirement).items():
            _put(scratch / path, content)
        if requirement.wheel:
            _put(scratch / "wheels" / requirement.wheel.name, requirement.wheel.read_bytes())
        schemas.write(scratch, check=False)
        files = tuple(sorted(str(path.relative_to(scratch)) for path in scratch.rglob("*") if path.is_file()))
        begins = with_git and top is None
        if begins:
            git.begin(scratch)
    return Started(folder, service, files, begins, top if top and top != folder.resolve() else None)


def _refuse_name(service: str) -> None:
    if not _SERVICE.fullmatch(service):
        raise UsageError(f"no service can be called {service!r}", hint="Small letters, digits and -: order-worker")
    if service in RESERVED:
        raise UsageError(f"no service can be called {service!r}: the name is reserved", hint="Choose another one.")


def _refuse_full(folder: Path) -> None:
    if not folder.is_dir():
        if folder.exists() or folder.is_symlink():
            raise TerraceError(f"{folder} is there, and is not a folder", hint="Name a new folder, or an empty one.")
        return
    try:
        there = sorted(path.name for path in folder.iterdir() if path.name not in _HARMLESS)
    except OSError as error:
        raise TerraceError(f"cannot look into {folder}: {error.strerror}") from error
    if there:
        more = f" and {len(there) - 3} more" if len(there) > 3 else ""
        raise TerraceError(
            f"{folder} is not empty: {', '.join(there[:3])}{more} would be in the way",
            hint="Name a new folder, or an empty one. To adopt Terrace in a repository that you have, start one "
            "elsewhere and take over what you want.",
        )


@contextmanager
def _filling(folder: Path) -> Iterator[Path]:
    """A scratch folder whose content comes to stand in `folder` at the end; if anything fails, all is as it was."""
    made = _first_missing(folder)
    moved: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".terrace-init-", dir=folder))
    except OSError as error:
        _clear([made] if made else [])
        raise TerraceError(f"cannot write to {folder}: {error.strerror}") from error
    try:
        yield scratch
        for path in sorted(scratch.iterdir()):
            moved.append(path.rename(folder / path.name))
        scratch.rmdir()
    except OSError as error:
        _clear([made] if made else [*moved, scratch])
        raise TerraceError(f"cannot write to {folder}: {error.strerror}", hint="Nothing was written.") from error
    except BaseException:
        _clear([made] if made else [*moved, scratch])
        raise


def _first_missing(folder: Path) -> Path | None:
    """The topmost folder that has to be made for `folder` to be there."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    return missing[-1] if missing else None


def _clear(paths: list[Path]) -> None:
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _top(folder: Path) -> Path | None:
    """The top of the Git repository that `folder` is in."""
    found = git.find(folder)
    return found.root if found else None


def _texts(name: str, service: str, requirement: Requirement) -> dict[str, bytes]:
    """The first files by path, with the names in them."""
    words = {
        "# __sources__\n": requirement.sources,
        "__dependency__": requirement.dependency,
        "__project__": re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "configuration",
        "__service__": service,
    }
    texts = {}
    for file in sorted(FILES.rglob("*")):
        if file.is_file() and file.suffix != ".pyc":
            path = re.sub(r"(^|/)dot-", r"\1.", file.relative_to(FILES).as_posix()).removesuffix(".in")
            texts[_with(path, words)] = _with(file.read_text(encoding="utf-8"), words).encode()
    return texts


def _with(text: str, words: dict[str, str]) -> str:
    for word, meant in words.items():
        text = text.replace(word, meant)
    return text


def _put(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
