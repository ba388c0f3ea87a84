"""Going back: to what, with which secrets, and what one is told."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from terrace.bundle import open_bundle, verify
from terrace.deploy.destination import Moved
from terrace.errors import BundleError, DestinationError
from terrace.model.source import dotted

GOOD = {"database": {"pool": 5, "host": "db-1"}}
BAD = {"database": {"pool": 500, "host": "db-2"}}


def values(deploy: Any, service: str = "backend", tenant: str | None = None) -> Any:
    return open_bundle(deploy.destination.root / service).values(tenant)


def test_a_rollback_restores_the_release_before(deploy: Any, build: Any) -> None:
    good = deploy(build(GOOD)).release.bundles[0]
    deploy(build(BAD))
    result = deploy.back()
    assert values(deploy) == GOOD
    assert deploy.destination.current()["backend"] == good
    assert (result.release.number, result.release.action, result.release.reason) == (3, "rollback", "orders fail")
    assert result.unchanged is False
    assert deploy.destination.releases()[-1] == result.release


def test_it_needs_neither_the_bundles_nor_the_repository(deploy: Any, build: Any, tmp_path: Path) -> None:
    folders = [build(GOOD), build(BAD)]
    for folder in folders:
        deploy(folder)
        shutil.rmtree(folder)
    deploy.back()
    assert values(deploy) == GOOD


def test_it_says_which_leaves_take_effect_live(deploy: Any, build: Any) -> None:
    deploy(build(GOOD, {"acme": {**GOOD, "limits": {"a": 1}}}))
    deploy(build(BAD, {"acme": {**BAD, "limits": {"a": 1}}, "bolt": None}))
    (service,) = deploy.back().services
    assert {dotted(change.pointer): (change.tenants, change.live) for change in service.changes} == {
        "database.pool": (2, True),
        "database.host": (2, False),
        "": (1, False),
    }


def test_only_live_leaves_need_no_restart(deploy: Any, build: Any) -> None:
    deploy(build({"database": {"pool": 5}}))
    deploy(build({"database": {"pool": 6}}))
    assert deploy.back().needs_restart is False


def test_current_secrets_stay_and_the_difference_is_told(deploy: Any, build: Any) -> None:
    deploy(build(GOOD, {"acme": None}, secret="old"))
    deploy(build(BAD, {"acme": None}, secret="rotated"))
    result = deploy.back()
    bundle = open_bundle(deploy.destination.root / "backend")
    assert verify(bundle.folder) == []
    assert bundle.values() == GOOD
    assert bundle.secrets()[0].data == b"password: ENC[rotated]\n"
    (service,) = result.services
    assert service.secrets == ("environments/production/backend.secrets.yaml",)
    assert service.now != service.restored
    assert service.now.streams.config == service.restored.streams.config
    assert service.now.streams.secrets == service.undone.streams.secrets
    assert result.warnings == (
        "backend: secrets stay as they are now, and differ from the restored release's: "
        "environments/production/backend.secrets.yaml",
    )


def test_secrets_go_back_when_asked(deploy: Any, build: Any) -> None:
    old = deploy(build(GOOD, secret="old")).release.bundles[0]
    deploy(build(GOOD, secret="rotated"))
    with pytest.raises(DestinationError, match="no earlier configuration"):
        deploy.back()
    result = deploy.back(streams=Moved(secrets=True))
    assert deploy.destination.current()["backend"] == old
    assert "secrets are those of the restored release again" in result.warnings[0]


def test_a_tenant_that_was_removed_comes_back_with_its_own_secrets(deploy: Any, build: Any) -> None:
    deploy(build(GOOD, {"acme": None}, secret="old"))
    deploy(build(BAD, secret="rotated"))
    result = deploy.back()
    secrets = open_bundle(deploy.destination.root / "backend").secrets("acme")
    assert [data for _, data in secrets] == [b"password: ENC[rotated]\n", b"token: ENC[acme]\n"]
    assert "tenant 'acme' is back with its own secrets of then" in result.warnings[1]


def test_two_rollbacks_go_back_two_releases(deploy: Any, build: Any) -> None:
    for number in (1, 2, 3):
        deploy(build({"a": number}, secret=f"s{number}"))
    deploy.back()
    assert values(deploy) == {"a": 2}
    deploy.back()
    assert values(deploy) == {"a": 1}
    with pytest.raises(DestinationError, match="no earlier configuration to go back to"):
        deploy.back()


def test_without_a_service_the_latest_release_is_undone(deploy: Any, build: Any) -> None:
    deploy(build({"a": 1}), build({"w": 1}, service="worker"))
    deploy(build({"a": 1}), build({"w": 2}, service="worker"))
    deploy(build({"a": 2}), build({"w": 2}, service="worker"))
    result = deploy.back()
    assert [service.service for service in result.services] == ["backend"]
    assert (values(deploy), values(deploy, "worker")) == ({"a": 1}, {"w": 2})
    deploy.back()
    assert (values(deploy), values(deploy, "worker")) == ({"a": 1}, {"w": 1})


def test_one_service_can_go_back_alone(deploy: Any, build: Any) -> None:
    deploy(build({"a": 1}), build({"w": 1}, service="worker"))
    deploy(build({"a": 2}), build({"w": 2}, service="worker"))
    deploy.back("worker")
    assert (values(deploy), values(deploy, "worker")) == ({"a": 2}, {"w": 1})


def test_a_digest_names_where_to_go(deploy: Any, build: Any) -> None:
    first = deploy(build({"a": 1})).release.bundles[0].digest
    for number in (2, 3):
        deploy(build({"a": number}))
    deploy.back(to=first.removeprefix("sha256:")[:12])
    assert values(deploy) == {"a": 1}
    with pytest.raises(DestinationError, match="no release here has the digest sha256:ffff"):
        deploy.back(to="sha256:ffff")
    with pytest.raises(DestinationError, match="is that of several releases") as caught:
        deploy.back(to="sha256:")
    assert caught.value.hint == "Give more of its digits."


def test_going_to_what_runs_changes_nothing(deploy: Any, build: Any) -> None:
    digest = deploy(build({"a": 1})).release.bundles[0].digest
    result = deploy.back(to=digest)
    assert (result.unchanged, result.release.number) == (True, 1)
    assert deploy.destination.holds() == []


def test_a_release_that_is_damaged_or_gone_is_not_restored(deploy: Any, build: Any) -> None:
    digest = deploy(build({"a": 1})).release.bundles[0].digest
    deploy(build({"a": 2}))
    folder = deploy.destination.root / "backend" / f"..sha256-{digest.removeprefix('sha256:')}"
    (folder / "config.json").chmod(0o644)
    (folder / "config.json").write_text("{}")
    with pytest.raises(DestinationError, match=r"is damaged: config\.json has 2 bytes"):
        deploy.back()
    assert values(deploy) == {"a": 2}
    folder.rename(folder.with_name("elsewhere"))
    with pytest.raises(DestinationError, match="is not kept any more"):
        deploy.back()


def test_a_damaged_release_is_not_given_the_current_secrets(deploy: Any, build: Any) -> None:
    digest = deploy(build({"a": 1, "b": 1}, {"acme": {"a": 1}}, secret="old")).release.bundles[0].digest
    deploy(build({"a": 2, "b": 1}, {"acme": {"a": 1}}, secret="rotated"))
    folder = deploy.destination.root / "backend" / f"..sha256-{digest.removeprefix('sha256:')}"
    (folder / "config.acme.json").chmod(0o644)
    (folder / "config.acme.json").write_text("{}")
    with pytest.raises(BundleError, match=r"is damaged: config\.acme\.json has 2 bytes"):
        deploy.back()
    assert values(deploy) == {"a": 2, "b": 1}


def test_an_unknown_service_is_refused_with_those_there_are(deploy: Any, build: Any) -> None:
    deploy(build({"a": 1}))
    with pytest.raises(DestinationError, match="no service 'worker'") as caught:
        deploy.back("worker")
    assert caught.value.hint == "It has: backend."
