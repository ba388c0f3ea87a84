"""The README tells the truth: its tour is run, its tables are compared with the program.

Each `$ command` in a ```console block is run, in order, in a fresh copy of this repository that has one commit, and
what follows it is compared with what it said. Three things differ from run to run and are not compared: digests and
commits (any word of 8 or more hexadecimal digits, `sha256:` before it or `…` after it), times, and durations. The
folder of the copy is shown as ~/terrace.

TERRACE_README=write brings the shown output and the table of commands up to date; what differs only in those three
stays as it is.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from terrace.cli import overview, summary
from terrace.layering import ORDER

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
WRITE = os.environ.get("TERRACE_README") == "write"
BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.M | re.S)
VARYING = (
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\dZ)?"), "<time>"),
    (re.compile(r"\b\d+(\.\d+)? m?s\b"), "<duration>"),
    (re.compile(r"(sha256:)?\b[0-9a-f]{8,}\b…?"), "<digest>"),
)


class Step(NamedTuple):
    """A command of the tour, and what the README says that it prints."""

    command: str
    shown: str


def steps(text: str) -> Iterator[Step]:
    """The commands of every console block, in order."""
    for block in BLOCK.findall(text):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, shown = part.partition("\n")
            yield Step(command, shown)


def normal(text: str) -> str:
    """`text` without what differs from run to run, and without blanks at the ends of lines."""
    for pattern, word in VARYING:
        text = pattern.sub(word, text)
    return "\n".join(line.rstrip() for line in text.strip("\n").split("\n"))


def environment() -> dict[str, str]:
    """What a person's shell gives to the commands, and nothing that would change what they say."""
    kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
    who = {f"GIT_{role}_{part}": "mara" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**kept, **who, "PATH": path, "TERRACE_ACTOR": "mara", "NO_COLOR": "1"}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This repository as a fresh clone would be after a commit of all that is here."""
    folder = tmp_path_factory.mktemp("readme") / "terrace"
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
    for command in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "Start"]):
        subprocess.run(["git", *command], cwd=folder, check=True, env=environment())
    return folder


@pytest.fixture(scope="module")
def tour(copy: Path) -> list[tuple[Step, str, int]]:
    """Each step of the tour with what it said, and its exit code."""
    taken = []
    for step in steps(README.read_text(encoding="utf-8")):
        ended = subprocess.run(
            ["bash", "-c", step.command],
            cwd=copy,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        taken.append((step, ended.stdout.replace(str(copy), "~/terrace"), ended.returncode))
    return taken


def test_the_tour_says_what_the_readme_shows(tour: list[tuple[Step, str, int]]) -> None:
    if WRITE:
        _rewrite([(step, said) for step, said, _ in tour])
        return
    for step, said, _ in tour:
        assert normal(said) == normal(step.shown), f"$ {step.command}\nTERRACE_README=write brings it up to date"


def test_the_tour_ends_where_it_began(tour: list[tuple[Step, str, int]], copy: Path) -> None:
    """Whoever takes it has a clean work tree afterwards, and every command was understood."""
    assert [step.command for step, _, code in tour if code > 1] == []
    status = subprocess.run(["git", "status", "--porcelain"], cwd=copy, check=True, capture_output=True, text=True)
    assert status.stdout == ""


def test_the_tour_goes_the_whole_way() -> None:
    called = {
        step.command.split()[1] for step in steps(README.read_text(encoding="utf-8")) if "terrace" in step.command
    }
    assert called >= {"validate", "show", "explain", "diff", "where", "set", "build", "deploy", "releases", "rollback"}


@pytest.mark.parametrize("page", ["README.md", "docs/layers.md"])
def test_the_table_of_layers_is_that_of_the_program(page: str) -> None:
    rows = _rows((ROOT / page).read_text(encoding="utf-8"), "| Rank | Layer | Stands in |")
    assert rows == [(str(rank), name, place) for rank, (name, place) in enumerate(ORDER, 1)]


def test_the_table_of_commands_is_that_of_the_program() -> None:
    head = "| Command | What it does |"
    text = README.read_text(encoding="utf-8")
    if WRITE:
        table = [head, "|---|---|", *(f"| `terrace {name}` | {summary(name)} |" for name in overview())]
        text = re.sub(rf"{re.escape(head)}\n(\|.*\n)*", "\n".join(table) + "\n", text)
        README.write_text(text, encoding="utf-8")
    assert _rows(text, head) == [(f"terrace {name}", summary(name)) for name in overview()]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("backend  8a934ca0a629  done in 0.4 s.", "backend  b20b7cc78565  done in 12 s.", True),
        ("sha256:8a934ca0a629755b59dd4e…", "sha256:0dcdab99eaf5f2d91d98c2…", True),
        ("at 2026-11-24T05:35:19Z", "at 2027-01-02T03:04:05Z", True),
        ("pool_max 14", "pool_max 15", False),
        ("9 environments", "9 targets", False),
        ("9 targets", "8 targets", False),
    ],
)
def test_only_what_differs_from_run_to_run_is_not_compared(one: str, other: str, same: bool) -> None:
    assert (normal(one) == normal(other)) is same


def _rows(text: str, head: str) -> list[tuple[str, ...]]:
    """The rows of the table that begins with `head`, as plain text."""
    table = text.split(head + "\n")[1].split("\n\n")[0].replace("`", "")
    return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in table.splitlines()[1:]]


def _rewrite(taken: list[tuple[Step, str]]) -> None:
    told = iter(taken)

    def block(match: re.Match[str]) -> str:
        parts = []
        for _ in re.findall(r"^\$ ", match[0], re.M):
            step, said = next(told)
            same = normal(said) == normal(step.shown)
            shown = step.shown if same else said.strip("\n") + "\n" if said.strip() else ""
            parts.append(f"$ {step.command}\n" + re.sub(r"[ \t]+$", "", shown, flags=re.M))
        return "\n".join(part.rstrip("\n") for part in parts) + "\n"

    text = README.read_text(encoding="utf-8")
    README.write_text(BLOCK.sub(block, text), encoding="utf-8")
