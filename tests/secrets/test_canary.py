"""A secret goes its whole way, and its value is searched for wherever it has no business to be.

From `terrace init` through checks, build, deploy and a crash, every output, file, bundle, log and temporary folder is
searched, and so is what the kernel shows of each of our processes while it runs: its arguments and its variables.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from terrace import cli, load
from terrace.model.sops_rules import sops_rules
from terrace.source import WorkTree
from tests.secrets.conftest import RECOVERY, Person

CANARY = "canary-5f1c9be07d3a442e"
FORMS = (CANARY.encode(), b64encode(CANARY.encode()), CANARY.encode().hex().encode(), CANARY[::-1].encode())
CRASH = """
import sys
from terrace import cli
from terrace.secrets import change
def broken(*arguments):
    raise ValueError(f"a bug that holds {arguments!r}")
change.with_changes = broken
sys.exit(cli.run(sys.argv[1:]))
"""


class Watch:
    """Looks at the arguments and variables of all processes below this one, over and over."""

    def __init__(self, forms: tuple[bytes, ...] = FORMS) -> None:
        self._forms = forms
        self.found: set[str] = set()
        self.seen: set[str] = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(0.002):
            for entry in os.scandir("/proc"):
                if entry.name.isdigit():
                    self._at(entry.name)

    def _at(self, process: str) -> None:
        for name in ("cmdline", "environ"):
            try:
                data = Path(f"/proc/{process}/{name}").read_bytes()
            except OSError:
                continue
            if b"terrace" in data and name == "cmdline":
                self.seen.add(process)
            if any(form in data for form in self._forms):
                self.found.add(f"{process} {name}")


def everything(folder: Path) -> Iterator[tuple[Path, bytes]]:
    for file in folder.rglob("*"):
        if file.is_file() and not file.is_symlink():
            yield file, file.read_bytes()


@pytest.fixture
def surroundings(tmp_path: Path, ada: Person, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home, a temporary folder and a key file, and nothing of this machine's variables."""
    for name in [each for each in os.environ if not each.startswith(("PYTEST_", "COV_"))]:
        monkeypatch.delenv(name)
    for name in ("home", "tmp"):
        (tmp_path / name).mkdir()
    key = tmp_path / "key"
    key.write_text(ada.text)
    variables = {
        "PATH": "/usr/bin:/bin", "HOME": tmp_path / "home", "TMPDIR": tmp_path / "tmp", "SOPS_AGE_KEY_FILE": key,
        "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@harbourkitchen.com",
        "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@harbourkitchen.com",
    }  # fmt: skip
    for name, value in variables.items():
        monkeypatch.setenv(name, str(value))
    return tmp_path


def begin(folder: Path, ada: Person) -> None:
    """A new repository as `terrace init` makes it, and ada as who may open its secrets."""
    wheel = folder.parent / "terrace_config-1.0.0-py3-none-any.whl"
    wheel.write_bytes(b"")
    assert cli.run(["init", str(folder), "--service", "shop", "--wheel", str(wheel)]) == 0
    environments = ["development", "production"]
    said = {"owner": "ada", "since": "2026-01-02", "reviewed": "2026-01-02"}
    person = {"kind": "person", "key": ada.recipient, "environments": environments, **said}
    recovery = {"kind": "recovery", "key": RECOVERY, **said}
    (folder / "recipients.yaml").write_text(json.dumps({"recipients": {"ada": person, "recovery": recovery}}))
    for name in environments:
        with (folder / f"environments/{name}/environment.yaml").open("a") as stream:
            stream.write("recipients: [ada]\n")
    (folder / ".sops.yaml").write_text(sops_rules(load.load(WorkTree(folder)), ()))


def terrace(
    folder: Path, *argv: str, stdin: str = "", program: tuple[str, ...] = ("-m", "terrace")
) -> tuple[int, bytes]:
    done = subprocess.run(
        [sys.executable, *program, "-C", str(folder), *argv], input=stdin.encode(), capture_output=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("where", ["cmdline", "environ"])
def test_the_watch_sees_what_stands_in_an_argument_or_a_variable(where: str) -> None:
    marker = f"marker-{os.getpid()}"
    command = ["/bin/sh", "-c", "sleep 0.3; :", *([marker] if where == "cmdline" else [])]
    with Watch((marker.encode(),)) as watch:
        subprocess.run(command, env={"MARKED": marker} if where == "environ" else {}, check=True)
    assert {found.split()[1] for found in watch.found} == {where}


@pytest.mark.kill
def test_the_canary_is_seen_nowhere(surroundings: Path, ada: Person) -> None:
    folder = surroundings / "repository"
    begin(folder, ada)
    outputs: list[bytes] = []

    def run(*argv: str, code: int = 0, **more: object) -> bytes:
        ended, said = terrace(folder, *argv, **more)  # type: ignore[arg-type]
        outputs.append(said)
        assert ended == code, f"{argv}: {said.decode()}"
        return said

    with Watch() as watch:
        for env in ("development", "production"):
            run("secrets", "set", "shop", "database.password", "--env", env, "--stdin", stdin=f"{CANARY}-{env}\n")
        secret = ("shop", "database.password", "--env", "production", "--stdin")
        run("secrets", "propose", *secret, stdin=f"{CANARY}-two\n")
        run("secrets", "fold")
        run("secrets", "list", "shop", "--env", "production")
        run("validate")
        for line in ("init -q", "add -A", "commit -qm Begin"):
            subprocess.run(["git", *line.split()], cwd=folder, check=True, capture_output=True)
        run("build", "--all", "-o", str(surroundings / "bundles"))
        run("deploy", "--env", "production")
        run("show", "shop", "--env", "production", "--provenance")
        run("show", "shop", "--env", "production", "--format", "json", "-o", str(surroundings / "shown"))
        run("diff", "shop", "--env", "development", "--env", "production")
        run("explain", "shop", "--env", "production")
        run("explain", "shop", "database.password", "--env", "production")
        run("set", "shop", "database.password", "x", "--env", "production", code=1)
        for debug in (False, True):
            said = run("secrets", "set", *secret, code=4, stdin=f"{CANARY}-three\n", program=("-c", CRASH))
            assert b"a bug of ours" in said
            if not debug:
                os.environ["TERRACE_DEBUG"] = "1"
        del os.environ["TERRACE_DEBUG"]
        run("secrets", "audit", "verify")
        run("secrets", "audit", "show")
        run("secrets", "audit", "export")
    assert watch.seen, "the processes must have been seen while they ran"
    assert watch.found == set()
    assert [said for said in outputs if any(form in said for form in FORMS)] == []
    searched = dict(everything(surroundings))
    assert any("access-" in file.name for file in searched), "the audit log must be among what is searched"
    assert any(file.name.endswith(".secrets.yaml") for file in searched)
    assert [file for file, data in searched.items() if any(form in data for form in FORMS)] == []
    assert list((surroundings / "tmp").iterdir()) == []
    ended, said = terrace(folder, "secrets", "get", "shop", "database.password", "--env", "production", "--yes")
    assert ended == 0
    assert said == f"{CANARY}-two".encode(), "the search must be able to find it"
