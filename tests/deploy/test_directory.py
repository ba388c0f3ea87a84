"""What a deployment leaves at a directory, and what it says."""

from __future__ import annotations

import json
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from terrace.bundle import open_bundle
from terrace.deploy.directory import DirectoryDestination
from terrace.deploy.kinds import open_destination
from terrace.errors import BundleError, DestinationError

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def links(folder: Path) -> dict[str, str]:
    return {path.name: str(path.readlink()) for path in folder.iterdir() if path.is_symlink()}


def times(root: Path) -> dict[Path, int]:
    return {path: path.lstat().st_mtime_ns for path in root.rglob("*") if path.name != "lock"}


def test_the_layout_is_that_of_atomic_writer(deploy: Any, build: Any) -> None:
    bundle = build({"database": {"pool": 5}}, {"acme": {"database": {"pool": 9}}})
    delivery = deploy(bundle)
    digest = delivery.release.bundles[0].digest
    service = deploy.destination.root / "backend"
    release = f"..sha256-{digest.removeprefix('sha256:')}"
    names = sorted(path.name for path in bundle.iterdir())
    assert links(service) == {"..data": release, **{name: f"..data/{name}" for name in names}}
    assert {path.name for path in service.iterdir()} == {release, "..data", *names}
    assert {name: (service / name).read_bytes() for name in names} == {
        name: (bundle / name).read_bytes() for name in names
    }


def test_a_release_is_read_only(deploy: Any, build: Any) -> None:
    deploy(build({"a": 1}))
    folder = Path(os.path.realpath(deploy.destination.root / "backend" / "..data"))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o555
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o444}


def test_links_follow_the_files_of_the_release(deploy: Any, build: Any) -> None:
    deploy(build({"a": 1}, {"acme": {"a": 2}}))
    service = deploy.destination.root / "backend"
    (service / "README").write_text("ours")
    deploy(build({"a": 1}, {"bolt": {"a": 2}}))
    assert "config.acme.json" not in links(service)
    assert json.loads((service / "config.bolt.json").read_bytes())["values"] == {"a": 2}
    assert (service / "README").read_text() == "ours"


def test_the_same_bundles_change_nothing(deploy: Any, build: Any) -> None:
    first = deploy(build({"a": 1}))
    before = sorted(
        (path, path.lstat().st_mtime_ns) for path in deploy.destination.root.rglob("*") if "lock" not in path.name
    )
    again = deploy(build({"a": 1}))
    after = sorted(
        (path, path.lstat().st_mtime_ns) for path in deploy.destination.root.rglob("*") if "lock" not in path.name
    )
    assert (first.unchanged, again.unchanged) == (False, True)
    assert again.release == first.release
    assert before == after
    assert len(deploy.destination.releases()) == 1


def test_a_damaged_release_is_mended_by_deploying_it_again(deploy: Any, build: Any) -> None:
    bundle = build({"a": 1})
    deploy(bundle)
    service = deploy.destination.root / "backend"
    damaged = Path(os.path.realpath(service / "..data"))
    (damaged / "config.json").chmod(0o644)
    (damaged / "config.json").write_text("{}")
    assert deploy(bundle).unchanged is False
    assert open_bundle(service).values() == {"a": 1}
    assert deploy(bundle).unchanged is True


def test_current_and_releases_tell_what_runs(deploy: Any, build: Any) -> None:
    backend, worker = build({"a": 1}), build({"a": 1}, service="worker")
    deploy(backend, worker)
    newer = build({"a": 2})
    deploy(newer)
    current = deploy.destination.current()
    assert current == {"backend": open_bundle(newer).ref, "worker": open_bundle(worker).ref}
    releases = deploy.destination.releases()
    assert [(release.number, release.action, release.actor) for release in releases] == [
        (1, "deploy", "ci"),
        (2, "deploy", "ci"),
    ]
    assert [ref.service for ref in releases[0].bundles] == ["backend", "worker"]
    assert releases[1].time == "2026-11-24T09:30:00Z"


def test_an_empty_destination_has_nothing(destination: DirectoryDestination) -> None:
    assert (destination.releases(), destination.current(), destination.holds()) == ([], {}, [])


def test_old_releases_are_kept_to_a_limit(deploy: Any, build: Any) -> None:
    deploy.destination = DirectoryDestination(deploy.destination.root, keep=3)
    digests = [deploy(build({"a": number})).release.bundles[0].digest for number in range(3)]
    deploy.destination.pin(digests[0], now=NOW)
    digests += [deploy(build({"a": number})).release.bundles[0].digest for number in range(3, 7)]
    service = deploy.destination.root / "backend"
    kept = {path.name.removeprefix("..sha256-") for path in service.iterdir() if path.name.startswith("..sha256")}
    assert kept == {digest.removeprefix("sha256:") for digest in (digests[0], *digests[-3:])}
    deploy.destination.unpin(digests[0], now=NOW)
    deploy(build({"a": 99}))
    assert not (service / f"..sha256-{digests[0].removeprefix('sha256:')}").exists()


def test_bundles_of_two_environments_do_not_share_a_destination(deploy: Any, build: Any) -> None:
    deploy(build({"a": 1}))
    with pytest.raises(DestinationError, match="bundles of production and staging cannot lie at one destination"):
        deploy(build({"a": 1}, environment="staging"))
    with pytest.raises(DestinationError, match="service 'backend' has two bundles"):
        deploy(build({"a": 1}), build({"a": 2}))


def test_a_damaged_bundle_is_not_deployed(deploy: Any, build: Any) -> None:
    old = deploy(build({"a": 1}))
    bad = build({"a": 2})
    (bad / "config.json").write_text("{}")
    with pytest.raises(BundleError, match=r"is damaged: config\.json has 2 bytes"):
        deploy(bad)
    assert deploy.destination.current()["backend"] == old.release.bundles[0]
    assert not [path for path in (deploy.destination.root / "backend").iterdir() if "staging" in path.name]


def test_a_link_in_a_bundle_is_not_followed(deploy: Any, build: Any, tmp_path: Path) -> None:
    (tmp_path / "private").write_text("root:x")
    bad = build({"a": 2})
    (bad / "provenance.json").unlink()
    (bad / "provenance.json").symlink_to(tmp_path / "private")
    with pytest.raises(DestinationError, match="cannot stage the release"):
        deploy(bad)


def test_a_foreign_file_in_the_way_stops_the_release_before_it_begins(deploy: Any, build: Any) -> None:
    deploy(build({"a": 1}))
    (deploy.destination.root / "backend" / "config.acme.json").write_text("mine")
    with pytest.raises(DestinationError, match=r"config\.acme\.json is in the way"):
        deploy(build({"a": 1}, {"acme": {"a": 2}}))
    assert open_bundle(deploy.destination.root / "backend").values() == {"a": 1}


def test_a_destination_is_opened_by_what_the_environment_says(tmp_path: Path) -> None:
    assert open_destination({"directory": "run/production"}, tmp_path).root == tmp_path / "run" / "production"
    with pytest.raises(DestinationError, match="not known: registry"):
        open_destination({"registry": "x"}, tmp_path)


def test_a_log_that_ends_in_half_a_line_is_read_and_repaired(deploy: Any, build: Any) -> None:
    deploy(build({"a": 1}))
    path = deploy.destination.root / ".terrace" / "log.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:70])
    assert [release.number for release in deploy.destination.releases()] == [1]
    deploy(build({"a": 2}))
    assert path.read_bytes().startswith(whole)
    assert [json.loads(line)["number"] for line in path.read_bytes().splitlines()] == [1, 2]


def test_a_log_that_is_damaged_inside_is_not_guessed_at(deploy: Any, build: Any) -> None:
    deploy(build({"a": 1}))
    path = deploy.destination.root / ".terrace" / "log.jsonl"
    path.write_bytes(b"nonsense\n" + path.read_bytes())
    with pytest.raises(DestinationError, match=r"log\.jsonl:1: the release log is damaged"):
        deploy(build({"a": 2}))


def test_times_are_recorded_in_utc(deploy: Any, build: Any) -> None:
    from datetime import timezone

    local = NOW.astimezone(timezone(timedelta(hours=13)))
    done = deploy.destination.deploy([build({"a": 1})], now=local, actor="ci", commit="c0ffee", dirty=True, reason="r")
    assert done.release.time == "2026-11-24T09:30:00Z"
    assert deploy.destination.releases() == [done.release]
