"""A secret goes its whole way, and its value is searched for wherever it has no business to be.

From `terrace init` through checks, build, deploy, an application's start and crashes, every output, file, bundle and
log is searched, temporary folders and memory-backed ones too, and so is what the kernel shows of each of our processes
while it runs: its arguments and its variables. Where a command is there to show a value, it stands on that command's
standard output and nowhere else.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from terrace import cli

CANARY = "canary-5f1c9be07d3a442e"
FORMS = (CANARY.encode(), b64encode(CANARY.encode()), CANARY.encode().hex().encode(), CANARY[::-1].encode())
CRASH = """
import sys
from importlib import import_module
from terrace import cli
def shown(value):
    return value.reveal() if hasattr(value, "reveal") else value
def broken(*arguments):
    try:
        raise KeyError(*map(shown, arguments))
    except KeyError as error:
        raise ValueError(f"a bug that holds {[shown(each) for each in arguments]!r}") from error
setattr(import_module("{module}"), "{name}", broken)
sys.exit(cli.run(sys.argv[1:]))
"""
APPLICATION = """
import logging, sys
from pydantic import Field
sys.path.insert(0, "schemas")
import shop
from terrace.runtime import ConfigError, load, watch
from terrace.runtime.asgi import described
logging.basicConfig(level=logging.DEBUG)
with watch(shop.Config, service="shop", last_good=sys.argv[1]) as handle:
    config = handle.current
    assert config.database.password.get_secret_value().startswith(sys.argv[2])
    print(handle, handle.revision, config, repr(config), described(handle.status), handle.revision.judged)
    class Stricter(shop.Config):
        database: str
    try:
        load(Stricter, service="shop")
    except ConfigError as error:
        print(error, repr(error))
    raise RuntimeError("the application crashes")
"""
"""An application that loads what was deployed, prints whatever can be printed of it, and dies."""

SECRET = ("shop", "database.password", "--env", "production")
CRASHES = {
    "set": ("terrace.secrets.change", "differs", ("secrets", "set", *SECRET, "--stdin"), f"{CANARY}-three\n"),
    "typed": ("terrace.model.typed", "typed", ("secrets", "set", *SECRET, "--stdin"), f"{CANARY}-three\n"),
    "propose": ("terrace.secrets.propose", "begun", ("secrets", "propose", *SECRET, "--stdin"), f"{CANARY}-three\n"),
    "get": ("terrace.opening", "by_place", ("secrets", "get", *SECRET, "--yes"), ""),
    "edit": ("terrace.secrets.editing", "differs", ("secrets", "edit", "shop", "--env", "production"), ""),
    "import": (
        "terrace.secrets.imported",
        "typed",
        ("secrets", "import", "-", "shop", "--env", "production"),
        f"database.password={CANARY}-three\n",
    ),
    "show": (
        "terrace.secrets.effective",
        "in_the_open",
        ("show", "shop", "--env", "production", "--reveal", "--yes"),
        "",
    ),
    "exec": ("terrace.secrets.effective", "in_the_open", ("exec", "--env", "production", "--", "true"), ""),
}
"""Where a bug is provoked while a value is in the open, the command that meets it, and its standard input."""


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
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home, a temporary folder and a key file, and nothing of this machine's variables."""
    for name in [each for each in os.environ if not each.startswith(("PYTEST_", "COV_"))]:
        monkeypatch.delenv(name)
    for name in ("home", "tmp"):
        (tmp_path / name).mkdir()
    key = tmp_path / "key"
    variables = {
        "PATH": "/usr/bin:/bin", "HOME": tmp_path / "home", "TMPDIR": tmp_path / "tmp", "SOPS_AGE_KEY_FILE": key,
        "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@harbourkitchen.com",
        "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@harbourkitchen.com",
    }  # fmt: skip
    for name, value in variables.items():
        monkeypatch.setenv(name, str(value))
    return tmp_path


def begin(folder: Path) -> None:
    """A new repository as `terrace init` makes it, and who may open its secrets as `terrace secrets init` does."""
    wheel = folder.parent / "terrace_config-1.0.0-py3-none-any.whl"
    wheel.write_bytes(b"")
    assert cli.run(["init", str(folder), "--service", "shop", "--wheel", str(wheel)]) == 0
    recovery = ("recovery", "--kind", "recovery", "--key-file", str(folder.parent / "recovery"))
    ada = ("ada", "--env", "development", "--env", "production", "--key-file", os.environ["SOPS_AGE_KEY_FILE"])
    for who in (recovery, ada):
        said = terrace(folder, "secrets", "init", *who)
        assert said.code == 0, said.err.decode()


class Said(NamedTuple):
    """What a process came to."""

    code: int
    out: bytes
    err: bytes


def terrace(folder: Path, *argv: str, stdin: str = "", program: tuple[str, ...] = ("-m", "terrace")) -> Said:
    done = subprocess.run(
        [sys.executable, *program, "-C", str(folder), *argv], input=stdin.encode(), capture_output=True, check=False
    )
    return Said(done.returncode, done.stdout, done.stderr)


def found_in(data: bytes) -> bool:
    return any(form in data for form in FORMS)


def in_memory() -> Iterator[Path]:
    """The files of memory-backed storage that hold the canary."""
    for folder, _, names in os.walk("/dev/shm"):  # which passes over folders that are gone already
        for file in (Path(folder) / name for name in names):
            try:
                if file.is_file() and found_in(file.read_bytes()):
                    yield file
            except OSError:  # somebody else's, or gone already
                continue


@pytest.mark.parametrize("where", ["cmdline", "environ"])
def test_the_watch_sees_what_stands_in_an_argument_or_a_variable(where: str) -> None:
    marker = f"marker-{os.getpid()}"
    command = ["/bin/sh", "-c", "sleep 0.3; :", *([marker] if where == "cmdline" else [])]
    with Watch((marker.encode(),)) as watch:
        subprocess.run(command, env={"MARKED": marker} if where == "environ" else {}, check=True)
    assert {found.split()[1] for found in watch.found} == {where}


def run_application(folder: Path, surroundings: Path) -> subprocess.CompletedProcess[bytes]:
    """The application of the repository, started on what was deployed; it may be told how the value begins."""
    (released,) = folder.rglob("shop/..data")
    variables = {**os.environ, "TERRACE_ENV": "production", "TERRACE_SOURCE": str(released.parent)}
    command = [sys.executable, "-c", APPLICATION, str(surroundings / "last-good"), CANARY[:6]]
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, check=False)


@pytest.mark.kill
def test_the_canary_is_seen_nowhere(surroundings: Path) -> None:
    folder = surroundings / "repository"
    begin(folder)
    outputs: list[bytes] = []
    editor = surroundings / "editor"
    editor.write_text("#!/bin/sh\nsed -i 's/-three$/-edited/' \"$1\"\n")
    editor.chmod(0o755)

    def run(*argv: str, code: int = 0, **more: object) -> bytes:
        ended, out, err = terrace(folder, *argv, **more)  # type: ignore[arg-type]
        outputs.extend((out, err))
        assert ended == code, f"{argv}: {(out + err).decode()}"
        return out + err

    def showing(*argv: str) -> None:
        """A command that is there to show the value: on its standard output, and nowhere else."""
        ended, out, err = terrace(folder, *argv)
        outputs.append(err)
        assert ended == 0, f"{argv}: {err.decode()}"
        assert CANARY.encode() in out, "it must be able to be found"

    with Watch() as watch:
        for env in ("development", "production"):
            run("secrets", "set", "shop", "database.password", "--env", env, "--stdin", stdin=f"{CANARY}-{env}\n")
        run("secrets", "propose", *SECRET, "--stdin", stdin=f"{CANARY}-two\n")
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
        run("secrets", "import", "-", "shop", "--env", "production", stdin=f"database.password={CANARY}-three\n")
        os.environ["EDITOR"] = str(editor)
        run("secrets", "edit", "shop", "--env", "production")
        showing("show", "shop", "--env", "production", "--reveal", "--yes")
        showing("secrets", "get", *SECRET, "--yes")
        run("exec", "--env", "production", "--", "/no/such/program", code=3)
        said = run_application(folder, surroundings)
        outputs.extend((said.stdout, said.stderr))
        assert b"the application crashes" in said.stderr, said.stderr.decode()
        assert b"the configuration of shop in production is not right" in said.stdout
        run("secrets", "audit", "verify")
        run("secrets", "audit", "show")
        run("secrets", "audit", "export")
    assert watch.seen, "the processes must have been seen while they ran"
    assert watch.found == set()
    with Watch() as executed:
        showing("exec", "--env", "production", "--", "/bin/sh", "-c", "export -p; sleep 0.1; :")
    assert {each.split()[1] for each in executed.found} == {"environ"}, "a command that gets it has it in its variables"
    assert len({each.split()[0] for each in executed.found}) <= 2, "and nobody else has: the shell, and what it starts"
    assert [said for said in outputs if found_in(said)] == []
    searched = dict(everything(surroundings))
    assert any("access-" in file.name for file in searched), "the audit log must be among what is searched"
    assert any(file.name.endswith(".secrets.yaml") for file in searched)
    assert [file for file, data in searched.items() if found_in(data)] == []
    assert list((surroundings / "tmp").iterdir()) == []
    assert list(in_memory()) == []
    said = terrace(folder, "secrets", "get", *SECRET, "--yes")
    assert (said.code, said.out) == (0, f"{CANARY}-edited".encode()), "the search must be able to find it"


@pytest.mark.parametrize("debug", [False, True], ids=["plainly", "with-debug"])
@pytest.mark.parametrize("crash", CRASHES)
def test_a_bug_while_a_value_is_in_the_open_does_not_tell_it(
    surroundings: Path, crash: str, *, debug: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = surroundings / "repository"
    begin(folder)
    assert terrace(folder, "secrets", "set", *SECRET, "--stdin", stdin=f"{CANARY}-one\n").code == 0
    editor = surroundings / "editor"
    editor.write_text("#!/bin/sh\nsed -i 's/-[a-z]*$/-edited/' \"$1\"\n")
    editor.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(editor))
    if debug:
        monkeypatch.setenv("TERRACE_DEBUG", "1")
    module, name, argv, stdin = CRASHES[crash]
    program = CRASH.replace("{module}", module).replace("{name}", name)
    ended, out, err = terrace(folder, *argv, stdin=stdin, program=("-c", program))
    assert ended == 4, (out + err).decode()
    assert b"this is a bug of ours: ValueError" in err
    assert (b"KeyError: (its message is not shown" in err) == debug
    assert not found_in(out + err)
    assert [file for file, data in everything(surroundings) if found_in(data)] == []
    assert list(in_memory()) == []


def test_a_bug_without_secrets_tells_everything_when_asked(surroundings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = surroundings / "repository"
    begin(folder)
    program = (
        "import sys\nfrom terrace import cli, views\n"
        "def broken(*arguments, **more):\n    raise ValueError('which holds no secret')\n"
        "views.environments_of = views.contracts_of = views.view = broken\nsys.exit(cli.run(sys.argv[1:]))\n"
    )
    argv = ("show", "shop", "--env", "production")
    assert b"which holds" not in terrace(folder, *argv, program=("-c", program)).err
    monkeypatch.setenv("TERRACE_DEBUG", "1")
    said = terrace(folder, *argv, program=("-c", program))
    assert said.code == 4, said.err.decode()
    assert b"ValueError: which holds no secret" in said.err
