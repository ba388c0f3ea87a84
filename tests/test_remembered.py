"""A process that builds again and again comes to what a fresh one would: findings, bundles, every byte."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from terrace import load, pipeline, schemas
from terrace.errors import TerraceError
from terrace.pipeline import Built
from terrace.pipeline import built as building
from terrace.remembered import Remembered
from terrace.server.turning.commits import Commits
from terrace.server.turning.edits import Edits
from terrace.source import content
from terrace.validate.run import Verdict
from tests.soak import rounds

ROOT = Path(__file__).parents[1]
PARTS = ("environments", "tenants", "schemas", "pyproject.toml", "recipients.yaml", ".sops.yaml")
WHO = ("-c", "user.name=Example", "-c", "user.email=example@harbourkitchen.com", "-c", "commit.gpgsign=false")
SETTLED = 0.02
"""Seconds after which a file's times are trusted here."""

Edit = Callable[[Path, random.Random], None]


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "_RACY_NS", int(SETTLED * 1e9))


class Follower:
    """A repository, and what a process that follows it remembers."""

    def __init__(self, folder: Path, *, branch: bool) -> None:
        self.repo = folder / "repo"
        self.repo.mkdir()
        for name in PARTS:
            source = ROOT / name
            (shutil.copytree if source.is_dir() else shutil.copyfile)(source, self.repo / name)
        self.git("init", "--quiet", "-b", "main")
        self.commit()
        self.followed: Edits | Commits = Commits(self.repo, "refs/heads/main") if branch else Edits(self.repo)
        self.remembered = Remembered()
        self.output = folder / "output"
        self._fresh = folder / "fresh"
        self.day = datetime.now(UTC).date()

    def git(self, *arguments: str) -> None:
        subprocess.run(["git", *WHO, *arguments], cwd=self.repo, check=True)

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "Edited")

    def again(self, environments: tuple[str, ...]) -> Any:
        """What the process comes to that remembers; it forgets where that is an error, as it does when it follows."""
        state = self.followed.state()
        source, at = self.followed.source(state, self.remembered.names), self.followed.at(state)
        day = pipeline.day_of(source, at) if at else self.day
        try:
            built = pipeline.build_source(
                source, self.output, environments, at=at, today=day, remembered=self.remembered
            )
        except TerraceError as error:
            self.remembered = Remembered()
            shutil.rmtree(self.output, ignore_errors=True)
            return type(error)
        return [_plain(each, self.output) for each in built]

    def fresh(self, environments: tuple[str, ...]) -> Any:
        """What a build comes to that knows nothing."""
        shutil.rmtree(self._fresh, ignore_errors=True)
        at = self.followed.at(self.followed.state())
        try:
            built = pipeline.build(self.repo, self._fresh, environments, at=at, today=None if at else self.day)
        except TerraceError as error:
            return type(error)
        return [_plain(each, self._fresh) for each in built]


def _plain(built: Built, output: Path) -> Any:
    """All there is of a build that can be compared, and every byte of its bundles."""
    report, folder = built.report, output / built.environment.name
    found = report and (report.findings, report.suppressed, report.targets, report.files)
    bundles = [(each.ref, each.targets, each.configs) for each in built.bundles]
    folders = [folder / each.ref.service for each in built.bundles]
    files = {str(path.relative_to(output)): path.read_bytes() for each in folders for path in each.iterdir()}
    index = (folder / "index.json").read_bytes() if folders else b""
    return built.environment.name, built.problem, built.origin.dirty, found, bundles, files, index


def _yaml(repo: Path, lucky: random.Random, below: str = ".") -> Path:
    files = [path for path in (repo / below).rglob("*.yaml") if not path.is_symlink() and ".git" not in path.parts]
    return lucky.choice(sorted(files) or [repo / "recipients.yaml"])


def _tenant(repo: Path, lucky: random.Random) -> Path:
    return lucky.choice(sorted(path.parent for path in (repo / "tenants").rglob("tenant.yaml")) or [repo / "tenants/x"])


def _environment(repo: Path, lucky: random.Random) -> Path:
    return lucky.choice(sorted(path.parent for path in (repo / "environments").glob("*/environment.yaml")))


def _copy(source: Path, place: Path) -> None:
    if source != place and source.is_dir():
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(source, place, symlinks=True)


def number(repo: Path, lucky: random.Random) -> None:
    """Another number in some file; one that the contract may not allow."""
    file = _yaml(repo, lucky, lucky.choice([".", "tenants", "environments"]))
    places = list(re.finditer(r"(?<=: )\d+$", file.read_text(), re.MULTILINE))
    if places:
        place = lucky.choice(places)
        text = file.read_text()
        file.write_text(f"{text[: place.start()]}{lucky.choice([1, 7, 12, 90_000])}{text[place.end() :]}")


def lose_a_line(repo: Path, lucky: random.Random) -> None:
    file = _yaml(repo, lucky)
    lines = file.read_text().splitlines(keepends=True)
    first = lucky.randrange(len(lines)) if lines else 0
    file.write_text("".join([*lines[:first], *lines[first + 1 :]]))


def break_a_file(repo: Path, lucky: random.Random) -> None:
    with _yaml(repo, lucky).open("a") as file:
        file.write("\n\t[unreadable")


def mend(repo: Path, lucky: random.Random) -> None:
    subprocess.run(["git", "checkout", "--quiet", "HEAD", "--", "."], cwd=repo, check=True)
    if lucky.random() < 0.5:
        subprocess.run(["git", "clean", "--quiet", "-fd"], cwd=repo, check=True)


def copy_a_file(repo: Path, lucky: random.Random) -> None:
    """A layer, a secrets file or a descriptor where another one of its name was, or none."""
    file = _yaml(repo, lucky)
    folder = lucky.choice([_yaml(repo, lucky).parent, _tenant(repo, lucky) / lucky.choice(["staging", "development"])])
    folder.mkdir(parents=True, exist_ok=True)
    data = file.read_bytes()
    (folder / file.name).unlink(missing_ok=True)
    (folder / file.name).write_bytes(data)


def suppress(repo: Path, lucky: random.Random) -> None:
    file = _yaml(repo, lucky)
    code, until = (
        lucky.choice(["LEAK010", "SCH001", "TEN001"]),
        lucky.choice(["", " until=2020-01-01", " until=2099-01-01"]),
    )
    file.write_text(f"# terrace: ignore[{code}]{until} for a while\n{file.read_text()}")


def add_a_tenant(repo: Path, lucky: random.Random) -> None:
    place = lucky.choice(["tenants/newcomer", "tenants/nordics/newcomer", "tenants/emea/second"])
    _copy(_tenant(repo, lucky), repo / place)


def remove_a_tenant(repo: Path, lucky: random.Random) -> None:
    shutil.rmtree(_tenant(repo, lucky), ignore_errors=True)


def join_a_group(repo: Path, lucky: random.Random) -> None:
    name = lucky.choice(["starter", "enterprise", "gold"])
    group = repo / "tenants/_groups" / name
    if name == "gold" and not group.is_dir():
        _copy(repo / "tenants/_groups/enterprise", group)
    file = _tenant(repo, lucky) / "tenant.yaml"
    if not file.is_file():
        return
    file.write_text(re.sub(r"^groups: .*$", f"groups: [{name}]", file.read_text(), flags=re.MULTILINE))


def add_an_environment(repo: Path, lucky: random.Random) -> None:
    _copy(_environment(repo, lucky), repo / "environments/sandbox")


def remove_an_environment(repo: Path, lucky: random.Random) -> None:
    shutil.rmtree(repo / "environments" / lucky.choice(["sandbox", "production-eu", "test"]), ignore_errors=True)


def extend(repo: Path, lucky: random.Random) -> None:
    file = _environment(repo, lucky) / "environment.yaml"
    rest = "".join(line for line in file.read_text().splitlines(keepends=True) if not line.startswith("extends:"))
    file.write_text(f"{rest}extends: {lucky.choice(['staging', 'development', 'nowhere'])}\n")


def change_a_contract(repo: Path, lucky: random.Random) -> None:
    """Another limit, or another rule across fields, with its schema made anew or left as it was."""
    file = repo / "schemas/backend.py"
    text = file.read_text()
    if lucky.random() < 0.5:
        limits = list(re.finditer(r"(?<=le=)\d+", text))
        limit = lucky.choice(limits)
        file.write_text(f"{text[: limit.start()]}{lucky.choice([5, 50, 200])}{text[limit.end() :]}")
    else:
        place = lucky.choice(list(re.finditer(r"raise ValueError\(", text)))
        file.write_text(f"{text[: place.start()]}raise ValueError('anew: ' + {text[place.end() :]}")
    if lucky.random() < 0.7:
        schemas.write(repo, check=False)


def link_a_file(repo: Path, lucky: random.Random) -> None:
    file = _yaml(repo, lucky, "tenants")
    file.unlink()
    file.symlink_to(lucky.choice(["../../environments/staging/backend.yaml", "nowhere.yaml", "tenant.yaml"]))


EDITS: list[Edit] = [
    number, number, number, lose_a_line, break_a_file, mend, mend, copy_a_file, suppress, add_a_tenant, remove_a_tenant,
    join_a_group, add_an_environment, remove_an_environment, extend, change_a_contract, link_a_file,
]  # fmt: skip


@pytest.mark.soak
# A reading of Git's objects that was left in the middle ends when it is collected, and says so.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("seed", range(rounds(8)))
def test_after_any_edits_it_is_what_a_fresh_build_would_be(tmp_path: Path, seed: int) -> None:
    lucky = random.Random(seed)
    branch = seed % 3 == 0
    built = lucky.choice([("development",), ("development", "staging"), ()])
    steps = [lucky.choices(EDITS, k=lucky.randrange(3)) for _ in range(8)]
    follower = Follower(tmp_path, branch=branch)
    for edits in [[], *steps]:
        for edit in edits:
            edit(follower.repo, lucky)
        if branch or lucky.random() < 0.25:
            follower.commit()
        if lucky.random() < 0.15:
            follower.day += timedelta(days=400)
        time.sleep(SETTLED * 1.5)
        assert follower.again(built) == follower.fresh(built), [edit.__name__ for edit in edits]


def judged(follower: Follower, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The tenants that the process judges anew when it builds again."""
    found: set[str] = set()
    real = building.run

    def run(*arguments: Any, memory: Any, **options: Any) -> Any:
        keep = memory.keep

        def noting(verdict: Verdict) -> None:
            if verdict.folder not in memory._kept:
                found.add(load.name_of(verdict.folder))
            keep(verdict)

        memory.keep = noting
        return real(*arguments, memory=memory, **options)

    monkeypatch.setattr(building, "run", run)
    time.sleep(SETTLED * 1.5)
    assert isinstance(follower.again(("development",)), list)
    monkeypatch.undo()
    return found


def test_only_the_tenant_is_judged_that_an_edit_reaches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    follower = Follower(tmp_path, branch=False)
    everybody = judged(follower, monkeypatch)
    assert "bella-tavola" in everybody
    assert judged(follower, monkeypatch) == set()
    file = follower.repo / "tenants/bella-tavola/backend.yaml"
    before = file.read_text()
    file.write_text(f"{before}# edited\n")
    assert judged(follower, monkeypatch) == {"bella-tavola"}
    follower.commit()
    assert judged(follower, monkeypatch) == set(), "a commit of what was edited is no news"
    file.write_text(before)
    assert judged(follower, monkeypatch) == {"bella-tavola"}
    shutil.rmtree(follower.repo / "tenants/pho-corner")
    assert judged(follower, monkeypatch) == set()
    shared = follower.repo / "environments/staging/backend.yaml"
    shared.write_text(f"{shared.read_text()}# edited\n")
    assert judged(follower, monkeypatch) == everybody - {"pho-corner"}
    follower.day = date(2031, 1, 1)
    assert judged(follower, monkeypatch) == everybody - {"pho-corner"}


def test_what_is_judged_is_what_was_named(tmp_path: Path) -> None:
    follower = Follower(tmp_path, branch=False)
    time.sleep(SETTLED * 1.5)
    state = follower.followed.state()
    follower.followed.source(state, follower.remembered.names).entries("tenants")
    file = follower.repo / "tenants/bella-tavola/backend.yaml"
    source = follower.followed.source(state, follower.remembered.names)
    [entry] = [each for each in source.entries("tenants") if each.path.endswith("bella-tavola/backend.yaml")]
    file.write_text("notes: of another\n")
    with pytest.raises(TerraceError, match="changed while the repository was read"):
        list(source.read([entry]))


def test_a_contract_that_was_another_for_a_moment_is_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    follower = Follower(tmp_path, branch=False)
    everybody = judged(follower, monkeypatch)
    contract = follower.repo / "schemas/backend.py"
    text = contract.read_text()
    contract.write_text(f"{text}# another\n")
    contract.write_text(text)
    assert judged(follower, monkeypatch) == everybody


def test_slices_that_another_build_wrote_over_are_sealed_again(tmp_path: Path) -> None:
    follower = Follower(tmp_path, branch=False)
    file = follower.repo / "tenants/bella-tavola/backend.yaml"
    before = file.read_text()
    for text, built in (
        (before, ("staging",)),
        (before.replace("45", "30"), ("test", "staging")),
        (before, ("staging",)),
    ):
        file.write_text(text)
        time.sleep(SETTLED * 1.5)
        assert follower.again(built) == follower.fresh(built)


def test_findings_come_in_the_order_of_tenants_whoever_was_judged_now(tmp_path: Path) -> None:
    follower = Follower(tmp_path, branch=False)
    for name in ("bella-tavola", "metro-canteens", "blue-lantern"):
        file = follower.repo / f"tenants/{name}/backend.yaml"
        file.write_text(f"{file.read_text()}unheard_of: 1\n")
        time.sleep(SETTLED * 1.5)
        assert follower.again(("development",)) == follower.fresh(("development",))
