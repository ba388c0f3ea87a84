"""Git itself, with Terrace's drivers: merges, rebases, cherry-picks, what a diff shows, and what a crash leaves."""

from __future__ import annotations

import re
import subprocess
from datetime import date
from pathlib import Path

import pytest

from terrace import cli, sops
from terrace.secrets import drivers
from terrace.secrets import ledger as ledgers
from terrace.sops.errors import SopsError
from tests.secrets.clone import PATH, Clone, edited, made, plain, rekeyed
from tests.secrets.conftest import Person

DAY = date(2026, 11, 1)
CANARIES = ("canary-base", "canary-ours", "canary-theirs")
SECRETS, LEDGERS = drivers.LINES.values()
VALUES = {"a": "one", "db": {"user": "app", "password": CANARIES[0]}}


@pytest.fixture
def clone(tmp_path: Path, ada: Person) -> Clone:
    return Clone(tmp_path, ada)


@pytest.fixture
def base(ada: Person, eve: Person) -> str:
    return made(VALUES, ada, eve)


def conflicting(clone: Clone, base: str) -> tuple[str, str]:
    """Ours and theirs, on two branches; both changed the password, and each something else."""
    ours = edited(base, clone.person, {"db.password": CANARIES[1], "mine": "1"})
    theirs = edited(base, clone.person, {"db.password": CANARIES[2], "yours": "2"})
    clone.branches(base, ours, theirs)
    return ours, theirs


def unmerged(clone: Clone) -> list[str]:
    return [clone.git("show", "--no-textconv", f":{number}:{PATH}") for number in (1, 2, 3)]


def test_a_merge_needs_nobody(clone: Clone, base: str, ada: Person) -> None:
    clone.branches(base, edited(base, ada, {"a": "two"}), edited(base, ada, {"db.user": "root"}))
    clone.git("merge", "-q", "theirs")
    assert plain(clone.opened().values) == {"a": "two", "db": {"user": "root", "password": CANARIES[0]}}
    assert clone.git("status", "--porcelain") == ""
    assert [file.name for file in clone.folder.iterdir() if file.name.startswith(".merge_file")] == []


def test_without_the_drivers_any_two_changes_are_a_conflict_that_opens_for_nobody(
    tmp_path: Path, base: str, ada: Person
) -> None:
    clone = Clone(tmp_path, ada, drivers=False)
    clone.commit({".gitattributes": drivers.attributes("")})
    clone.branches(base, edited(base, ada, {"a": "two"}), edited(base, ada, {"db.user": "root"}))
    assert clone.attempt("merge", "theirs").returncode == 1
    assert "<<<<<<<" in clone.read()
    with pytest.raises(SopsError):
        clone.opened()


def test_a_name_cannot_write_to_the_terminal(clone: Clone, base: str, ada: Person) -> None:
    clone.branches(base, edited(base, ada, {"\x1b[2J\n": "1"}), edited(base, ada, {"\x1b[2J\n": "2"}))
    done = clone.attempt("merge", "theirs")
    assert "  \\x1b[2J\\n  changed by both" in done.stderr.replace('"', "")


def test_a_merge_is_put_into_the_audit_log(clone: Clone, base: str, ada: Person) -> None:
    clone.branches(base, edited(base, ada, {"a": "two"}), edited(base, ada, {"db.user": "root"}))
    clone.git("merge", "-q", "theirs")
    log = "".join(file.read_text() for file in (clone.folder.parent / ".local/state/terrace/audit").glob("*.jsonl"))
    assert log.count('"command":"terrace secrets merge-driver","reason":"merge"') == 3
    assert f'"file":"{PATH}"' in log
    assert not any(canary in log for canary in CANARIES)


def test_a_conflict_names_what_clashes_shows_no_value_and_loses_no_side(clone: Clone, base: str) -> None:
    ours, theirs = conflicting(clone, base)
    done = clone.attempt("merge", "theirs")
    assert done.returncode == 1
    assert "  db.password  changed by both sides to different values\n" in done.stderr
    assert f"terrace secrets resolve {PATH} --theirs NAME" in done.stderr
    assert not any(canary in done.stdout + done.stderr for canary in CANARIES)
    assert unmerged(clone) == [base, ours, theirs]
    assert clone.attempt("commit", "-qm", "done").returncode != 0
    # The file is whole: what does not clash is there from both, and of what clashes ours.
    assert plain(clone.opened().values) == {
        "a": "one", "db": {"user": "app", "password": CANARIES[1]}, "mine": "1", "yours": "2"
    }  # fmt: skip


@pytest.mark.parametrize(("side", "value"), [("--theirs", CANARIES[2]), ("--ours", CANARIES[1])])
def test_resolve_takes_a_side_of_what_clashes_and_keeps_the_rest_of_both(
    clone: Clone, base: str, side: str, value: str
) -> None:
    conflicting(clone, base)
    clone.attempt("merge", "theirs")
    for arguments in ((), (side, "a")):
        left = clone.terrace("secrets", "resolve", PATH, *arguments)
        assert left.returncode == 1
        assert "db.password" in left.stderr
    done = clone.terrace("secrets", "resolve", PATH, side, "db")
    assert done.returncode == 0, done.stderr
    assert not any(canary in done.stdout + done.stderr for canary in CANARIES)
    clone.git("add", PATH)
    clone.git("commit", "-qm", "merged")
    found = plain(clone.opened().values)
    assert found["db"]["password"] == value
    assert (found["mine"], found["yours"]) == ("1", "2")


def test_resolve_of_a_file_without_conflict_is_refused(clone: Clone, base: str) -> None:
    clone.commit(base)
    done = clone.terrace("secrets", "resolve", PATH, "--ours")
    assert done.returncode == 1
    assert "does not keep" in done.stderr


def test_without_a_key_a_merge_is_a_conflict_that_names_who_could(clone: Clone, base: str, ada: Person) -> None:
    clone.commit({"recipients.yaml": f"recipients:\n  anna: {{kind: person, key: {ada.recipient}}}\n"})
    ours = edited(base, ada, {"a": "two"})
    clone.branches(base, ours, edited(base, ada, {"db.user": "root"}))
    done = clone.attempt("merge", "theirs", SOPS_AGE_KEY="")
    assert done.returncode == 1
    assert re.search(r"Who could: anna, age1", done.stderr)
    assert clone.read() == ours
    # Nothing is lost: once somebody has the key, the same is merged.
    done = clone.terrace("secrets", "resolve", PATH)
    assert done.returncode == 0, done.stderr
    assert plain(clone.opened().values)["db"]["user"] == "root"


def test_without_a_key_a_change_of_one_side_merges(clone: Clone, base: str, ada: Person) -> None:
    clone.branches({PATH: base, "x": "1"}, {"x": "2"}, edited(base, ada, {"a": "2"}))
    clone.git("merge", "-q", "theirs", SOPS_AGE_KEY="")
    assert plain(clone.opened().values)["a"] == "2"


def test_a_file_that_was_tampered_with_is_not_merged(clone: Clone, base: str, ada: Person) -> None:
    theirs = edited(base, ada, {"db.user": "root"})
    first, second = (line for line in theirs.splitlines() if "user:" in line or "password:" in line)
    swapped = theirs.replace(first.split(": ")[1], "%").replace(second.split(": ")[1], first.split(": ")[1])
    ours = edited(base, ada, {"a": "2"})
    clone.branches(base, ours, swapped.replace("%", second.split(": ")[1]))
    done = clone.attempt("merge", "theirs")
    assert done.returncode == 1
    assert re.search(rf"{PATH} is not merged: {PATH}:\d+:\d+: .* \(theirs\)", done.stderr)
    assert clone.read() == ours


def test_new_values_that_who_left_can_read_are_named(clone: Clone, base: str, ada: Person, eve: Person) -> None:
    clone.branches(base, edited(base, ada, {"a": "two"}), rekeyed(base, ada, ada))
    done = clone.attempt("merge", "theirs")
    assert done.returncode == 0
    assert f"rotate a: it was encrypted for {eve.recipient} too" in done.stderr


def test_a_rebase_goes_through_and_stops_only_at_a_conflict(clone: Clone, base: str, ada: Person) -> None:
    clone.branches(base, edited(base, ada, {"a": "two"}), edited(base, ada, {"db.user": "root"}))
    clone.git("checkout", "-q", "theirs")
    clone.commit(edited(clone.read(), ada, {"third": "3"}))
    clone.commit(edited(clone.read(), ada, {"a": "clash"}))
    done = clone.attempt("rebase", "main")
    assert done.returncode == 1
    assert "  a  changed by both sides" in done.stderr
    assert clone.terrace("secrets", "resolve", PATH, "--theirs", "a").returncode == 0
    clone.git("add", PATH)
    clone.git("rebase", "--continue", GIT_EDITOR="true")
    assert plain(clone.opened().values) == {
        "a": "clash", "db": {"user": "root", "password": CANARIES[0]}, "third": "3"
    }  # fmt: skip


def test_a_cherry_pick_takes_one_change(clone: Clone, base: str, ada: Person) -> None:
    clone.branches(base, edited(base, ada, {"a": "two"}), edited(base, ada, {"skip": "1"}))
    clone.git("checkout", "-q", "theirs")
    picked = clone.commit(edited(clone.read(), ada, {"db.user": "root"}))
    clone.git("checkout", "-q", "main")
    clone.git("cherry-pick", picked)
    assert plain(clone.opened().values) == {"a": "two", "db": {"user": "root", "password": CANARIES[0]}}
    clone.git("revert", "--no-edit", "HEAD")
    assert plain(clone.opened().values)["db"]["user"] == "app"


def test_an_octopus_that_would_merge_a_secrets_file_leaves_everything_as_it_was(
    clone: Clone, base: str, ada: Person
) -> None:
    ours = edited(base, ada, {"a": "two"})
    clone.branches(base, ours, edited(base, ada, {"db.user": "root"}))
    start = clone.git("rev-parse", "main~1").strip()
    clone.git("checkout", "-q", "-b", "more", start)
    clone.commit(edited(base, ada, {"more": "1"}))
    clone.git("checkout", "-q", "main")
    done = clone.attempt("merge", "theirs", "more")
    # Git's octopus knows no drivers, and gives up.
    assert done.returncode == 2
    assert clone.git("status", "--porcelain") == ""
    assert clone.read() == ours
    for branch in ("theirs", "more"):
        clone.git("merge", "-q", "--no-edit", branch)
    assert plain(clone.opened().values)["more"] == "1"


def test_branches_that_met_before_merge_again(clone: Clone, base: str, ada: Person) -> None:
    clone.branches(base, edited(base, ada, {"a": "two"}), edited(base, ada, {"db.user": "root"}))
    first, second = (clone.git("rev-parse", name).strip() for name in ("main", "theirs"))
    for branch, other in (("main", second), ("theirs", first)):
        clone.git("checkout", "-q", branch)
        clone.git("merge", "-q", "--no-edit", other)
        clone.commit(edited(clone.read(), ada, {f"of-{branch}": "1"}))
    clone.git("checkout", "-q", "main")
    clone.git("merge", "-q", "--no-edit", "theirs")
    assert plain(clone.opened().values) == {
        "a": "two", "db": {"user": "root", "password": CANARIES[0]}, "of-main": "1", "of-theirs": "1"
    }  # fmt: skip


@pytest.mark.kill
def test_a_driver_that_is_killed_leaves_a_state_that_git_understands(clone: Clone, base: str, ada: Person) -> None:
    ours = edited(base, ada, {"a": "two"})
    clone.branches(base, ours, edited(base, ada, {"db.user": "root"}))
    whole = {"a": "two", "db": {"user": "root", "password": CANARIES[0]}}
    for number in range(12):
        # Its parent is a shell that Git waits for; what it runs in its place is killed after a while.
        slow = f"timeout -s KILL {0.03 * number + 0.01:.2f} {drivers.program()} secrets merge-driver %O %A %B %P"
        clone.git("config", f"merge.{drivers.DRIVER}.driver", slow)
        done = clone.attempt("merge", "-q", "--no-edit", "theirs")
        assert plain(clone.opened().values) in (whole, {**VALUES, "a": "two"})
        if done.returncode == 0:
            assert plain(clone.opened().values) == whole
            clone.git("reset", "-q", "--hard", "HEAD~1")
        elif "UU" in clone.git("status", "--porcelain"):
            clone.git("merge", "--abort")
        else:
            clone.git("reset", "-q", "--merge")
        assert clone.read() == ours
        for left in clone.folder.glob(".merge_file*"):
            assert not any(canary.encode() in left.read_bytes() for canary in CANARIES)
            left.unlink()
        assert clone.git("status", "--porcelain") == ""


def test_a_branch_that_names_a_key_in_a_file_is_not_let_in_by_the_merge(
    clone: Clone, base: str, ada: Person, eve: Person
) -> None:
    clone.commit({"recipients.yaml": f"recipients:\n  anna: {{kind: person, key: {ada.recipient}}}\n"})
    clone.commit(alone := rekeyed(base, ada, ada))
    stanza = alone[alone.index("        - enc") : alone.index("    lastmodified")]
    clone.git("checkout", "-q", "-b", "hostile")
    forged = alone.replace(stanza, stanza + stanza.replace(ada.recipient, eve.recipient))
    register = f"recipients:\n  eve: {{kind: person, key: {eve.recipient}}}\n"
    clone.commit({PATH: forged, "recipients.yaml": register})
    clone.git("checkout", "-q", "main")
    clone.commit(rekeyed(alone, ada, ada))
    merged = clone.attempt("merge", "-q", "hostile", "-m", "merge")
    assert merged.returncode == 0, merged.stderr
    assert eve.recipient in merged.stderr
    assert [each.recipient for each in sops.inspect(clone.read()).recipients] == [ada.recipient]


def test_a_diff_shows_which_secrets_changed_alone(clone: Clone, base: str, ada: Person, eve: Person) -> None:
    clone.commit({"recipients.yaml": f"recipients:\n  anna: {{kind: person, key: {ada.recipient}}}\n", PATH: base})
    clone.commit(edited(base, ada, {"db.password": CANARIES[1], "a": None, "new": "n"}), "edit")
    changed = clone.git("show", "--format=", "-U0")
    lines = {
        line[:1] + line[1:].split("  ")[0] for line in changed.splitlines() if line[:1] in "+-" and "/" not in line
    }
    assert lines >= {"-db.password", "+db.password", "-a", "+new", "+all bytes"}
    assert not lines & {"-db.user", "+db.user"}
    clone.commit(rekeyed(clone.read(), ada, ada), "rotate")
    log = clone.git("log", "-p", "-1", "-U0", "--format=", SOPS_AGE_KEY="")
    assert re.search(rf"^-recipient {eve.recipient}  ", log, re.M)
    assert re.search(rf"^\+recipient anna \({ada.recipient}\)  ", log, re.M)
    # Under the new data key the values are the same: their nonces are.
    assert not re.search(r"^[+-].*\(encrypted", log, re.M)
    everything = clone.git("log", "-p")
    assert "ENC[" not in everything
    assert not any(canary in everything for canary in CANARIES)


@pytest.mark.parametrize("text", ["", "a: canary-ours\n", "a: [", "\x00\x01", "sops: 5\n", '"\\e[31m": 1\n'])
def test_a_diff_of_a_file_that_is_no_secrets_file_does_not_stop(clone: Clone, base: str, text: str) -> None:
    clone.commit(base)
    clone.commit(text)
    shown = clone.git("show", "--format=")
    assert "+all bytes" in shown
    assert "canary" not in shown
    assert "\x1b" not in shown


def test_installing_again_changes_nothing(clone: Clone, capsys: pytest.CaptureFixture[str]) -> None:
    before = (clone.folder / ".gitattributes").read_text(), (clone.folder / ".git/config").read_text()
    capsys.readouterr()
    assert cli.run(["-C", str(clone.folder), "secrets", "install-git-drivers"]) == 0
    assert capsys.readouterr().out == "everything is installed already\n"
    assert before == ((clone.folder / ".gitattributes").read_text(), (clone.folder / ".git/config").read_text())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("*.secrets.yaml -merge\n", f"{SECRETS}\n"),
        ("*.secrets.yaml binary eol=lf\nx y\n", f"{SECRETS} eol=lf\nx y\n"),
        (f"{SECRETS}\n*.secrets.yaml -diff\n", f"{SECRETS}\n"),
        (f"{SECRETS}\n", f"{SECRETS}\n"),
    ],
)
def test_a_line_that_is_there_already_is_mended(before: str, after: str) -> None:
    assert drivers.attributes(f"{before}{LEDGERS}\n") == f"{after}{LEDGERS}\n"


def test_what_is_there_otherwise_stays() -> None:
    assert drivers.attributes("* text=auto").startswith("* text=auto\n\n# Ciphertext")
    assert drivers.attributes("* text=auto").endswith(f"\n{SECRETS}\n{LEDGERS}\n")
    assert drivers.attributes(f"{SECRETS}\n").endswith(f"\n{LEDGERS}\n")


def test_attributes_that_win_elsewhere_are_told(clone: Clone, capsys: pytest.CaptureFixture[str]) -> None:
    (clone.folder / ".git/info/attributes").write_text("*.secrets.yaml -merge\n")
    assert cli.run(["-C", str(clone.folder), "secrets", "install-git-drivers"]) == 1
    assert "merge=unset" in capsys.readouterr().err


def test_the_doctor_says_what_is_not_installed(clone: Clone, base: str, capsys: pytest.CaptureFixture[str]) -> None:
    def said() -> str:
        cli.run(["-C", str(clone.folder), "doctor", "--format", "json"])
        return capsys.readouterr().out

    clone.commit(base)
    assert re.search(r'"Git drivers for secrets",\s+"ok": true', said())
    clone.git("config", f"merge.{drivers.DRIVER}.driver", "/nowhere/terrace secrets merge-driver %O %A %B %P")
    assert "runs /nowhere/terrace, which is not there" in said()
    clone.git("config", "--unset", f"merge.{drivers.DRIVER}.driver")
    assert "install-git-drivers" in said()


def test_the_driver_runs_from_a_folder_below(clone: Clone, base: str, ada: Person) -> None:
    clone.branches(base, edited(base, ada, {"a": "two"}), edited(base, ada, {"db.user": "root"}))
    below = clone.folder / "environments/production"
    done = subprocess.run(
        ["git", "merge", "-q", "theirs"], cwd=below, env=clone.environ, capture_output=True, check=False
    )
    assert done.returncode == 0
    assert plain(clone.opened().values)["db"]["user"] == "root"


def ledger(**days: int) -> str:
    return ledgers.recorded("", {(name,): ledgers.Entry(DAY, DAY.replace(day=day)) for name, day in days.items()})


def test_ledgers_of_two_branches_merge_entry_by_entry(clone: Clone) -> None:
    path = PATH.replace(".secrets.", ".ledger.")
    base, ours, theirs = ledger(a=1, b=1), ledger(a=2, b=1, mine=3), ledger(a=1, yours=4)
    clone.branches({path: base}, {path: f"# kept\n{ours}"}, {path: theirs})
    clone.git("merge", "-q", "theirs")
    assert ledgers.read(clone.read(path)) == ledgers.read(ledger(a=2, mine=3, yours=4))
    assert clone.read(path).startswith("# kept\n")


def test_ledgers_that_began_on_two_branches_merge(clone: Clone) -> None:
    path = PATH.replace(".secrets.", ".ledger.")
    clone.branches({"x": "1"}, {path: ledger(a=1)}, {path: ledger(b=2)})
    clone.git("merge", "-q", "theirs")
    assert ledgers.read(clone.read(path)) == ledgers.read(ledger(a=1, b=2))


def test_an_entry_of_a_ledger_that_both_sides_changed_is_a_conflict_with_marks(clone: Clone) -> None:
    path = PATH.replace(".secrets.", ".ledger.")
    clone.branches({path: ledger(a=1, b=1)}, {path: ledger(a=2, b=1)}, {path: ledger(a=3, b=1)})
    done = clone.attempt("merge", "theirs")
    assert done.returncode == 1
    assert "both sides changed the entry of a\n" in done.stderr
    assert re.search(r"<<<<<<< ours\n.*02\"\n=======\n.*03\"\n>>>>>>> theirs\n", clone.read(path))


@pytest.mark.parametrize("file", [".gitattributes", "scripts/terrace/starter/files/dot-gitattributes"])
def test_the_attributes_of_new_repositories_need_no_change(file: str) -> None:
    text = (Path(__file__).parents[2] / file).read_text()
    assert drivers.attributes(text) == text
