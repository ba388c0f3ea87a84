"""What is written into a bundle comes out of it, and nothing else does."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path
from typing import Any

import pytest

from terrace.bundle import Bundle, BundleWriter, Facts, open_bundle, read_index, write_index
from terrace.bundle.writer import Addition
from terrace.errors import BundleError


def writer(folder: Path, **changed: Any) -> BundleWriter:
    said: dict[str, Any] = {"environment": "test", "service": "backend", "tenancy": "pooled", "schema": {}}
    return BundleWriter(folder, **{**said, "facts": Facts("test", protected=False), **changed})


def test_each_slice_has_its_values_and_its_secrets_in_order(bundle: Bundle) -> None:
    assert bundle.tenants == ("acme", "bolt")
    assert bundle.values() == {"pool": 5, "rate": 1.0}
    assert bundle.values("acme") == {"pool": 5, "rate": 2.5}
    assert bundle.values("bolt") == bundle.values()
    assert [layer for layer, _ in bundle.secrets("acme")] == [
        "environments/production/backend.secrets.yaml",
        "tenants/acme/production/backend.secrets.yaml",
    ]
    assert [data for _, data in bundle.secrets("acme")] == [b"password: ENC[one]\n", b"token: ENC[acme]\n"]
    assert bundle.schema["x-terrace-version"] == "1.2.0"


def test_a_tenant_without_overlays_costs_no_file(bundle: Bundle) -> None:
    assert bundle.slice("bolt").config == "config.json"
    names = sorted(path.name for path in bundle.folder.iterdir())
    assert [name.split(".")[0] for name in names] == [
        "config", "config", "environment", "manifest", "origins", "provenance", "schema", "secrets", "secrets",
    ]  # fmt: skip


def test_origins_say_where_a_value_was_set(bundle: Bundle) -> None:
    assert bundle.origins() == {"/pool": "environments/production/backend.yaml:3:7"}
    assert bundle.origins("bolt") == bundle.origins()


def test_provenance_is_no_part_of_the_digest(tmp_path: Path) -> None:
    refs = []
    for commit in ("a", "b"):
        one = writer(tmp_path / commit)
        one.add(None, {"a": 1}, origins={"/a": f"{commit}.yaml:1:1"})
        refs.append(one.seal({"commit": commit}))
    assert refs[0] == refs[1]
    assert open_bundle(tmp_path / "b").provenance["commit"] == "b"


def test_each_stream_has_a_digest_of_its_own(tmp_path: Path, make: Any) -> None:
    base = make(tmp_path / "base").ref
    rotated = make(tmp_path / "rotated", secret=b"password: ENC[two]\n").ref
    changed = make(tmp_path / "changed", pool=6).ref
    assert rotated.streams.config == base.streams.config
    assert rotated.streams.secrets != base.streams.secrets
    assert changed.streams.config != base.streams.config
    assert changed.streams.secrets == base.streams.secrets
    assert len({base.digest, rotated.digest, changed.digest}) == 3


def test_an_unknown_tenant_is_refused_by_name(bundle: Bundle) -> None:
    with pytest.raises(BundleError, match="the bundle of backend in production has no tenant 'corp'"):
        bundle.values("corp")


def test_a_slice_is_read_though_another_is_damaged(bundle: Bundle) -> None:
    (bundle.folder / "config.json").write_bytes(b"{}")
    assert bundle.values("acme")["rate"] == 2.5
    with pytest.raises(BundleError, match=r"config\.json is not what was sealed"):
        bundle.values("bolt")


def test_a_newer_format_names_what_to_upgrade(bundle: Bundle) -> None:
    path = bundle.folder / "manifest.json"
    raw = json.loads(path.read_bytes())
    path.write_text(json.dumps({**raw, "format": 2, "slices": "of another shape"}))
    with pytest.raises(BundleError, match="bundle format 2, and this Terrace reads formats up to 1") as caught:
        open_bundle(bundle.folder)
    assert "Upgrade terrace" in caught.value.hint


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "is not JSON"),
        (b"[]", "is not a JSON object"),
        (b"{}", "has no format version"),
        (b'{"format":1}', "'environment' is missing"),
        (b'{"format":true}', "has no format version"),
    ],
)
def test_what_is_not_a_manifest_is_told_from_one(bundle: Bundle, content: bytes, said: str) -> None:
    (bundle.folder / "manifest.json").write_bytes(content)
    with pytest.raises(BundleError, match=said):
        open_bundle(bundle.folder)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"slices": {}}, "there is no slice for no tenant"),
        (
            {"slices": {"": {"config": "config.x.json", "secrets": []}}},
            "names the file 'config.x.json', which is not li",
        ),
        ({"slices": {"": {"config": 5, "secrets": []}}}, "5 stands where a text should"),
        ({"streams": {"config": "md5:1", "secrets": ""}}, "is not a SHA-256 digest"),
    ],
)
def test_a_manifest_that_contradicts_itself_is_refused(bundle: Bundle, change: dict[str, Any], said: str) -> None:
    path = bundle.folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **change}))
    with pytest.raises(BundleError, match=said):
        open_bundle(bundle.folder)


def test_a_folder_that_holds_something_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(BundleError, match=r"is not empty: it holds notes\.txt"):
        writer(tmp_path)


def test_a_bundle_begins_with_the_slice_for_no_tenant(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="must begin with the slice for no tenant"):
        writer(tmp_path / "a").add("acme", {})
    with pytest.raises(BundleError, match="must begin with the slice for no tenant"):
        writer(tmp_path / "b").add(None, None)
    with pytest.raises(BundleError, match="has no slice for no tenant"):
        writer(tmp_path / "c").seal()


def test_a_tenant_comes_once_and_has_a_flat_name(tmp_path: Path) -> None:
    one = writer(tmp_path / "a")
    one.add(None, {})
    one.add("acme", None)
    with pytest.raises(BundleError, match="has the slice 'acme' twice"):
        one.add("acme", None)
    with pytest.raises(BundleError, match="cannot be part of a file name"):
        one.add("../acme", {})


def test_without_a_seal_there_is_no_bundle(tmp_path: Path) -> None:
    writer(tmp_path / "a").add(None, {})
    with pytest.raises(BundleError, match=r"is not a bundle: it has no manifest\.json"):
        open_bundle(tmp_path / "a")


def _write(one: BundleWriter, tenant: str) -> Addition:
    return one.write(tenant, {"tenant": tenant}, [("shared.secrets.yaml", b"sealed")])


def test_processes_that_share_a_bundle_write_the_same_one(tmp_path: Path) -> None:
    tenants = [f"t{number}" for number in range(8)]
    alone, shared = writer(tmp_path / "alone"), writer(tmp_path / "shared")
    for one in (alone, shared):
        one.add(None, {"tenant": None})
    for tenant in tenants:
        alone.record(_write(alone, tenant))
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        for addition in pool.starmap(_write, [(shared, tenant) for tenant in tenants]):
            shared.record(addition)
    assert alone.seal() == shared.seal()


def test_the_index_names_each_service_s_bundle(tmp_path: Path, bundle: Bundle) -> None:
    path = write_index(tmp_path, "production", [bundle.ref])
    assert json.loads(path.read_bytes()) == {
        "format": 1,
        "environment": "production",
        "bundles": {"backend": bundle.ref.digest},
    }
    assert read_index(tmp_path) == {"backend": bundle.ref.digest}
