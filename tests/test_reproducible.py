"""The same commit gives the same bundles, byte for byte, wherever and however it is built."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENTS = sorted(path.parent.name for path in ROOT.glob("environments/*/environment.yaml"))
HERE = {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "PYTHONHASHSEED": "1"}
THERE = {"TZ": "America/St_Johns", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "4242"}


def git(folder: Path, *arguments: str) -> None:
    who = {f"GIT_{role}_{part}": "mara" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    subprocess.run(["git", *arguments], cwd=folder, check=True, env={**os.environ, **who})


def built(clone: Path, variables: dict[str, str], umask: int, jobs: int) -> tuple[Path, list[dict[str, object]]]:
    """The folder of every bundle that `terrace build --all` makes in a clone, and what it says of each environment."""
    command = [sys.executable, "-m", "terrace", "build", "--all", "--format", "json", "--jobs", str(jobs)]
    kept = {name: os.environ[name] for name in ("HOME", "PATH", "TMPDIR") if name in os.environ}
    ended = subprocess.run(command, cwd=clone, env={**kept, **variables}, capture_output=True, check=False, umask=umask)
    assert ended.returncode == 0, ended.stderr.decode() + ended.stdout.decode()
    said = json.loads(ended.stdout)
    return Path(said["output"]), said["environments"]


def tree(folder: Path) -> dict[str, str]:
    """Every file below a folder, by its path, with the digest of its bytes."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This repository with all that is here committed."""
    folder = tmp_path_factory.mktemp("origin") / "terrace"
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Start")
    return folder


def test_two_clones_build_the_same_bytes(origin: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "somewhere" / "else with spaces"
    second.parent.mkdir()
    for clone in (first, second):
        git(tmp_path, "clone", "-q", str(origin), str(clone))
    here, said_here = built(first, HERE, umask=0o022, jobs=1)
    there, said_there = built(second, THERE, umask=0o077, jobs=2)
    assert here != there
    files = tree(here)
    assert {name.split("/")[0] for name in files} == set(ENVIRONMENTS)
    assert files == tree(there)
    assert said_here == said_there
    assert all(each["bundles"] and not each["dirty"] for each in said_here)
