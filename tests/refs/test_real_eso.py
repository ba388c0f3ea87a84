"""Manifests suit the resource definition that the External Secrets Operator itself publishes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from terrace.model.reference import Reference, parse
from terrace.refs.eso import manifest
from tests import golang
from tests.refs.test_eso import closed

pytestmark = pytest.mark.real
MODULE = "github.com/external-secrets/external-secrets"
VERSION = "v1.3.2"
FILE = "externalsecrets.yaml"


def definition() -> dict[str, Any]:
    """The schema of version v1, as the operator's Go module brings it."""

    def fetch(go: str, folder: Path) -> None:
        command = [go, "mod", "download", "-json", f"{MODULE}@{VERSION}"]
        environ = {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod"}
        said = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=True).stdout
        crd = Path(json.loads(said)["Dir"]) / "config/crds/bases/external-secrets.io_externalsecrets.yaml"
        shutil.copyfile(crd, folder / FILE)

    text = (golang.built(f"external-secrets-{VERSION}", fetch) / FILE).read_text("utf-8")
    versions = {each["name"]: each for each in yaml.safe_load(text)["spec"]["versions"]}
    found: dict[str, Any] = closed(versions["v1"]["schema"]["openAPIV3Schema"])
    return found


def test_every_form_of_reference_is_a_manifest_that_the_operator_takes() -> None:
    texts = {
        ("database", "password"): "ref+vault://secret/data/db?version=3#/password",
        ("a b", "c"): "ref+vault://secret/data/db#/a/b.c",
        ("aws", "id"): "ref+awssecrets://db?region=eu-west-1&version_id=0a1b#/password",
        ("aws", "stage"): "ref+awssecrets://db?version_stage=AWSPREVIOUS",
        ("ssm",): "ref+awsssm://production/db?version=2",
        ("single",): "ref+awsssm://production/db?mode=singleparam#/a",
    }
    references = {pointer: parse(text) for pointer, text in texts.items()}
    good = {pointer: each for pointer, each in references.items() if isinstance(each, Reference)}
    assert len(good) == len(texts)
    schema = definition()
    for options in ({}, {"namespace": "shop", "kind": "ClusterSecretStore", "refresh": "30m"}):
        made = yaml.safe_load(manifest("shop-acme", good, **options))
        jsonschema.validate(made, schema)
    made["spec"]["data"][0]["remoteRef"]["propertyy"] = "x"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(made, schema)
