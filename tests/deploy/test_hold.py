"""A rollback sticks: what it undid does not come back until it is gone, or somebody says so."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terrace.bundle import open_bundle
from terrace.deploy.destination import Moved
from terrace.deploy.hold import decode, encode
from terrace.errors import DestinationError, HeldError
from tests.soak import rounds

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
GOOD = {"database": {"pool": 5, "host": "db-1"}, "limits": {"orders": 10}}
BAD = {"database": {"pool": 500, "host": "db-1"}, "limits": {"orders": 10}}


@pytest.fixture
def held(deploy: Any, build: Any) -> Any:
    """A destination at which the pool of 500 was rolled back."""
    deploy(build(GOOD, {"acme": {**GOOD, "a": 1}, "bolt": None}))
    deploy(build(BAD, {"acme": {**BAD, "a": 1}, "bolt": None}))
    deploy.back()
    return deploy


def test_the_undone_change_is_refused_however_new_its_digest(held: Any, build: Any) -> None:
    newer = {**BAD, "limits": {"orders": 99}}
    with pytest.raises(HeldError) as caught:
        held(build(newer, {"acme": {**newer, "a": 2}, "bolt": None}))
    assert caught.value.message == (
        "this bundle of backend brings back what a rollback undid: database.pool "
        "(hold 'backend-3' of 2026-11-24T09:30:00Z by mira: orders fail)"
    )
    assert "Revert the change in the repository" in caught.value.hint
    assert "lift 'backend-3'" in caught.value.hint
    assert open_bundle(held.destination.root / "backend").values() == GOOD


def test_it_is_refused_for_one_tenant_and_names_it(held: Any, build: Any) -> None:
    with pytest.raises(HeldError, match=r"database\.pool for acme \("):
        held(build(GOOD, {"acme": BAD, "bolt": None}))


def test_a_tenant_for_which_it_was_not_bad_may_have_the_value(held: Any, build: Any) -> None:
    assert held(build(GOOD, {"acme": None, "corp": BAD})).cleared == ("backend-3",)


def test_a_merged_revert_clears_the_hold_by_itself(held: Any, build: Any) -> None:
    delivery = held(build(GOOD, {"acme": {**GOOD, "a": 1}, "bolt": None}))
    assert (delivery.unchanged, delivery.cleared) == (True, ("backend-3",))
    assert held.destination.holds() == []
    entry = held.destination.history()[-1]
    assert (entry.action, entry.actor) == ("clear", "ci")
    assert entry.reason == "hold 'backend-3': the release holds none of its leaves any more"
    assert len(held.destination.releases()) == 3
    assert held(build(BAD)).release.number == 4


def test_another_value_clears_the_hold(held: Any, build: Any) -> None:
    fixed = {**GOOD, "database": {"pool": 50, "host": "db-1"}}
    delivery = held(build(fixed))
    assert (delivery.unchanged, delivery.cleared, delivery.release.number) == (False, ("backend-3",), 4)


def test_a_part_of_the_undone_change_is_refused(deploy: Any, build: Any) -> None:
    deploy(build({"database": {"pool": 5, "host": "db-1"}}))
    deploy(build({"database": {"pool": 500, "host": "db-2"}}))
    deploy.back()
    with pytest.raises(HeldError, match=r"undid: database\.host \("):
        deploy(build({"database": {"pool": 7, "host": "db-2"}}))
    assert [hold.name for hold in deploy.destination.holds()] == ["backend-3"]


def test_a_leaf_that_the_bad_change_removed_is_held_by_its_absence(deploy: Any, build: Any) -> None:
    deploy(build(GOOD))
    deploy(build({"database": GOOD["database"]}))
    deploy.back()
    (hold,) = deploy.destination.holds()
    assert [(leaf.pointer, leaf.bad) for leaf in hold.leaves] == [("/limits/orders", "")]
    with pytest.raises(HeldError, match=r"limits\.orders"):
        deploy(build({"database": {"pool": 6}}))
    assert deploy(build({"database": {"pool": 6}, "limits": {"orders": 3}})).cleared == ("backend-3",)


def test_a_tenant_that_was_taken_out_again_stays_out(deploy: Any, build: Any) -> None:
    deploy(build(GOOD))
    deploy(build(GOOD, {"acme": None}))
    deploy.back()
    with pytest.raises(HeldError, match="the tenant itself for acme"):
        deploy(build(GOOD, {"acme": {"a": 1}}))
    assert deploy(build(GOOD)).cleared == ("backend-3",)


def test_a_contract_that_alone_was_undone_is_held_whole(deploy: Any, build: Any, tmp_path: Any) -> None:
    from terrace.bundle import BundleWriter, Facts

    deploy(build({"a": 1}))
    for name, version in (("two", "2.0"), ("three", "3.0")):
        writer = BundleWriter(
            tmp_path / name, environment="production", service="backend", tenancy="pooled",
            schema={"x-terrace-version": version}, facts=Facts("production", protected=True),
        )  # fmt: skip
        writer.add(None, {"a": 1}, [("environments/production/backend.secrets.yaml", b"password: ENC[first]\n")])
        writer.seal()
    deploy(tmp_path / "two")
    deploy.back()
    with pytest.raises(HeldError, match="the whole configuration"):
        deploy(tmp_path / "two")
    assert deploy(tmp_path / "three").cleared == ("backend-3",)


def test_the_held_digest_itself_is_refused_until_it_is_lifted(held: Any) -> None:
    undone = held.destination.holds()[0].undone
    with pytest.raises(HeldError):
        held.back(to=undone)
    held.destination.lift("backend-3", reason="the pool was not it", actor="tom", now=NOW)
    held.back(to=undone)
    assert open_bundle(held.destination.root / "backend").values() == BAD


def test_lifting_by_name_lets_it_through_and_is_recorded(held: Any, build: Any) -> None:
    with pytest.raises(DestinationError, match="there is no hold 'backend-9'") as caught:
        held.destination.lift("backend-9", reason="?", actor="tom", now=NOW)
    assert caught.value.hint == "Holds that stand: backend-3."
    held.destination.lift("backend-3", reason="the pool was not it", actor="tom", now=NOW)
    entry = held.destination.history()[-1]
    assert (entry.action, entry.actor, entry.reason) == ("lift", "tom", "hold 'backend-3': the pool was not it")
    assert held(build(BAD)).release.number == 4


def test_a_hold_is_on_its_own_service_only(held: Any, build: Any) -> None:
    assert held(build(BAD, service="worker")).cleared == ()
    assert len(held.destination.holds()) == 1


def test_a_second_rollback_keeps_the_first_hold(deploy: Any, build: Any) -> None:
    for number in (1, 2, 3):
        deploy(build({"a": number}))
    deploy.back()
    deploy.back()
    assert [hold.name for hold in deploy.destination.holds()] == ["backend-4", "backend-5"]
    for number in (2, 3):
        with pytest.raises(HeldError):
            deploy(build({"a": number}))
    assert deploy(build({"a": 4})).cleared == ("backend-4", "backend-5")


def test_secrets_that_went_back_too_are_held(deploy: Any, build: Any) -> None:
    deploy(build(GOOD, secret="old"))
    deploy(build(GOOD, secret="leaked"))
    deploy.back(streams=Moved(secrets=True))
    with pytest.raises(HeldError, match=r"the secrets file environments/production/backend\.secrets\.yaml"):
        deploy(build({**GOOD, "more": 1}, secret="leaked"))
    assert deploy(build(GOOD, secret="fresh")).cleared == ("backend-3",)


def test_holds_tell_no_value_and_survive_a_round_trip(held: Any) -> None:
    (hold,) = held.destination.holds()
    assert decode(encode(hold)) == hold
    (leaf,) = hold.leaves
    assert (leaf.pointer, len(leaf.bad)) == ("/database/pool", 64)
    assert leaf.tenants == ("", "acme", "bolt")


def test_what_is_held_is_never_pruned(deploy: Any, build: Any) -> None:
    from terrace.deploy.directory import DirectoryDestination

    deploy.destination = DirectoryDestination(deploy.destination.root, keep=2)
    deploy(build(GOOD, secret="old"))
    deploy(build(BAD, secret="rotated"))
    deploy.back()
    deploy(build(GOOD, service="worker"))
    (hold,) = deploy.destination.holds()
    folder = deploy.destination.root / "backend"
    kept = {path.name.replace("..sha256-", "sha256:") for path in folder.iterdir()}
    assert {hold.undone, hold.restored, deploy.destination.current()["backend"].digest} <= kept
    assert hold.restored != deploy.destination.current()["backend"].digest


def test_check_holds_asks_without_deploying(held: Any, build: Any) -> None:
    with pytest.raises(HeldError):
        held.destination.check_holds(open_bundle(build(BAD)))
    held.destination.check_holds(open_bundle(build(GOOD)))
    assert len(held.destination.holds()) == 1


def test_a_hold_that_cannot_be_read_stops_deployments(held: Any, build: Any) -> None:
    (held.destination.root / ".terrace" / "holds" / "backend-3.json").write_text("{")
    with pytest.raises(DestinationError, match=r"the hold .*backend-3\.json cannot be read"):
        held(build(GOOD))


LEAF = st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from([1.0, "1", "", [], [1], {}])
TREE = st.dictionaries(st.sampled_from("ab/~"), LEAF | st.dictionaries(st.sampled_from("ab"), LEAF), max_size=3)


@given(good=TREE, bad=TREE)
@settings(max_examples=rounds(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_change_that_is_undone_is_held_and_its_revert_is_not(good: Any, bad: Any, build: Any) -> None:
    from terrace.deploy.changes import changes
    from terrace.deploy.hold import held_leaves, violations
    from terrace.model.release import Hold

    before, after = open_bundle(build(bad, {"t": None})), open_bundle(build(good, {"t": None}))
    leaves = held_leaves(changes(before, after), "salt")
    hold = Hold("h", "backend", "production", "", "", "", "", "", "salt", leaves)
    assert violations(hold, after) == []
    found = violations(hold, before)
    assert len({violation.leaf for violation in found}) == len({leaf.pointer for leaf in leaves})
    assert all(violation.tenants == ("", "t") for violation in found)
    assert bool(leaves) == (before.ref.streams.config != after.ref.streams.config)
