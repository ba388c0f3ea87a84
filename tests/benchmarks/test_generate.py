"""The repositories that the benchmarks measure: always the same, of the promised size, and valid."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

ROOT = Path(__file__).parents[2]
Configs = dict[str, dict[str, dict[str, Any]]]
"""Configurations by tenant and environment."""


def run(module: str, *arguments: str) -> str:
    """What `python -m benchmarks.<module>` prints."""
    environment = {**os.environ, "PYTHONHASHSEED": "random"}
    command = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def differing(some: dict[str, bytes], others: dict[str, bytes]) -> list[str]:
    """Paths only: a diff of all contents would take longer to print than to read."""
    return sorted(path for path in some.keys() | others.keys() if some.get(path) != others.get(path))


def leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}/{key}")
    else:
        yield path, value


def read(path: Path) -> dict[str, Any]:
    values = yaml.load(path.read_bytes(), yaml.CSafeLoader)
    assert isinstance(values, dict)
    return values


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated") / "three"
    run("generate", str(folder), "--tenants", "3")
    return folder


@pytest.fixture(scope="module")
def configs(repository: Path) -> Configs:
    found = json.loads(run("reference", str(repository)))
    assert isinstance(found, dict)
    return found


def test_the_same_number_of_tenants_gives_the_same_bytes(repository: Path, tmp_path: Path) -> None:
    run("generate", str(tmp_path / "again"), "--tenants", "3")
    assert differing(files(repository), files(tmp_path / "again")) == []


def test_a_tenants_files_do_not_depend_on_how_many_others_there_are(repository: Path, tmp_path: Path) -> None:
    run("generate", str(tmp_path / "four"), "--tenants", "4")
    more = files(tmp_path / "four")
    few = {path: content for path, content in files(repository).items() if path != "pyproject.toml"}
    assert differing(few, {path: more.get(path, b"") for path in few}) == []
    assert len(more) == len(few) + 1 + 5


@pytest.mark.parametrize(("pattern", "count", "size"), [
    ("environments/base/app.yaml", 1, 163),
    ("environments/[dsp]*/app.yaml", 3, 40),
    ("tenants/*/app.yaml", 3, 25),
    ("tenants/*/*/app.yaml", 9, 10),
])  # fmt: skip
def test_each_layer_has_its_number_of_leaves(repository: Path, pattern: str, count: int, size: int) -> None:
    layers = sorted(repository.glob(pattern))
    assert len(layers) == count
    assert {len(list(leaves(read(path)))) for path in layers} == {size}


def test_every_configuration_has_163_leaves_in_13_sections(configs: Configs) -> None:
    assert len(configs) == 3
    for environments in configs.values():
        assert set(environments) == {"development", "staging", "production"}
        for config in environments.values():
            assert len(config) == 13
            assert len(list(leaves(config))) == 163


def test_every_configuration_is_valid(repository: Path, configs: Configs) -> None:
    generated = repository / "schemas/generated/app.schema.json"
    check = jsonschema_rs.validator_for(json.loads(generated.read_text()))
    for environments in configs.values():
        for config in environments.values():
            assert [error.message for error in check.iter_errors(config)] == []


def test_the_schema_is_not_one_that_accepts_everything(repository: Path, configs: Configs) -> None:
    check = jsonschema_rs.validator_for(json.loads((repository / "schemas/generated/app.schema.json").read_text()))
    config = configs["bistro-00001"]["production"]
    assert not check.is_valid({**config, "server": {**config["server"], "port": 0}})
    assert not check.is_valid({**config, "sever": {}})
    assert not check.is_valid({key: value for key, value in config.items() if key != "server"})


def test_every_layer_is_valid_alone(repository: Path) -> None:
    check = jsonschema_rs.validator_for(json.loads((repository / "schemas/generated/app.layer.json").read_text()))
    for path in repository.rglob("app.yaml"):
        assert [error.message for error in check.iter_errors(read(path))] == [], path
    assert check.is_valid({"server": {"port": None}, "cache": None})
    assert not check.is_valid({"server": {"port": "high"}})


def test_the_contracts_cross_field_rule_holds(configs: Configs) -> None:
    pools = [config["database"]["pool"] for environments in configs.values() for config in environments.values()]
    assert all(pool["min_size"] <= pool["max_size"] for pool in pools)


def test_no_overlay_sets_what_it_inherits(repository: Path, configs: Configs) -> None:
    base = dict(leaves(read(repository / "environments/base/app.yaml")))
    for name in ("development", "staging", "production"):
        environment = dict(leaves(read(repository / f"environments/{name}/app.yaml")))
        assert [path for path in environment if environment[path] == base[path]] == []
        inherited = {**base, **environment}
        for tenant in configs:
            shared = dict(leaves(read(repository / f"tenants/{tenant}/app.yaml")))
            own = dict(leaves(read(repository / f"tenants/{tenant}/{name}/app.yaml")))
            assert [path for path in shared if shared[path] == inherited[path]] == []
            below = {**inherited, **shared}
            assert [path for path in own if own[path] == below[path]] == []


def test_production_shares_no_distinctive_value_with_the_others(repository: Path) -> None:
    text = "".join(path.read_text() for path in repository.rglob("production/app.yaml"))
    for word in ("development", "staging", "localhost", "example.", "127.0.0.1", "http://", "debug", "latest"):
        assert word not in text


def test_a_commit_leaves_a_clean_tree(tmp_path: Path) -> None:
    run("generate", str(tmp_path / "one"), "--tenants", "1", "--git")
    status = subprocess.run(
        ["git", "-C", str(tmp_path / "one"), "status", "--porcelain"], check=True, capture_output=True, text=True
    )
    assert status.stdout == ""


def test_the_reference_names_the_place_that_differs(repository: Path, configs: Configs, tmp_path: Path) -> None:
    for tenant, environments in configs.items():
        (tmp_path / f"{tenant}.json").write_text(json.dumps(environments))
    assert "9 configurations are equal" in run("reference", str(repository), "--compare", str(tmp_path))
    wrong = json.loads(json.dumps(configs["bistro-00002"]))
    wrong["staging"]["server"]["port"] = 1
    (tmp_path / "bistro-00002.json").write_text(json.dumps(wrong))
    with pytest.raises(subprocess.CalledProcessError) as failed:
        run("reference", str(repository), "--compare", str(tmp_path))
    assert "/bistro-00002/staging/server/port: 1 where 8080 is right" in failed.value.stdout
