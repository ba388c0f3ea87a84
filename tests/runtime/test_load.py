"""Loading: the right configuration, or one error that lists all that is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from terrace.audit import Log
from terrace.bundle import Facts
from terrace.bundle.packed import pack
from terrace.runtime import ConfigError, load
from tests.runtime.conftest import FILE, HOST, PASSWORD, World
from tests.runtime.kitchen import Kitchen
from tests.runtime.test_watch import until


def refused(world: World, **more: Any) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load(more.pop("model", Kitchen), environ={**world.environ, **more.pop("environ", {})}, **more)
    assert PASSWORD not in str(caught.value)
    assert PASSWORD not in repr(caught.value)
    return caught.value


def test_the_application_gets_its_own_typed_object(world: World) -> None:
    world.deploy({"pool_max": 20}, origins=["https://a.example"])
    config = load(Kitchen, environ=world.environ)
    assert isinstance(config, Kitchen)
    assert (config.database.host, config.database.pool_max, config.origins) == (HOST, 20, ["https://a.example"])


def test_secrets_are_opened_and_do_not_print(world: World) -> None:
    world.deploy()
    config = load(Kitchen, environ=world.environ)
    assert config.database.password.get_secret_value() == PASSWORD
    assert PASSWORD not in repr(config)


def test_nobody_changes_what_was_validated(world: World) -> None:
    world.deploy()
    with pytest.raises(ValidationError, match="frozen"):
        load(Kitchen, environ=world.environ).database.pool_max = 3


def test_a_model_that_could_be_changed_is_refused(world: World) -> None:
    class Loose(Kitchen):
        model_config = ConfigDict(frozen=False)

    world.deploy()
    assert "Loose is not frozen" in refused(world, model=Loose).message


def test_every_opening_is_in_the_audit_log_and_no_value(world: World) -> None:
    world.deploy()
    load(Kitchen, environ=world.environ, reason="start of pod 7")
    (record,) = Log(world.audit).read()
    assert (record.opening.file, record.opening.reason) == (FILE, "start of pod 7")
    assert record.opening.command.startswith("terrace.runtime in ")
    assert list(record.values) == ["database.password"]
    assert record.opening.commit
    assert not any(PASSWORD.encode() in path.read_bytes() for path in world.audit.iterdir())


def test_nothing_opens_where_the_record_cannot_be_written(world: World) -> None:
    world.deploy()
    world.audit.write_text("in the way")
    assert "audit log" in str(refused(world))


def test_the_environment_must_be_said(world: World) -> None:
    world.deploy()
    assert "no environment is named" in refused(world, environ={"TERRACE_ENV": ""}).message


def test_a_bundle_of_another_environment_is_refused(world: World) -> None:
    world.deploy()
    error = refused(world, environ={"TERRACE_ENV": "staging"})
    assert "TERRACE_ENV says 'staging'" in error.message
    assert "is a bundle of 'production'" in error.message


def test_production_with_a_developers_marker_is_refused(world: World) -> None:
    world.deploy()
    assert "CODESPACES" in refused(world, environ={"CODESPACES": "true"}).message


def test_a_bundle_of_another_service_is_refused(world: World) -> None:
    world.deploy()
    error = refused(world, source=world.service, service="worker")
    assert "is a bundle of kitchen, and worker is asked for" in error.message


def test_without_a_source_the_variable_is_named(world: World) -> None:
    assert "TERRACE_SOURCE" in refused(world, environ={"TERRACE_SOURCE": ""}).hint


def test_an_empty_source_lists_where_it_looked(world: World) -> None:
    error = refused(world)
    assert "there is no bundle of kitchen" in error.message
    assert str(world.root / "kitchen") in error.hint


@pytest.mark.parametrize("below", ["", "kitchen"])
def test_the_source_may_be_the_destination_or_the_service_in_it(world: World, below: str) -> None:
    world.deploy()
    load(Kitchen, environ=world.environ, source=world.root / below)


def test_the_source_may_be_a_folder_of_environments(world: World) -> None:
    world.root = world.folder / "live" / "production"
    world.deploy()
    load(Kitchen, environ=world.environ, source=world.folder / "live")


def test_the_source_may_be_a_bundle_by_itself(world: World) -> None:
    load(Kitchen, environ=world.environ, source=world.seal())


def test_the_source_may_be_a_packed_bundle_and_is_followed(world: World, tmp_path: Path) -> None:
    file = tmp_path / "kitchen.bundle.tar"
    pack(world.seal(), file)
    with world.watch(follow=True, source=file) as handle:
        assert handle.current.database.pool_max == 10
        pack(world.seal({"pool_max": 12}), file)
        until(lambda: handle.current.database.pool_max == 12, "the newer file")


def test_the_service_need_not_be_said_where_there_is_one(world: World) -> None:
    world.deploy()
    load(Kitchen, environ={**world.environ, "TERRACE_SERVICE": ""})


def test_everything_that_is_wrong_is_said_with_its_place(world: World) -> None:
    world.deploy({"pool_max": 900, "port": 0}, debug="maybe", tenants={"acme": {"pool_max": 700}})
    error = refused(world)
    said = {problem.path: problem.origin for problem in error.problems}
    assert said == {
        "database.pool_max": "environments/production/kitchen.yaml:5:3",
        "database.port": "environments/production/kitchen.yaml:3:3",
        "debug": "environments/production/kitchen.yaml:6:3",
    }
    assert error.message == "the configuration of kitchen in production is not right: 3 things are wrong"
    assert str(error).count("\n") == 6


def test_what_is_wrong_for_a_tenant_names_its_file(world: World) -> None:
    world.deploy(tenants={"acme": {"pool_max": 700}})
    with world.watch() as handle, pytest.raises(ConfigError) as caught:
        handle.for_tenant("acme")
    (problem,) = caught.value.problems
    assert problem.origin == "tenants/acme/kitchen.yaml:2:3"


def test_a_secret_that_is_too_short_names_its_file_and_not_itself(world: World) -> None:
    world.deploy(secrets={"database": {"password": "short1"}})
    (problem,) = refused(world).problems
    assert (problem.path, problem.origin) == ("database.password", FILE)
    assert "short1" not in str(problem)


def test_a_careless_validator_does_not_give_a_secret_away(world: World) -> None:
    world.deploy({"pool_min": 9, "pool_max": 3})
    (problem,) = refused(world).problems
    assert problem.message.endswith("a careless author says ********")


def test_without_a_key_the_file_is_named_and_nothing_else_is_complained_of(world: World) -> None:
    world.deploy()
    (problem,) = refused(world, environ={"SOPS_AGE_KEY_FILE": "/nonexistent"}).problems
    assert problem.path == FILE
    assert "no identity at hand" in problem.message


def test_secrets_that_do_not_open_hide_no_other_mistake(world: World) -> None:
    world.deploy({"pool_max": 900})
    error = refused(world, environ={"SOPS_AGE_KEY_FILE": "/nonexistent"})
    assert [problem.path for problem in error.problems] == [FILE, "database.pool_max"]


@pytest.mark.parametrize("name", ["config.json", "schema.json", "environment.json", "manifest.json"])
def test_a_changed_byte_is_refused(world: World, name: str) -> None:
    world.deploy()
    file = (world.service / name).resolve()
    file.chmod(0o644)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    error = refused(world)
    assert name in str(error) or "digest" in str(error)


def test_a_changed_secrets_file_is_refused(world: World) -> None:
    world.deploy()
    (file,) = [path.resolve() for path in world.service.glob("secrets.*")]
    file.chmod(0o644)
    file.write_bytes(file.read_bytes().replace(b"ENC[", b"ENC [", 1))
    assert "not what was sealed" in str(refused(world))


def test_a_newer_format_says_what_to_upgrade(world: World) -> None:
    world.deploy()
    file = (world.service / "manifest.json").resolve()
    file.chmod(0o644)
    file.write_text(json.dumps({**json.loads(file.read_text()), "format": 2}))
    assert "Upgrade terrace" in refused(world).hint


def test_a_secret_of_a_section_that_is_not_ours_is_left_alone(world: World) -> None:
    world.deploy(secrets={"database": {"password": PASSWORD}, "payments": {"key": "somebody else's"}})
    load(Kitchen, environ=world.environ)


def test_a_dedicated_service_must_know_whose_process_this_is(world: World) -> None:
    folder = world.seal()
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "tenancy": "dedicated"}))
    assert "TERRACE_TENANT" in refused(world, source=folder).hint
    load(Kitchen, environ={**world.environ, "TERRACE_TENANT": ""}, source=folder)


def test_a_reference_is_resolved_and_a_place_that_is_not_granted_is_refused(world: World) -> None:
    (world.folder / "token").write_text("from-a-file-4417")
    facts = Facts("production", protected=True, references=(f"file://{world.folder}/token",))
    world.deploy({"token": f"ref+file://{world.folder}/token"}, facts=facts)
    config = load(Kitchen, environ=world.environ)
    assert config.database.token is not None
    assert config.database.token.get_secret_value() == "from-a-file-4417"
    world.deploy({"token": f"ref+file://{world.folder}/keys.txt"}, facts=facts)
    (problem,) = refused(world).problems
    assert problem.path == "database.token"
    assert "may not name this place" in problem.message
    assert problem.origin.startswith("environments/production/kitchen.yaml:")


LIGHT = """
import sys
from terrace.runtime import load
from tests.runtime.kitchen import Kitchen
load(Kitchen)
heavy = {"git", "load", "layering", "cli", "validate", "source", "secrets", "pipeline", "deploy", "views"}
heavy = {f"terrace.{name}" for name in heavy} | {"jsonschema_rs", "asyncio", "subprocess", "watchfiles", "argparse"}
print(*sorted(heavy & set(sys.modules)))
"""


def test_loading_imports_no_git_no_command_line_and_no_rules(world: World) -> None:
    world.deploy()
    variables = {**world.environ, "PYTHONPATH": str(Path.cwd())}
    done = subprocess.run([sys.executable, "-c", LIGHT], env=variables, capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_the_process_that_has_no_contract_of_ours_may_load_too(world: World) -> None:
    class Mine(BaseModel):
        model_config = ConfigDict(frozen=True)
        debug: bool

    world.deploy(debug=True)
    assert load(Mine, environ=world.environ).debug is True
