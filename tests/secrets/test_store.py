"""A secrets file and its ledger change together, whenever the power goes out and however many change them at once."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from terrace.audit import Log
from terrace.errors import AuditError, TerraceError
from terrace.opening import Keyholder, by_place
from terrace.secrets import store
from terrace.secrets.opening import Opener
from terrace.secrets.store import ABSENT, Texts
from terrace.sops import create
from terrace.sops.errors import NoKeyError
from tests.secrets.conftest import Person

PATH = "environments/production/backend.secrets.yaml"
LEDGER = "environments/production/backend.ledger.yaml"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DYING = """
import os, signal, sys
from pathlib import Path
from terrace.secrets import store

left = int(sys.argv[2])

def on_event(event, _):
    global left
    if event == "os.rename":
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

with store.editing(Path(sys.argv[1]), sys.argv[3]) as held:
    sys.addaudithook(on_event)
    held.replace(sys.argv[4], sys.argv[5])
"""


def replaced(root: Path, secrets: str, ledger: str, *, dies_at: int = 0) -> int:
    """The exit code of a process of its own that replaces both; it is killed right before that rename."""
    arguments = [str(root), str(dies_at or 99), PATH, secrets, ledger]
    done = subprocess.run([sys.executable, "-c", DYING, *arguments], check=False)
    return done.returncode


def files(root: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in (root / PATH).parent.iterdir()}


def begin(root: Path) -> None:
    with store.editing(root, PATH) as held:
        held.replace("old: 1\n", "dates: old\n")


def test_both_files_are_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    begin(tmp_path)
    assert replaced(tmp_path, "new: 2\n", "dates: new\n") == 0
    assert files(tmp_path) == {"backend.secrets.yaml": "new: 2\n", "backend.ledger.yaml": "dates: new\n"}


@pytest.mark.parametrize(
    ("dies_at", "seen"), [(1, Texts("old: 1\n", "dates: old\n")), (2, Texts("new: 2\n", "dates: new\n"))]
)
def test_a_crash_between_the_two_is_never_half_a_change(tmp_path: Path, dies_at: int, seen: Texts) -> None:
    begin(tmp_path)
    assert replaced(tmp_path, "new: 2\n", "dates: new\n", dies_at=dies_at) == -9
    assert len(files(tmp_path)) > 2, "the process must have died on the way"
    assert store.read(tmp_path, PATH) == seen
    assert replaced(tmp_path, "new: 2\n", "dates: new\n") == 0
    assert files(tmp_path) == {"backend.secrets.yaml": "new: 2\n", "backend.ledger.yaml": "dates: new\n"}


@pytest.mark.parametrize("dies_at", [1, 2])
def test_who_comes_next_with_something_else_mends_it_too(tmp_path: Path, dies_at: int) -> None:
    begin(tmp_path)
    replaced(tmp_path, "new: 2\n", "dates: new\n", dies_at=dies_at)
    with store.editing(tmp_path, PATH) as held:
        assert held.before == (Texts("old: 1\n", "dates: old\n") if dies_at == 1 else Texts("new: 2\n", "dates: new\n"))
        held.replace("third: 3\n", "dates: third\n")
    assert files(tmp_path) == {"backend.secrets.yaml": "third: 3\n", "backend.ledger.yaml": "dates: third\n"}


def test_absent_texts_remove_both(tmp_path: Path) -> None:
    begin(tmp_path)
    with store.editing(tmp_path, PATH) as held:
        held.replace(ABSENT, ABSENT)
    assert files(tmp_path) == {}


def test_one_at_a_time(tmp_path: Path) -> None:
    begin(tmp_path)

    def append(number: int) -> None:
        with store.editing(tmp_path, PATH) as held:
            held.replace(held.before.secrets + f"k{number}: 1\n", held.before.ledger + f"k{number}: 1\n")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(append, range(40)))
    assert all(f"k{number}: 1\n" in files(tmp_path)[name] for number in range(40) for name in files(tmp_path))


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "environments").write_text("a file")
    with pytest.raises(TerraceError, match="cannot write"), store.editing(tmp_path, PATH):
        pass


def test_the_file_that_has_the_secret_already_is_found(tmp_path: Path) -> None:
    folder = "environments/production"
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / folder / "shared.secrets.yaml").write_text("mail:\n  token: ENC[x]\n")
    assert store.path_for(tmp_path, folder, "backend", ("mail", "token")) == f"{folder}/shared.secrets.yaml"
    assert store.path_for(tmp_path, folder, "backend", ("mail", "other")) == PATH
    (tmp_path / PATH).write_text("mail:\n  token: ENC[x]\n")
    assert store.path_for(tmp_path, folder, "backend", ("mail", "token")) == PATH


def test_proposals_are_ranked_by_name(tmp_path: Path) -> None:
    begin(tmp_path)
    folder = (tmp_path / PATH).parent
    for name in ("backend.proposed-b-1", "backend.proposed-a-2", "backend-two.proposed-a-1", "backend.other"):
        (folder / f"{name}.secrets.yaml").write_text("x: 1\n")
    found = store.proposals(tmp_path, PATH)
    assert [path.rsplit("/", 1)[1] for path in found] == [
        "backend.proposed-a-2.secrets.yaml",
        "backend.proposed-b-1.secrets.yaml",
    ]


def keyholder(tmp_path: Path, person: Person) -> Keyholder:
    (tmp_path / "key").write_text(person.text)
    environ = {"TERRACE_AUDIT_LOG": str(tmp_path / "log"), "SOPS_AGE_KEY_FILE": str(tmp_path / "key")}
    return Keyholder("terrace secrets get", "drill", environ)


def test_opening_leaves_a_record_and_a_failure_too(tmp_path: Path, ada: Person, eve: Person) -> None:
    text = create({"database": {"password": "river"}}, [ada.recipient], now=NOW)
    opened = keyholder(tmp_path, ada).open(PATH, text)
    assert by_place(opened.values) == {("database", "password"): "river"}
    with pytest.raises(NoKeyError):
        keyholder(tmp_path, eve).open(PATH, text)
    first, second = Log(tmp_path / "log").read()
    assert (first.outcome, first.opening.file, first.opening.reason) == ("opened", PATH, "drill")
    assert list(first.values) == ["database.password"]
    assert (second.outcome, dict(second.values)) == ("failed", {})
    assert "river" not in "".join(file.read_text() for file in (tmp_path / "log").iterdir())


def test_nothing_is_opened_without_a_record(tmp_path: Path, ada: Person) -> None:
    (tmp_path / "log").write_text("a file, no folder")
    text = create({"a": "river"}, [ada.recipient], now=NOW)
    with pytest.raises(AuditError):
        keyholder(tmp_path, ada).open(PATH, text)


def test_a_record_names_the_commit_and_who_git_says_this_is(tmp_path: Path, ada: Person) -> None:
    root = tmp_path / "repo"
    for command in (
        ["init", "-q", str(root)],
        ["-C", str(root), "config", "user.name", "Ada Byron"],
        ["-C", str(root), "config", "user.email", "ada@harbourkitchen.com"],
        ["-C", str(root), "commit", "-q", "--allow-empty", "-m", "first"],
    ):
        subprocess.run(["git", *command], check=True)
    (tmp_path / "key").write_text(ada.text)
    environ = {"TERRACE_AUDIT_LOG": str(tmp_path / "log"), "SOPS_AGE_KEY_FILE": str(tmp_path / "key")}
    text = create({"a": "river"}, [ada.recipient], now=NOW)
    Opener(root, "terrace secrets get", "", environ).open(PATH, text)
    (record,) = Log(tmp_path / "log").read()
    assert record.opening.who.identity == "Ada Byron <ada@harbourkitchen.com>"
    assert len(record.opening.commit) == 40
