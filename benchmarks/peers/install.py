"""The peers that are programs of others: installed into a cache folder, each with its own locked packages."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from benchmarks.measure import Missing

HERE = Path(__file__).parent
Peer = tuple[str, ...] | Missing


class Peers(NamedTuple):
    """How each peer is started, or why it is not there."""

    node: Peer
    hiera: Peer
    himl: Peer


def install(cache: Path, wanted: frozenset[str]) -> Peers:
    """The peers that are `wanted`, installed below `cache` where they were not yet."""
    found = {name: make(cache) if name in wanted else Missing("not asked for") for name, make in _MAKERS.items()}
    return Peers(**found)


def _node(cache: Path) -> Peer:
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return Missing("node and npm are not installed")
    folder = cache / "node"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", "run.mjs"):
        shutil.copyfile(HERE / "node" / name, folder / name)
    lock, installed = (folder / "package-lock.json").read_bytes(), folder / "installed-lock.json"
    if not installed.exists() or installed.read_bytes() != lock:
        failed = _failure([npm, "ci", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder)])
        if failed:
            return Missing(f"npm ci failed: {failed}")
        installed.write_bytes(lock)
    return (node, str(folder / "run.mjs"))


def _hiera(_: Path) -> Peer:
    ruby = shutil.which("ruby")
    if not ruby:
        return Missing("ruby is not installed (Debian: apt-get install hiera)")
    if _failure([ruby, "-e", 'require "hiera"; require "deep_merge"']):
        return Missing("ruby has no hiera (Debian: apt-get install hiera)")
    return (ruby, str(HERE / "hiera.rb"))


def _himl(cache: Path) -> Peer:
    uv = shutil.which("uv")
    if not uv:
        return Missing("uv is not installed")
    folder = cache / "himl"
    python = str(folder / "bin/python")
    requirements = str(HERE / "himl/requirements.txt")
    failed = ("" if folder.exists() else _failure([uv, "venv", "-q", str(folder)])) or _failure(
        [uv, "pip", "install", "-q", "--compile-bytecode", "--python", python, "-r", requirements]
    )
    return Missing(f"uv failed: {failed}") if failed else (python, str(HERE / "himl/run.py"))


_MAKERS: dict[str, Callable[[Path], Peer]] = {"node": _node, "hiera": _hiera, "himl": _himl}


def _failure(command: list[str]) -> str:
    """Nothing if `command` succeeds, else the last line it said."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 0:
        return ""
    return ((done.stderr or done.stdout).strip().splitlines() or [f"exit {done.returncode}"])[-1]
