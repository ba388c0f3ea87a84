"""`terrace secrets edit`: what an editor leaves is checked, and no plain text outlives the process, killed or not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from terrace.errors import RefusedError
from terrace.opening import in_memory
from terrace.secrets import memory
from terrace.sops import inspect
from tests.secrets.conftest import Shop

PATH = "environments/production/shop.secrets.yaml"
RIVER, LAKE = "river-of-january", "lake-of-february"


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes an editor of a line of shell, which has the file as $1."""

    def make(script: str) -> None:
        program = tmp_path / "editor"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("EDITOR", str(program))

    return make


@pytest.fixture(autouse=True)
def _in_memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A place in memory that is this test's own, in which nothing may be left."""
    with TemporaryDirectory(prefix="terrace-test-", dir="/dev/shm") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield
        assert list(Path(folder).iterdir()) == []


def edit(shop: Shop) -> tuple[int, str]:
    ran = shop.run("secrets", "edit", "shop", "--env", "production")
    return ran.code, ran.out + ran.err


def test_only_what_was_edited_is_encrypted_anew(shop: Shop, editor: Callable[[str], None]) -> None:
    shop.set("database.password", RIVER)
    shop.set("database.pin", "4711")
    shop.set("mail.token", "tok_one")
    before = {leaf.pointer: leaf.iv for leaf in inspect(shop.text(PATH)).leaves}
    editor(f"sed -i 's/{RIVER}/{LAKE}/; /pin/d' \"$1\"; printf '  signed: true\\n' >> \"$1\"")
    code, said = edit(shop)
    assert code == 0, said
    after = {leaf.pointer: leaf.iv for leaf in inspect(shop.text(PATH)).leaves}
    assert after.keys() == {("database", "password"), ("mail", "token"), ("mail", "signed")}
    assert after[("mail", "token")] == before[("mail", "token")]
    assert (shop.get("database.password"), shop.get("mail.signed")) == (LAKE, "true")
    assert "pin" not in shop.text("environments/production/shop.ledger.yaml")
    assert LAKE not in said + shop.log()


def test_an_untouched_file_keeps_every_byte(shop: Shop, editor: Callable[[str], None]) -> None:
    shop.set("database.password", RIVER)
    before = shop.text(PATH)
    editor("true")
    assert edit(shop) == (0, f"{PATH} stays as it is\n")
    assert shop.text(PATH) == before


def test_a_file_is_begun(shop: Shop, editor: Callable[[str], None]) -> None:
    editor(f"printf 'database:\\n  password: {RIVER}\\n' > \"$1\"")
    assert edit(shop)[0] == 0
    assert shop.get("database.password") == RIVER


@pytest.mark.parametrize(
    "script",
    [
        "printf 'database:\\n  password: kurz\\n' > \"$1\"",
        "printf 'database:\\n  host: kurz\\n' > \"$1\"",
        "printf 'database:\\n  password: [kurz]\\n' > \"$1\"",
        'printf \'database:\\n  password: "kurz\\n\' > "$1"',
        "printf 'database:\\n  password: 007\\n' > \"$1\"",
        "printf 'kurz' > \"$1\"",
        'rm "$1"',
        "printf '\\377kurz' > \"$1\"",
        f"printf 'database:\\n  password: {LAKE}\\n' > \"$1\"; exit 1",
    ],
)
def test_what_is_wrong_is_not_written_and_not_shown(shop: Shop, editor: Callable[[str], None], script: str) -> None:
    shop.set("database.password", RIVER)
    before = shop.text(PATH)
    editor(script)
    code, said = edit(shop)
    assert code in (1, 2, 3)
    assert "kurz" not in said
    assert "lake" not in said
    assert shop.text(PATH) == before


def test_what_somebody_else_changed_meanwhile_is_not_lost(shop: Shop, editor: Callable[[str], None]) -> None:
    shop.set("database.password", RIVER)
    editor(f"sed -i 's/{RIVER}/{LAKE}/' \"$1\"; echo '# theirs' >> '{shop.folder / PATH}'")
    code, said = edit(shop)
    assert code == 1
    assert "somebody else" in said
    assert shop.text(PATH).endswith("# theirs\n")


def test_the_plain_text_is_in_memory_and_nobody_else_may_read_it(shop: Shop, editor: Callable[[str], None]) -> None:
    shop.set("database.password", RIVER)
    note = shop.folder.parent / "note"
    editor(f'dirname "$1" > {note}; stat -c %a "$1" "$(dirname "$1")" >> {note}; stat -f -c %T "$1" >> {note}')
    assert edit(shop)[0] == 0
    folder, *said = note.read_text().splitlines()
    assert said == ["600", "700", "tmpfs"]
    assert not Path(folder).exists()


def test_without_a_place_in_memory_nothing_is_edited(shop: Shop, tmp_path: Path) -> None:
    assert not in_memory("/proc")
    assert in_memory("/dev/shm")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory, "_SHARED_MEMORY", "/proc")
        with pytest.raises(RefusedError, match="no place in memory"), memory.guarded({}, "x", "y"):
            pass


HELD = """
import os, sys, time
from terrace.secrets.memory import guarded
with guarded(os.environ, "plain.yaml", "river") as file:
    print(file, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def held() -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A process in the middle of an edit, and its file."""
    process = subprocess.Popen([sys.executable, "-c", HELD], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    file = Path(process.stdout.readline().strip())
    assert file.read_text() == "river"
    yield process, file
    process.kill()
    process.wait()
    process.stdout.close()


def gone(folder: Path) -> bool:
    """Whether a folder goes within what a loaded machine may need."""
    until = time.monotonic() + 20
    while folder.exists() and time.monotonic() < until:
        time.sleep(0.01)
    return not folder.exists()


@pytest.mark.kill
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_killed_process_leaves_no_plain_text(held: tuple[subprocess.Popen[str], Path], number: int) -> None:
    process, file = held
    process.send_signal(number)
    assert gone(file.parent)


@pytest.mark.kill
def test_a_killed_command_leaves_no_plain_text(shop: Shop, editor: Callable[[str], None]) -> None:
    shop.set("database.password", RIVER)
    note = shop.folder.parent / "note"
    editor(f'echo "$1" > {note}.new; mv {note}.new {note}; exec sleep 30')
    argv = [sys.executable, "-m", "terrace", "-C", str(shop.folder), "secrets", "edit", "shop", "--env", "production"]
    process = subprocess.Popen(argv, start_new_session=True)
    while not note.exists():
        time.sleep(0.01)
    file = Path(note.read_text().strip())
    assert RIVER in file.read_text()
    process.kill()
    process.wait()
    assert gone(file.parent)
    os.killpg(process.pid, signal.SIGKILL)  # the editor, which goes on without its file


@pytest.mark.kill
def test_what_a_killed_guard_left_is_swept_by_the_next_command(held: tuple[subprocess.Popen[str], Path]) -> None:
    process, file = held
    assert memory.sweep(os.environ) == 0, "an edit that goes on is nobody's to sweep"
    for guard in guards(file.parent):
        os.kill(guard, signal.SIGKILL)
    process.kill()
    process.wait()
    time.sleep(0.05)
    assert file.exists()
    assert memory.sweep(os.environ) == 1
    assert not file.parent.exists()


def guards(folder: Path) -> list[int]:
    """The processes that guard a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            argv = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if str(folder).encode() in argv:
            found.append(int(entry.name))
    assert found
    return found


def test_what_a_proposal_outranks_is_not_changed(shop: Shop, editor: Callable[[str], None], tmp_path: Path) -> None:
    shop.set("database.password", RIVER)
    shop.set("database.pin", "4711")
    where = ("shop", "database.password", "--env", "production", "--stdin")
    assert shop.run("secrets", "propose", *where, stdin=LAKE).code == 0
    before = shop.text(PATH)
    editor(f'cp "$1" {tmp_path}/shown; sed -i \'s/{RIVER}/another-long-value/\' "$1"')
    code, said = edit(shop)
    assert code == 1
    assert "database.password is proposed in environments/production/shop.proposed-" in said
    assert shop.text(PATH) == before
    noted = (tmp_path / "shown").read_text()
    (tmp_path / "shown").unlink()
    assert noted.startswith("# database.password is proposed in environments/production/shop.proposed-")
    # What nobody proposed can still be changed, and taken out.
    editor("sed -i 's/4711/4712/' \"$1\"")
    assert edit(shop)[0] == 0
    assert shop.get("database.pin") == "4712"
    editor("sed -i '/password/d' \"$1\"")
    assert edit(shop)[0] == 1


def test_a_file_that_is_left_empty_takes_nothing_out(shop: Shop, editor: Callable[[str], None]) -> None:
    shop.set("database.password", RIVER)
    before = shop.text(PATH)
    editor(': > "$1"')
    code, said = edit(shop)
    assert (code, shop.text(PATH)) == (1, before)
    assert "{}" in said
    editor('echo "{}" > "$1"')
    assert edit(shop)[0] == 0
    assert not (shop.folder / PATH).exists()


@pytest.mark.parametrize("words", ['vi "', " "])
def test_an_editor_that_is_no_command_is_wrong_use(shop: Shop, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.set("database.password", RIVER)
    monkeypatch.setenv("EDITOR", words)
    assert edit(shop)[0] in (2, 3)
