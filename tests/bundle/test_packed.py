"""A bundle as one file."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from terrace import cli
from terrace.bundle import Bundle
from terrace.bundle.packed import open_packed, pack, unpacked
from terrace.errors import BundleError


def archive(file: Path, *members: tuple[str, bytes, bytes]) -> Path:
    """An archive of members of a name, a type and content."""
    with tarfile.open(file, "w") as made:
        for name, kind, data in members:
            entry = tarfile.TarInfo(name)
            entry.size, entry.type, entry.linkname = len(data), kind, "/etc/passwd"
            made.addfile(entry, io.BytesIO(data))
    return file


def test_a_packed_bundle_reads_as_its_folder(bundle: Bundle, tmp_path: Path) -> None:
    pack(bundle.folder, tmp_path / "b.tar")
    packed = open_packed(tmp_path / "b.tar")
    assert packed.ref == bundle.ref
    for tenant in (None, *bundle.tenants):
        assert packed.values(tenant) == bundle.values(tenant)
        assert packed.secrets(tenant) == bundle.secrets(tenant)
        assert packed.origins(tenant) == bundle.origins(tenant)
    assert (packed.schema, packed.facts, packed.provenance) == (bundle.schema, bundle.facts, bundle.provenance)


def test_the_same_bundle_gives_the_same_bytes(bundle: Bundle, tmp_path: Path) -> None:
    pack(bundle.folder, tmp_path / "one.tar")
    (tmp_path / "other").mkdir()
    for file in sorted(bundle.folder.iterdir(), reverse=True):
        (tmp_path / "other" / file.name).write_bytes(file.read_bytes())
    pack(tmp_path / "other", tmp_path / "two.tar")
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix == ".tar") == ["one.tar", "two.tar"]


@pytest.mark.parametrize(
    "member",
    [
        ("../manifest.json", tarfile.REGTYPE, b"x"), ("/etc/x", tarfile.REGTYPE, b"x"), ("a/b", tarfile.REGTYPE, b"x"),
        ("link", tarfile.SYMTYPE, b""), ("hard", tarfile.LNKTYPE, b""), ("pipe", tarfile.FIFOTYPE, b""),
        ("folder", tarfile.DIRTYPE, b""),
    ],
)  # fmt: skip
def test_what_no_bundle_holds_is_refused(tmp_path: Path, member: tuple[str, bytes, bytes]) -> None:
    with pytest.raises(BundleError, match="which no bundle does"):
        unpacked(archive(tmp_path / "x.tar", member))


def test_a_name_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="which no bundle does"):
        unpacked(archive(tmp_path / "x.tar", ("a", tarfile.REGTYPE, b"1"), ("a", tarfile.REGTYPE, b"2")))


@pytest.mark.parametrize("cut", [1, 511, 700, 2000])
def test_half_an_archive_is_refused(bundle: Bundle, tmp_path: Path, cut: int) -> None:
    file = tmp_path / "b.tar"
    pack(bundle.folder, file)
    file.write_bytes(file.read_bytes()[:cut])
    with pytest.raises(BundleError):
        open_packed(file).values()


def test_a_changed_byte_is_refused_and_named_by_verify(
    bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "b.tar"
    pack(bundle.folder, file)
    assert cli.run(["verify", str(file)]) == 0
    file.write_bytes(file.read_bytes().replace(b'"pool":5', b'"pool":6'))
    with pytest.raises(BundleError, match="not what was sealed"):
        open_packed(file).values()
    capsys.readouterr()
    assert cli.run(["verify", str(file)]) == 1
    assert "config.json was changed" in capsys.readouterr().out
