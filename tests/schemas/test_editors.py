"""Editors' settings: every file finds its schema, and what somebody else wrote stays."""

from __future__ import annotations

import json
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path, PurePosixPath

import pytest

from terrace.schemas.editors import associations, settings

ROOT = Path(__file__).parents[2]


def test_every_editor_gets_the_same_globs(tmp_path: Path) -> None:
    files = settings(tmp_path, ["backend", "worker"])
    wanted = {f"./{schema}": globs for schema, globs in associations(["backend", "worker"]).items()}
    assert json.loads(files[".vscode/settings.json"])["yaml.schemas"] == wanted
    zed = json.loads(files[".zed/settings.json"])
    assert zed["lsp"]["yaml-language-server"]["settings"]["yaml"]["schemas"] == wanted
    helix = tomllib.loads(files[".helix/languages.toml"].decode())
    assert helix["language-server"]["yaml-language-server"]["config"]["yaml"]["schemas"] == wanted
    entries = ET.fromstring(files[".idea/jsonSchemas.xml"]).iter("SchemaInfo")
    jetbrains = {}
    for entry in entries:
        options = {option.get("name"): option.get("value") for option in entry.findall("option")}
        globs = [path.get("value") for path in entry.iter("option") if path.get("name") == "path"]
        jetbrains[f"./{options['relativePathToSchema']}"] = globs
    assert jetbrains == wanted


def test_every_yaml_file_of_the_example_has_exactly_one_schema() -> None:
    globs = associations(["backend", "worker"])
    files = [*ROOT.glob("environments/**/*.yaml"), *ROOT.glob("tenants/**/*.yaml")]
    assert len(files) > 40
    for file in files:
        path = PurePosixPath(file.relative_to(ROOT).as_posix())
        found = [
            schema for schema, patterns in globs.items() if any(file in set(ROOT.glob(pattern)) for pattern in patterns)
        ]
        assert len(found) == 1, path
        assert (ROOT / found[0]).is_file()


@pytest.mark.parametrize("folder", ["environments/production", "tenants/acme/production", "tenants/_x/acme/production"])
def test_a_proposal_has_the_schema_of_its_secrets_file(folder: str, tmp_path: Path) -> None:
    globs = associations(["backend", "worker"])
    for name, service in (("worker.proposed-mail-token-4f1c", "worker"), ("shared.proposed-a-1", "shared")):
        file = tmp_path / folder / f"{name}.secrets.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        found = [schema for schema, patterns in globs.items() if any(file in tmp_path.glob(each) for each in patterns)]
        assert found == [f"schemas/generated/{service}.secrets.json"]


def test_other_settings_of_the_project_are_kept(tmp_path: Path) -> None:
    theirs = {"editor.rulers": [120], "yaml.schemas": {"./ci.json": "ci.yaml", "./schemas/generated/gone.json": "x"}}
    (tmp_path / ".vscode").mkdir()
    (tmp_path / ".vscode/settings.json").write_text(json.dumps(theirs))
    written = json.loads(settings(tmp_path, ["app"])[".vscode/settings.json"])
    assert written["editor.rulers"] == [120]
    assert written["yaml.schemas"]["./ci.json"] == "ci.yaml"
    assert "./schemas/generated/gone.json" not in written["yaml.schemas"]
    assert "./schemas/generated/app.layer.json" in written["yaml.schemas"]


@pytest.mark.parametrize(
    ("path", "text"),
    [(".vscode/settings.json", "{ // ours\n}"), (".helix/languages.toml", 'theme = "x"\n')],
)
def test_a_file_that_a_rewrite_would_spoil_is_left_alone(tmp_path: Path, path: str, text: str) -> None:
    (tmp_path / path).parent.mkdir()
    (tmp_path / path).write_text(text)
    assert path not in settings(tmp_path, ["app"])
