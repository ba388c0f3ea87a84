"""The file of callers: what is not right in it is said, and what others could change is not read."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from terrace import cli
from terrace.errors import TerraceError
from terrace.server.caller_file import read
from tests.server.conftest import Shop

SCOPES = {"environments": ["production"], "services": ["*"], "tenants": ["acme"], "may": ["read"]}
RIGHT: dict[str, Any] = {
    "certificates": [{"name": "till", "san": "spiffe://shop.example/till", **SCOPES}],
    "oidc": [
        {
            "name": "ci",
            "issuer": "https://ci.shop.example",
            "audience": "terrace",
            "rules": [{"name": "deployer", "where": {"repository": "acme/shop"}, **SCOPES}],
        }
    ],
}


def file(folder: Path, said: object) -> Path:
    path = folder / "callers.yaml"
    path.write_text(json.dumps(said))
    path.chmod(0o644)
    return path


def test_a_file_that_is_right_is_read_and_paths_in_it_are_from_its_folder(tmp_path: Path) -> None:
    said = copy.deepcopy(RIGHT)
    said["oidc"][0].update(keys="keys/jwks.json", ca_file="ca.pem")
    found = read(file(tmp_path, said))
    assert found.certificates[0].san == ("spiffe://shop.example/till",)
    (issuer,) = found.oidc
    assert (issuer.audience, issuer.leeway, issuer.max_age) == (("terrace",), 30, 86400)
    assert issuer.algorithms == ("RS256", "PS256", "ES256", "EdDSA")
    assert (issuer.keys, issuer.ca_file) == (str(tmp_path / "keys/jwks.json"), str(tmp_path / "ca.pem"))


@pytest.mark.parametrize(
    ("place", "value", "says"),
    [
        ("certificates.0.san", [], "certificates.0.san"),
        ("certificates.0.san", "", "certificates.0.san"),
        ("certificates.0.tenants", [], "certificates.0.tenants"),
        ("certificates.0.tenants", "acme", "certificates.0.tenants"),
        ("certificates.0.may", ["fly"], "certificates.0.may.0"),
        ("certificates.0.mai", ["read"], "Extra inputs"),
        ("certificates.1", RIGHT["certificates"][0], "stands there twice"),
        ("oidc.1", RIGHT["oidc"][0], "issuer https://ci.shop.example stands there twice"),
        ("oidc.0.issuer", "http://ci.shop.example", "no https://"),
        ("oidc.0.issuer", "https://user:word@ci.shop.example", "no https://"),
        ("oidc.0.keys", "http://ci.shop.example/jwks", "no https://"),
        ("oidc.0.keys", "ftp://ci.shop.example/jwks", "no https://"),
        ("oidc.0.audience", [], "oidc.0.audience"),
        ("oidc.0.audience", "", "oidc.0.audience"),
        ("oidc.0.algorithms", ["HS256"], "oidc.0.algorithms.0"),
        ("oidc.0.algorithms", ["none"], "oidc.0.algorithms.0"),
        ("oidc.0.algorithms", [], "oidc.0.algorithms"),
        ("oidc.0.leeway", 3600, "oidc.0.leeway"),
        ("oidc.0.max_age", 0, "oidc.0.max_age"),
        ("oidc.0.rules", [], "oidc.0.rules"),
        ("oidc.0.rules.0.where", {}, "oidc.0.rules.0.where"),
        ("oidc.0.rules.0.where", {"repository": None}, "where.repository is"),
        ("oidc.0.rules.0.where", {"repository": []}, "where.repository is"),
        ("oidc.0.rules.0.where", {"repository": [[]]}, "where.repository is"),
        ("oidc.0.rules.0.where", {"realm": {}}, "where.realm is"),
        ("oidc.0.rules.0.where", {"realm": {"roles": 1.5}}, "where.roles is"),
        ("oidc.0.rules.0.tenants", {"claims": "tenant"}, "oidc.0.rules.0.tenants"),
    ],
)
def test_what_is_not_right_is_refused_and_its_place_named(tmp_path: Path, place: str, value: Any, says: str) -> None:
    said = copy.deepcopy(RIGHT)
    *way, last = place.split(".")
    inside: Any = said
    for step in way:
        inside = inside[int(step)] if isinstance(inside, list) else inside[step]
    if isinstance(inside, list):
        inside.insert(int(last), copy.deepcopy(value))
    else:
        inside[last] = value
    with pytest.raises(TerraceError) as caught:
        read(file(tmp_path, said))
    assert says in caught.value.message
    assert caught.value.message.startswith(str(tmp_path / "callers.yaml"))


@pytest.mark.parametrize("said", [{}, [], "text", None, {"certificates": [], "oidc": []}, {"tokens": []}])
def test_a_file_that_names_nobody_is_refused(tmp_path: Path, said: object) -> None:
    with pytest.raises(TerraceError, match=r"callers\.yaml"):
        read(file(tmp_path, said))


@pytest.mark.parametrize("mode", [0o664, 0o646])
def test_a_file_that_others_can_write_is_refused(tmp_path: Path, mode: int) -> None:
    path = file(tmp_path, RIGHT)
    assert read(path)
    path.chmod(mode)
    with pytest.raises(TerraceError, match="others than its owner can write") as caught:
        read(path)
    assert "chmod go-w" in caught.value.hint


def test_a_server_with_a_file_that_is_not_right_does_not_start(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    path = shop.folder / "callers.yaml"
    assert cli.run(["serve", "--source", str(shop.root), "--callers", str(path)]) == 3
    assert "cannot read" in capsys.readouterr().err
