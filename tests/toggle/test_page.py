"""The page on the command line shows what the commands say: each is run, in order, in a copy of this repository.

TERRACE_README=write brings the page up to date.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.test_readme import BLOCK, WRITE, Step, environment, normal, steps

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs/flags-command-line.md"
FOLDERS = ("environments", "tenants", "flags", "schemas")


def same(text: str) -> str:
    """`text` without what differs from day to day: ages of flags, and how wide a column is for them."""
    return re.sub(r" +", " ", re.sub(r"\b\d+ (d|mo)\b", "<age>", normal(text)))


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Step, str, int]]:
    """Each command of the page with what it said, and its exit code."""
    folder = tmp_path_factory.mktemp("page") / "terrace"
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *FOLDERS]
    listed = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes((ROOT / name).read_bytes())
    for command in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "Start"]):
        subprocess.run(["git", *command], cwd=folder, check=True, env=environment())
    said = []
    for step in steps(PAGE.read_text(encoding="utf-8")):
        ended = subprocess.run(
            ["bash", "-c", step.command], cwd=folder, env=environment(), check=False, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        said.append((step, ended.stdout, ended.returncode))
    return said


def test_the_page_shows_what_the_commands_say(taken: list[tuple[Step, str, int]]) -> None:
    if WRITE:
        _rewrite(taken)
        return
    for step, said, _ in taken:
        assert same(said) == same(step.shown), f"$ {step.command}\nTERRACE_README=write brings it up to date"


def test_every_command_of_the_page_succeeds_and_fits_the_page(taken: list[tuple[Step, str, int]]) -> None:
    assert [step.command for step, _, code in taken if code] == []
    # Commit messages and edited lines are as long as they are.
    told = [line for _, said, _ in taken for line in said.splitlines() if line[:1] not in ("+", "-", " ", "@")]
    assert [line for line in told if len(line) > 80] == []


def _rewrite(taken: list[tuple[Step, str, int]]) -> None:
    told = iter(taken)

    def block(match: re.Match[str]) -> str:
        parts = []
        for _ in re.findall(r"^\$ ", match[0], re.M):
            step, said, _ = next(told)
            shown = step.shown if same(said) == same(step.shown) else said
            parts.append(f"$ {step.command}\n" + re.sub(r"[ \t]+$", "", shown, flags=re.M).strip("\n"))
        return "\n".join(part.rstrip("\n") for part in parts) + "\n"

    PAGE.write_text(BLOCK.sub(block, PAGE.read_text(encoding="utf-8")), encoding="utf-8")
