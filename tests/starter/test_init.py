"""`terrace init`: what it starts passes its own checks at once, and what it refuses it leaves as it was."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from terrace import __version__
from terrace.starter import FILES

ROOT = Path(__file__).parents[2]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def commit(folder: Path) -> None:
    """Commit all that is in `folder`."""
    who = ("-c", "user.name=Test", "-c", "user.email=test@harbourkitchen.com")
    subprocess.run(["git", "add", "-A"], cwd=folder, check=True)
    subprocess.run(["git", *who, "commit", "-qm", "Start"], cwd=folder, check=True)


def content(folder: Path) -> list[str]:
    """Every path in `folder`."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.fixture(scope="session")
def started(terrace: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository as it was started, of a service with a name that no Python module could have."""
    folder = tmp_path_factory.mktemp("started")
    result = terrace("init", "shop", "--service", "order-desk", cwd=folder)
    assert (result.returncode, result.stderr) == (0, "")
    return folder / "shop"


@pytest.fixture
def repository(started: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    return Path(shutil.copytree(started, tmp_path / "shop"))


def test_the_wheel_holds_every_file_of_the_starter_and_says_that_it_is_typed(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    files = [path for path in FILES.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert {f"terrace/starter/files/{path.relative_to(FILES)}" for path in files} <= names
    assert "terrace/py.typed" in names


@pytest.mark.parametrize("command", [("validate", "--fail-on", "info"), ("schemas", "--check"), ("build", "--all")])
def test_a_new_repository_passes_its_own_checks(repository: Path, terrace: Run, command: tuple[str, ...]) -> None:
    commit(repository)
    result = terrace(*command, cwd=repository)
    assert (result.returncode, result.stderr) == (0, ""), result.stdout


def test_a_new_repository_has_nothing_to_be_told(repository: Path, terrace: Run) -> None:
    assert terrace("validate", cwd=repository).stdout == "All clear: 2 targets checked, no findings.\n"


def test_both_environments_are_there_to_be_shown(repository: Path, terrace: Run) -> None:
    hosts = {
        environment: terrace("show", "order-desk", "--env", environment, cwd=repository).stdout
        for environment in ("development", "production")
    }
    assert "host: localhost" in hosts["development"]
    assert "host: order-desk-db.internal" in hosts["production"]


def test_production_is_built_from_the_first_commit_and_not_before(repository: Path, terrace: Run) -> None:
    assert terrace("build", "--env", "production", cwd=repository).returncode == 1
    commit(repository)
    assert terrace("build", "--env", "production", cwd=repository).returncode == 0


def test_a_development_value_in_production_is_found(repository: Path, terrace: Run) -> None:
    file = repository / "environments/production/order-desk.yaml"
    file.write_text(file.read_text().replace("order-desk-db.internal", "localhost"))
    result = terrace("validate", cwd=repository)
    assert result.returncode == 1
    assert "LEAK" in result.stdout


@pytest.mark.parametrize(
    "command",
    [
        "yamllint --strict .",
        "zizmor --offline --quiet --pedantic .github",
        "check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/check.yml",
        "check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/secrets.yml",
        "check-jsonschema --builtin-schema custom.github-workflows-require-timeout .github/workflows/check.yml",
        "check-jsonschema --builtin-schema custom.github-workflows-require-timeout .github/workflows/secrets.yml",
        "pre-commit validate-config",
        "ruff check --isolated --line-length 120 .",
        "ruff format --isolated --line-length 120 --check .",
    ],
)
def test_other_tools_find_nothing(repository: Path, tool: Run, command: str) -> None:
    result = tool(*command.split(), cwd=repository)
    assert result.returncode == 0, result.stdout + result.stderr


def test_no_placeholder_is_left(repository: Path) -> None:
    texts = [path for path in repository.rglob("*") if path.is_file() and ".git" not in path.parts]
    words = re.compile(r"__(?!future__|pycache__)[a-z]+__|dot-")
    assert [str(path) for path in texts if words.search(path.name + path.read_text())] == []


def test_a_release_is_depended_on_by_its_version(repository: Path) -> None:
    pyproject = tomllib.loads((repository / "pyproject.toml").read_text())
    assert pyproject["project"]["dependencies"] == [f"terrace-config~={__version__}"]
    assert "sources" not in pyproject["tool"]["uv"]
    assert not (repository / "wheels").exists()


def test_a_wheel_is_kept_and_depended_on(terrace: Run, wheel: Path, tmp_path: Path) -> None:
    assert terrace("init", "shop", "--wheel", wheel, cwd=tmp_path).returncode == 0
    pyproject = tomllib.loads((tmp_path / "shop/pyproject.toml").read_text())
    assert pyproject["project"]["dependencies"] == ["terrace-config"]
    kept = tmp_path / "shop" / pyproject["tool"]["uv"]["sources"]["terrace-config"]["path"]
    assert kept.read_bytes() == wheel.read_bytes()


def test_a_checkout_asks_for_a_wheel_and_writes_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "terrace", "init", "shop"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 3
    assert "uv build --wheel" in result.stderr
    assert content(tmp_path) == []


def test_a_folder_that_is_not_empty_is_refused_by_what_is_in_the_way(terrace: Run, tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt", "c.txt", "d.txt"):
        (tmp_path / name).touch()
    before = content(tmp_path)
    result = terrace("init", ".", cwd=tmp_path)
    assert result.returncode == 3
    assert "a.txt, b.txt, c.txt and 1 more would be in the way" in result.stderr
    assert content(tmp_path) == before


def test_a_file_in_the_place_of_the_folder_is_refused(terrace: Run, tmp_path: Path) -> None:
    (tmp_path / "shop").touch()
    result = terrace("init", "shop", cwd=tmp_path)
    assert result.returncode == 3
    assert "shop is there, and is not a folder" in result.stderr


@pytest.mark.parametrize("folder", ["shop", "new/and/deep", "there"])
def test_nothing_is_left_of_what_could_not_be_finished(terrace: Run, tmp_path: Path, folder: str) -> None:
    (tmp_path / "there").mkdir()
    result = terrace("init", folder, PATH="", cwd=tmp_path)
    assert result.returncode == 3
    assert "Git is not installed" in result.stderr
    assert content(tmp_path) == ["there"]


def test_without_git_it_starts_where_git_is_not(terrace: Run, tmp_path: Path) -> None:
    assert terrace("init", "shop", "--no-git", PATH="", cwd=tmp_path).returncode == 0
    assert not (tmp_path / "shop/.git").exists()


def test_git_is_begun_and_nothing_is_committed(repository: Path) -> None:
    command = ["git", "status", "--porcelain=v2", "--branch"]
    status = subprocess.run(command, cwd=repository, check=True, capture_output=True, text=True).stdout
    assert status.startswith("# branch.oid (initial)\n# branch.head main\n")


def test_a_new_clone_of_an_empty_repository_stays_that_clone(terrace: Run, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", "-b", "trunk", "shop"], cwd=tmp_path, check=True)
    assert terrace("init", "shop", cwd=tmp_path).returncode == 0
    assert (tmp_path / "shop/.git/HEAD").read_text() == "ref: refs/heads/trunk\n"


def test_a_part_of_a_bigger_repository_begins_no_other(terrace: Run, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    result = terrace("init", "config", cwd=tmp_path)
    assert not (tmp_path / "config/.git").exists()
    assert "move .github/ to the top of that one" in result.stdout


@pytest.mark.parametrize("service", ["Orders", "_orders", "orders/desk", "base", "shared", ""])
def test_a_name_that_no_service_can_have_is_wrong_use(terrace: Run, tmp_path: Path, service: str) -> None:
    result = terrace("init", "shop", f"--service={service}", cwd=tmp_path)
    assert result.returncode == 2
    assert content(tmp_path) == []


@pytest.mark.parametrize("name", ["nothing.whl", "requests-2.0-py3-none-any.whl"])
def test_what_is_no_wheel_of_the_package_is_wrong_use(terrace: Run, tmp_path: Path, name: str) -> None:
    (tmp_path / "requests-2.0-py3-none-any.whl").touch()
    result = terrace("init", "shop", "--wheel", name, cwd=tmp_path)
    assert result.returncode == 2
    assert not (tmp_path / "shop").exists()


def test_it_says_what_to_do_next(terrace: Run, tmp_path: Path) -> None:
    said = terrace("init", "shop", cwd=tmp_path).stdout
    commands = re.findall(r"^  (\S.*?)(?:  |$)", said, re.M)
    assert [command.split()[0] for command in commands] == ["cd", "uv", "uv", "git", "uv"]


def test_secrets_are_rotated_in_every_environment_of_a_new_repository(repository: Path) -> None:
    workflow = (repository / ".github/workflows/secrets.yml").read_text()
    listed = re.search(r"environment: \[(.*)\]", workflow)
    assert listed
    there = {path.parent.name for path in (repository / "environments").glob("*/environment.yaml")}
    assert set(listed[1].split(", ")) == there


@pytest.mark.parametrize("name", ["check.yml", "secrets.yml"])
def test_the_workflow_uses_what_this_repository_s_own_use(name: str) -> None:
    """So that whoever brings the one up to date hears of the other."""
    ours = "".join(path.read_text() for path in ROOT.glob(".github/workflows/*.yml"))
    new = (FILES / "dot-github/workflows" / name).read_text()
    assert [use for use in re.findall(r"uses: .*", new) if use not in ours] == []
    version = re.search(r"UV_VERSION := (\S+)", (ROOT / "Makefile").read_text())
    assert version
    assert f"uv=={version[1]}" in new
