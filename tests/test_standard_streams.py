"""What goes to standard output and error, when they are a pipe that closes, a file, or a terminal of some width."""

from __future__ import annotations

import fcntl
import os
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

TERRACE = [sys.executable, "-m", "terrace"]
ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize(
    "arguments", ["rules", "rules LEAK010", "--help", "show backend --env staging", "validate --no-such"]
)
def test_a_reader_that_leaves_ends_it_quietly(arguments: str) -> None:
    """As `terrace rules | head -1` does, only that the reader is surely gone before anything is written."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [*TERRACE, *arguments.split()]
    ended = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False, cwd=ROOT)
    os.close(writing)
    wrong_use = arguments.endswith("--no-such")  # which writes to standard error only
    assert ended.returncode == (2 if wrong_use else 141)
    assert bool(ended.stderr) is wrong_use


def test_head_takes_a_line_and_that_is_all() -> None:
    line = f"{sys.executable} -m terrace rules | head -1; echo ${{PIPESTATUS[0]}}"
    ended = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False, cwd=ROOT)
    assert ended.stderr == ""
    assert len(ended.stdout.splitlines()) == 2
    assert ended.stdout.splitlines()[-1] in ("0", "141")  # whichever of them was quicker


def on_a_terminal(columns: int, *arguments: str, cwd: Path) -> list[str]:
    """The lines that a person reads who has a terminal of so many columns."""
    leader, follower = os.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with subprocess.Popen([*TERRACE, *arguments], stdout=follower, stderr=follower, cwd=cwd):
        os.close(follower)
        said = b""
        while part := _read(leader):
            said += part
    os.close(leader)
    return said.decode().splitlines()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4096)
    except OSError:  # Linux says EIO where the other end of a terminal is closed
        return b""


@pytest.mark.parametrize("columns", [80, 60])
def test_what_went_wrong_fits_the_terminal(columns: int, tmp_path: Path) -> None:
    lines = on_a_terminal(columns, "show", "backend", "--env", "nowhere", "-C", str(ROOT), cwd=tmp_path)
    lines += on_a_terminal(columns, "init", "shop", cwd=tmp_path)
    assert [line for line in lines if len(line) > columns] == []
    assert sum(line.startswith("terrace: ") for line in lines) == 2
    assert sum(line.startswith("  hint: ") for line in lines) == 2
    assert sum(line.startswith("    ") for line in lines) >= 2
    assert " ".join(" ".join(lines).split()).count("terrace init DIR --wheel dist/NAME.whl") == 1


def test_what_went_wrong_is_one_line_for_programs(tmp_path: Path) -> None:
    ended = subprocess.run([*TERRACE, "init", "shop"], capture_output=True, text=True, check=False, cwd=tmp_path)
    message, hint = ended.stderr.splitlines()
    assert len(hint) > 80
    assert (message[:9], hint[:8]) == ("terrace: ", "  hint: ")


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)])
@pytest.mark.parametrize(
    "arguments", ["rules LEAK010", "validate --no-such", "secrets set backend x --env staging --stdin"]
)
def test_streams_that_are_closed_are_no_bug_of_ours(closed: tuple[int, ...], arguments: str) -> None:
    redirected = " ".join(f"{number}>&-" for number in closed)
    line = f"{sys.executable} -m terrace {arguments} {redirected}"
    ended = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False, cwd=ROOT)
    assert ended.returncode == (0 if arguments == "rules LEAK010" else 2)
    assert "Traceback" not in ended.stderr


def test_what_an_encoding_cannot_write_is_escaped() -> None:
    environ = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [*TERRACE, "diff", "backend", "--env", "production", "--tenant", "-", "--tenant", "aurora-hotels"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=environ)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "\\u2026" in ended.stdout
