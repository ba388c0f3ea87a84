"""`verify` sees every byte, and says what is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from terrace.bundle import Bundle, verify


def test_a_sealed_bundle_is_right(bundle: Bundle) -> None:
    assert verify(bundle.folder) == []


def test_any_byte_that_is_changed_is_noticed(bundle: Bundle) -> None:
    for path in sorted(bundle.folder.iterdir()):
        good = path.read_bytes()
        if path.name == "provenance.json":
            continue
        for place in {0, len(good) // 2, len(good) - 1}:
            path.write_bytes(good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
            found = verify(bundle.folder)
            # A changed manifest is another bundle, if it is one at all: its digest tells, as the next test shows.
            assert found or path.name == "manifest.json", (path.name, place)
        path.write_bytes(good)


def _remove(folder: Path) -> None:
    (folder / "schema.json").unlink()


def _add(folder: Path) -> None:
    (folder / "notes.txt").touch()


def _lengthen(folder: Path) -> None:
    with (folder / "config.acme.json").open("ab") as file:
        file.write(b" ")


def _link(folder: Path) -> None:
    path = folder / "config.json"
    path.rename(folder.parent / "elsewhere.json")
    path.symlink_to(folder.parent / "elsewhere.json")


def _nest(folder: Path) -> None:
    (folder / "more").mkdir()


def _odd_name(folder: Path) -> None:
    (folder / "a b.json").touch()


def _indent(folder: Path) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()), indent=1))


def _stream(folder: Path) -> None:
    path = folder / "manifest.json"
    data = path.read_text()
    secrets = json.loads(data)["streams"]["secrets"]
    path.write_text(data.replace(secrets, "sha256:" + "0" * 64))


def _unknown_key(folder: Path) -> None:
    path = folder / "manifest.json"
    path.write_text(path.read_text().replace('{"environment"', '{"a":1,"environment"'))


def _unused(folder: Path) -> None:
    path = folder / "manifest.json"
    raw = json.loads(path.read_bytes())
    raw["slices"]["acme"]["config"] = "config.json"
    path.write_bytes(json.dumps(raw, sort_keys=True, separators=(",", ":")).encode())


def _origins(folder: Path) -> None:
    (folder / "origins.json").write_text("{}")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (_remove, "schema.json is missing"),
        (_add, "notes.txt is extra: the manifest does not list it"),
        (_lengthen, "config.acme.json has 91 bytes, and 90 were sealed"),
        (_link, "config.json is not a regular file"),
        (_nest, "more is not a regular file"),
        (_odd_name, "'a b.json' is not a flat name: letters, digits, '-', '.' and '_'"),
        (
            _indent,
            "manifest.json is not canonical JSON: it was written or changed by something else than terrace build",
        ),
        (_stream, "manifest.json: the digests of its streams are not those of its content"),
        (_unknown_key, "manifest.json holds keys that bundle format 1 does not know"),
        (_unused, "config.acme.json is listed, and no slice takes it"),
        (_origins, "origins.json has 2 bytes, and 52 were sealed"),
    ],
)
def test_what_is_wrong_is_named(bundle: Bundle, damage: Callable[[Path], None], said: str) -> None:
    damage(bundle.folder)
    assert said in verify(bundle.folder)


def test_a_folder_that_is_no_bundle_is_said_to_be_none(tmp_path: Path) -> None:
    assert verify(tmp_path) == [f"{tmp_path} is not a bundle: it has no manifest.json"]
