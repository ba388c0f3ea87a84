"""A repository reads the same from a folder and from Git, and what is wrong with one file hides nothing of another."""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import date
from pathlib import Path

import pytest

from terrace import load, pipeline
from terrace.bundle.canonical import canonical
from terrace.errors import GitError, SourceError, TerraceError
from terrace.layering import Layering
from terrace.model.layers import LayerKind, Target
from terrace.source import Overlay, Source, WorkTree, open_source
from terrace.validate.run import check
from terrace.views import view
from terrace.yamlio import set_value

ROOT = Path(__file__).resolve().parent.parent
TODAY = date(2026, 6, 1)


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nobody's own configuration of Git, and no verdicts of other runs."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ada@harbourkitchen.com")


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """A copy of this repository's configuration: the living example."""
    folder = tmp_path / "example"
    for part in ("environments", "tenants", "schemas"):
        # What a developer set for this machine alone is not part of it.
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("*.local.yaml", "__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def commit(folder: Path, message: str = "Change", when: str = "2026-03-01T12:00:00Z") -> str:
    """Commit everything in `folder`, and say which commit that is."""
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    dates = {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
    git(folder, "commit", "--quiet", "--message", message, **dates)
    return git(folder, "rev-parse", "HEAD")


def git(folder: Path, *arguments: str, **variables: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    ended = subprocess.run(command, env={**os.environ, **variables}, capture_output=True, check=True, text=True)
    return ended.stdout.strip()


def configs(source: Source) -> dict[Target, bytes]:
    """The effective config of every target."""
    repository = load.load(source)
    layering = Layering(repository)
    return {
        target: canonical(layering.effective(target, tenant).values)
        for tenant in (None, *repository.tenants.values())
        for target in layering.targets(tenant)
    }


def set_level(folder: Path, level: str) -> None:
    """Edit one value of the living example."""
    file = folder / "environments" / "test" / "backend.yaml"
    document = load.load(open_source(folder)).files.documents["environments/test/backend.yaml"]
    file.write_text(set_value(document, ("observability", "log_level"), level))


def level(folder: Path, at: str | None = None) -> object:
    return view(folder, "backend", "test", at=at).config.values["observability"]["log_level"]


def test_a_revision_gives_the_same_configs_as_the_work_tree(example: Path) -> None:
    commit(example)
    here, there = configs(open_source(example)), configs(open_source(example, "HEAD"))
    assert len(here) > 40
    assert here == there


def test_a_revision_gives_the_same_findings_as_the_work_tree(example: Path) -> None:
    (example / "environments" / "test" / "worker.yaml").write_text("jobs:\n  concurency: 4\n")
    commit(example)
    here, there = check(open_source(example), today=TODAY), check(open_source(example, "HEAD"), today=TODAY)
    assert "SCH001" in {item.finding.code for item in here}
    assert [(item.finding.order, item.targets) for item in here] == [
        (item.finding.order, item.targets) for item in there
    ]


def test_a_folder_outside_of_git_is_read_as_it_is(example: Path) -> None:
    assert not (example / ".git").exists()
    set_level(example, "error")
    assert level(example) == "error"
    with pytest.raises(SourceError, match="not in a Git repository"):
        level(example, at="HEAD")


def test_every_way_to_name_a_revision(example: Path) -> None:
    set_level(example, "info")
    first = commit(example, when="2026-01-10T12:00:00Z")
    git(example, "tag", "v1.2.0")
    set_level(example, "warning")
    second = commit(example, when="2026-02-10T12:00:00Z")
    git(example, "branch", "release")
    set_level(example, "error")
    commit(example, when="2026-03-10T12:00:00Z")
    named = {
        "info": [first, first[:10], "v1.2.0", "HEAD~2", "main~2", "2026-01-10", "2026-02-09", "2026-02-10T11:59:59Z"],
        "warning": [second, "HEAD^", "release", "2026-02-10", "2026-03-09", "2026-02-10T13:00+01:00"],
        "error": ["HEAD", "main", "2026-03-10", "2030-01-01"],
    }
    assert {at: level(example, at) for ats in named.values() for at in ats} == {
        at: said for said, ats in named.items() for at in ats
    }
    for nowhere in ("v9", "main~7", "2025-12-31", ""):
        with pytest.raises(GitError):
            level(example, nowhere)


def test_what_is_not_committed_is_seen_in_the_work_tree_only(example: Path) -> None:
    set_level(example, "info")
    commit(example)
    set_level(example, "error")
    assert (level(example), level(example, "HEAD")) == ("error", "info")
    before = git(example, "status", "--porcelain")
    pipeline.validate(example, at="HEAD")
    assert git(example, "status", "--porcelain") == before


def test_a_repository_in_a_subfolder_of_a_bigger_one(example: Path) -> None:
    (example.parent / "product").mkdir()
    inside = example.rename(example.parent / "product" / "config")
    commit(inside.parent)
    assert configs(open_source(inside, "HEAD")) == configs(open_source(inside))


def test_another_work_tree_of_the_repository(example: Path) -> None:
    commit(example)
    git(example, "worktree", "add", "--quiet", "../other", "HEAD")
    other = example.parent / "other"
    set_level(other, "error")
    assert (level(other), level(example)) == ("error", level(other, "HEAD"))


LOCAL = "observability:\n  log_level: error\n"


def test_a_local_file_is_the_strongest_layer_of_development(example: Path) -> None:
    (example / "environments" / "development" / "backend.local.yaml").write_text(LOCAL)
    for tenant in (None, "northline-burgers"):
        config = view(example, "backend", "development", tenant).config
        winner = config.winner(("observability", "log_level"))
        assert winner is not None
        assert (winner.layer.kind, winner.value) == (LayerKind.LOCAL, "error")


@pytest.mark.parametrize("environment", ["test", "staging", "production", "production-eu"])
def test_a_local_file_elsewhere_changes_nothing_and_is_found(example: Path, environment: str) -> None:
    before = configs(open_source(example))
    (example / "environments" / environment / "backend.local.yaml").write_text(LOCAL)
    assert configs(open_source(example)) == before
    found = check(open_source(example), today=TODAY)
    assert "ENV004" in {item.finding.code for item in found}


def test_a_local_file_is_not_in_a_revision(example: Path) -> None:
    (example / ".gitignore").write_text("*.local.yaml\n")
    commit(example)
    (example / "environments" / "development" / "backend.local.yaml").write_text(LOCAL)
    config = view(example, "backend", "development", at="HEAD").config
    assert LayerKind.LOCAL not in {layer.kind for layer in config.layers}


MISTAKES = {
    "environments/test/worker.yaml": "jobs:\n  concurency: 4\n",
    "tenants/bella-tavola/backend.yaml": "observabilty:\n  log_level: info\n",
    "tenants/nordics/smorrebrod-hus/backend.yaml": "email:\n  form_name: Smørrebrød Hus\n",
    "tenants/_groups/starter/backend.yaml": "rate_limit:\n  anonymus: 10\n",
}
BROKEN = {"unclosed": b"a: [1\n", "twice": b"a: 1\na: 2\n", "not UTF-8": b"a: \xff\n", "empty": b"", "a list": b"- 1\n"}


class Bytes(Overlay):
    """The files below, with one of them replaced by bytes that need not be text."""

    def __init__(self, below: Source, path: str, data: bytes) -> None:
        super().__init__(below, {path: ""})
        self._texts = {path: data}


def places(source: Source) -> set[tuple[str, str]]:
    return {(item.finding.code, item.finding.location.path) for item in check(source, today=TODAY)}


def test_one_bad_file_never_hides_the_findings_of_others(example: Path) -> None:
    for path, text in MISTAKES.items():
        (example / path).write_text(text)
    source = WorkTree(example)
    wanted = {("SCH001", path) for path in MISTAKES}
    assert wanted <= places(source)
    entries = [*source.entries("environments"), *source.entries("tenants")]
    every = [entry.path for entry in entries if entry.path.endswith(".yaml")]
    described = [path for path in every if path.endswith(("environment.yaml", "tenant.yaml"))]
    paths = [*described, *[path for path in every if path not in described][::3]]
    ways = list(BROKEN.values())
    for number, path in enumerate(paths):
        found = places(Bytes(source, path, ways[number % len(ways)]))
        assert any(code.startswith("SYN") and where == path for code, where in found), path
        assert {place for place in wanted if place[1] != path} <= found, path


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_every_kind_of_bad_file_is_one_finding_of_its_own(example: Path, data: bytes) -> None:
    before = places(WorkTree(example))
    path = "tenants/aurora-hotels/backend.yaml"
    new = places(Bytes(WorkTree(example), path, data)) - before
    assert {where for _, where in new} == {path}
    assert {code[:3] for code, _ in new} == {"SYN"}


def test_all_broken_files_are_named_at_once(example: Path) -> None:
    files = [path for path in (example / "environments").rglob("*.yaml") if "secrets" not in path.name]
    for file in files:
        file.write_text("a: [1\n")
    found = pipeline.validate(example, cached=False).findings
    named = [finding.location.path for finding in found if finding.code == "SYN004"]
    assert named == sorted(file.relative_to(example).as_posix() for file in files)


def test_a_folder_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(TerraceError, match="does not exist"):
        open_source(tmp_path / "nowhere")


def test_a_shared_file_answers_for_what_it_breaks_elsewhere(example: Path) -> None:
    (example / "environments/production/shared.yaml").write_text("database: {port: 5432}\n")
    named = ("environments/production/shared.yaml",)
    found = pipeline.validate(example, files=named, cached=False).findings
    assert "environments/production/worker.yaml" in {finding.location.path for finding in found}


def test_a_tenants_file_answers_for_that_tenant_only(example: Path) -> None:
    (example / "tenants/aurora-hotels/backend.yaml").write_text("servr: {}\n")
    (example / "tenants/blue-lantern/backend.yaml").write_text("servr: {}\n")
    found = pipeline.validate(example, files=("tenants/aurora-hotels/backend.yaml",), cached=False).findings
    assert {finding.location.path for finding in found} == {"tenants/aurora-hotels/backend.yaml"}


def test_a_tenants_secret_is_stronger_than_that_of_the_environment_below_it(example: Path) -> None:
    own = "tenants/noor-kitchen/production/backend.secrets.yaml"
    (example / own).parent.mkdir(exist_ok=True)
    shutil.copy(example / "environments/production-eu/backend.secrets.yaml", example / own)
    sealed = view(example, "backend", "production-eu", "noor-kitchen").sealed
    assert sealed["database", "password"].path == own
