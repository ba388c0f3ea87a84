"""Every folder in `tests/cases/` is a mistake and a test: a small repository, commands, and what a person then reads.

    tenant-without-environment/
        repo/       files laid over `_base/`; only those that matter for the story
        command     one line each; other programs than terrace are run by the shell, and must succeed
        expected    the transcript: each line with what it wrote to standard output and error, and its exit code
        git         if it is there: the files are committed first

`_base/` is a small product without findings: service `orders`; development, staging and production; tenants
`casa-lupita` and `aurora-hotels`, who is in group `enterprise`. `UPDATE_EXPECTED=1` writes the transcripts anew; read
the difference as somebody who made the mistake.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from terrace import cli
from terrace.schemas import export

CASES = Path(__file__).parent / "cases"
NAMES = sorted(path.name for path in CASES.iterdir() if path.is_dir() and not path.name.startswith("_"))
UPDATE = bool(os.environ.get("UPDATE_EXPECTED"))
AS_PROGRAM = {"unknown-key", "unknown-command", "key-given-twice", "no-repository-here", "tabs-for-indentation"}
"""Cases that also run as a process of their own, to prove that both ways say the same."""

_WHEN = "2026-03-01T12:00:00+00:00"
_ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "LC_ALL": "C.UTF-8",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@harbourkitchen.com",
    "GIT_AUTHOR_DATE": _WHEN,
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@harbourkitchen.com",
    "GIT_COMMITTER_DATE": _WHEN,
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, and nothing of this machine's environment."""
    for name in list(os.environ):
        if not name.startswith(("PYTEST_", "COV_")):
            monkeypatch.delenv(name)
    for name, value in {**_ENVIRONMENT, "HOME": str(tmp_path / "home")}.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "home").mkdir()
    return tmp_path / "repo"


def lay(name: str, folder: Path) -> None:
    """The repository of a case: the base, its own files over it, committed if the case says so."""
    case = CASES / name
    shutil.copytree(CASES / "_base", folder)
    if (case / "repo").is_dir():
        shutil.copytree(case / "repo", folder, dirs_exist_ok=True, symlinks=True)
    if (case / "git").exists():
        _shell("git init --quiet --initial-branch=main && git add --all && git commit --quiet -m Begin", folder)


def transcript(name: str, folder: Path, capsys: pytest.CaptureFixture[str] | None) -> str:
    """What a person sees who runs the commands of a case; without `capsys` each is a process of its own."""
    parts: list[str] = []
    for line in (CASES / name / "command").read_text().splitlines():
        parts.append(f"$ {line}")
        words = shlex.split(line)
        variables = dict(word.split("=", 1) for word in words if re.match(r"[A-Z_]+=", word))
        argv = words[len(variables) :]
        if argv[0] == "terrace":
            parts += _terrace(argv[1:], variables, folder, capsys)
        else:
            _shell(line, folder)
    return _normalised("\n".join(parts) + "\n", folder)


def _terrace(
    argv: list[str], variables: dict[str, str], folder: Path, capsys: pytest.CaptureFixture[str] | None
) -> Iterator[str]:
    if capsys is None:
        program = [sys.executable, "-m", "terrace", *argv]
        ended = subprocess.run(
            program, cwd=folder, env={**os.environ, **variables}, capture_output=True, check=False, text=True
        )
        code, out, err = ended.returncode, ended.stdout, ended.stderr
    else:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            for key, value in variables.items():
                patch.setenv(key, value)
            capsys.readouterr()
            code = cli.run(argv)
            out, err = capsys.readouterr()
    if out:
        yield out.rstrip("\n")
    if err:
        yield f"--- standard error\n{err.rstrip()}"
    yield f"--- exit code {int(code)}\n"


def _shell(line: str, folder: Path) -> None:
    ended = subprocess.run(line, shell=True, cwd=folder, capture_output=True, check=False, text=True)
    assert ended.returncode == 0, f"{line}\n{ended.stderr}"


def _normalised(text: str, folder: Path) -> str:
    text = text.replace(str(folder.resolve()), "<repository>").replace(str(folder.parent.resolve()), "<above>")
    text = re.sub(r"\b[0-9a-f]{64}\b|\b[0-9a-f]{32}(?=…)", "<digest>", text)
    text = re.sub(r"\bin \d+\.\d s\b", "in <time> s", text)
    text = re.sub(r"\b[0-9a-f]{40}\b", "<commit>", text)
    text = re.sub(r"(?<=committed )[0-9a-f]{12}\b", "<commit>", text)
    text = re.sub(r"\b[0-9a-f]{12}\b", "<digest>", text)
    return re.sub(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "<when>", text)


@pytest.fixture(scope="module", autouse=True)
def _generated_schemas() -> None:
    """With UPDATE_EXPECTED the base's generated schemas are made anew, as `terrace schemas` would."""
    if UPDATE:
        for path, content in export(CASES / "_base").items():
            if path.startswith("schemas/"):
                (CASES / "_base" / path).write_bytes(content)


@pytest.mark.parametrize("name", NAMES)
def test_case_reads_as_expected(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lay(name, folder)
    said = transcript(name, folder, capsys)
    expected = CASES / name / "expected"
    if UPDATE:
        expected.write_text(said)
    assert said == expected.read_text()


@pytest.mark.parametrize("name", sorted(AS_PROGRAM))
def test_case_reads_the_same_as_a_program(name: str, folder: Path) -> None:
    lay(name, folder)
    assert transcript(name, folder, None) == (CASES / name / "expected").read_text()


def test_base_has_no_findings(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(CASES / "_base", folder)
    assert cli.run(["-C", str(folder), "validate", "--fail-on", "info"]) == 0
    assert "no findings" in capsys.readouterr().out


@pytest.mark.parametrize("name", NAMES)
def test_case_is_a_mistake_and_no_bug(name: str) -> None:
    said = (CASES / name / "expected").read_text()
    codes = {int(code) for code in re.findall(r"^--- exit code (\d+)$", said, re.MULTILINE)}
    assert codes & {1, 2, 3}, "nothing fails in a case: it is no mistake"
    assert 4 not in codes
    assert "Traceback" not in said
    assert "could not run" not in said


@pytest.mark.parametrize("name", NAMES)
def test_lines_fit_a_terminal(name: str) -> None:
    lines = (CASES / name / "expected").read_text().splitlines()
    report = [line for line in lines if re.match(r"(error|warning|info)\[| *[0-9]* \| | += ", line)]
    assert [line for line in report if len(line) > 80] == []
