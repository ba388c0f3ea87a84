"""Going back with secrets: not to what was revoked since, unless somebody says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import orjson
import pyrage
import pytest

from terrace.bundle import Bundle, BundleWriter, Facts, open_bundle, verify
from terrace.bundle.dates import SecretDates
from terrace.deploy.destination import Moved
from terrace.errors import RefusedError
from terrace.sops import create, identities, open_
from tests.deploy.conftest import SCHEMA, Deploy

LAYER = "environments/production/backend.secrets.yaml"
PROPOSAL = "environments/production/backend.proposed-a-1.secrets.yaml"
PATH = "database.password"
JANUARY, FEBRUARY, MARCH = date(2026, 1, 5), date(2026, 2, 5), date(2026, 3, 5)
KEY = str(pyrage.x25519.Identity.generate())
PERSON = identities.of(KEY)

Days = Mapping[str, SecretDates]
Seal = Callable[..., Path]


def secrets(password: str) -> str:
    values = {"database": {"password": password, "other": "stays"}}
    return create(values, [PERSON.usable[0].recipient], now=datetime(2026, 1, 5, tzinfo=UTC))


def changed(text: str, **values: object) -> str:
    """The file with other values; what stays keeps its nonce, as an edit leaves it."""
    places = {("database", name): value for name, value in values.items()}
    return open_(text, PERSON).changed(places, datetime(2026, 2, 5, tzinfo=UTC))


@pytest.fixture
def seal(tmp_path: Path) -> Seal:
    made: list[Path] = []

    def one(pool: int, *layers: tuple[str, str, Days], tenant: tuple[str, str, Days] | None = None) -> Path:
        folder = tmp_path / f"sealed-{len(made)}"
        made.append(folder)
        writer = BundleWriter(
            folder,
            environment="production",
            service="backend",
            tenancy="pooled",
            schema=SCHEMA,
            facts=Facts("production", True, ()),
        )
        files = [(layer, text.encode()) for layer, text, _ in layers]
        dates = {layer: days for layer, _, days in layers if days}
        writer.add(None, {"limits": {"a": pool}}, files, dates=dates)
        if tenant:
            writer.add("acme", None, [*files, (tenant[0], tenant[1].encode())], dates={tenant[0]: tenant[2]})
        writer.seal({"commit": "abc"})
        return folder

    return one


def days(rotated: date, revoked: date | None = None) -> Days:
    return {PATH: SecretDates(rotated, revoked), "database.other": SecretDates(JANUARY)}


def current(deploy: Deploy) -> Bundle:
    return open_bundle(deploy.destination.root / "backend")


OLD = secrets("first-value")
NEW = changed(OLD, password="second-value")


def test_dates_stand_beside_the_digest_and_are_verified(seal: Seal) -> None:
    with_dates, without = seal(1, (LAYER, OLD, days(JANUARY, MARCH))), seal(1, (LAYER, OLD, {}))
    assert open_bundle(with_dates).ref == open_bundle(without).ref
    assert open_bundle(with_dates).dates == {LAYER: days(JANUARY, MARCH)}
    assert open_bundle(without).dates == {}
    assert verify(with_dates) == []
    file = with_dates / "provenance.json"
    file.write_bytes(file.read_bytes().replace(b'"rotated":"2026-01-05"', b'"rotated":"yesterday"'))
    assert verify(with_dates) == ["provenance.json: its dates of secrets are not understood"]


def test_a_revoked_secret_is_refused_by_name(deploy: Deploy, seal: Seal) -> None:
    deploy(seal(1, (LAYER, OLD, days(JANUARY))))
    deploy(seal(2, (LAYER, NEW, days(FEBRUARY, JANUARY))))
    before = current(deploy).ref
    with pytest.raises(RefusedError, match=r"revoked since: database\.password \(of 2026-01-05, replaced 2026-02-05\)"):
        deploy.back(streams=Moved(secrets=True))
    assert current(deploy).ref == before
    assert len(deploy.destination.releases()) == 2
    assert deploy.destination.holds() == []


def test_it_comes_back_if_somebody_says_so_and_is_named(deploy: Deploy, seal: Seal) -> None:
    deploy(seal(1, (LAYER, OLD, days(JANUARY))))
    deploy(seal(2, (LAYER, NEW, days(FEBRUARY, JANUARY))))
    result = deploy.back(streams=Moved(secrets=True), allow_revoked=True)
    assert current(deploy).secrets()[0].data == OLD.encode()
    assert (
        "backend: revoked values are back, and do not work: database.password (of 2026-01-05, replaced 2026-02-05)"
        in (result.warnings)
    )
    assert result.release.reason == "orders fail"


def test_configuration_alone_goes_back_and_keeps_secrets_with_their_dates(deploy: Deploy, seal: Seal) -> None:
    deploy(seal(1, (LAYER, OLD, days(JANUARY))))
    deploy(seal(2, (LAYER, NEW, days(FEBRUARY, JANUARY))))
    result = deploy.back()
    assert current(deploy).values() == {"limits": {"a": 1}}
    assert current(deploy).secrets()[0].data == NEW.encode()
    assert current(deploy).dates == {LAYER: days(FEBRUARY, JANUARY)}
    assert result.warnings[1] == (
        "backend: changed since the restored release: database.password (of 2026-01-05, replaced 2026-02-05)"
    )
    # What it knows outlives the rollback.
    with pytest.raises(RefusedError, match=PATH):
        deploy.back(to=deploy.destination.releases()[0].bundles[0].digest, streams=Moved(secrets=True))


def test_one_that_was_set_anew_only_warns(deploy: Deploy, seal: Seal) -> None:
    deploy(seal(1, (LAYER, OLD, days(JANUARY))))
    deploy(seal(2, (LAYER, NEW, days(FEBRUARY))))
    result = deploy.back(streams=Moved(secrets=True))
    assert current(deploy).secrets()[0].data == OLD.encode()
    assert result.warnings[-1].endswith("database.password (of 2026-01-05, replaced 2026-02-05)")


def test_what_was_revoked_before_the_old_release_does_not_count(deploy: Deploy, seal: Seal) -> None:
    deploy(seal(1, (LAYER, OLD, days(FEBRUARY, JANUARY))))
    deploy(seal(2, (LAYER, NEW, days(MARCH, JANUARY))))
    deploy.back(streams=Moved(secrets=True))
    assert current(deploy).secrets()[0].data == OLD.encode()


def test_the_same_value_under_a_new_data_key_is_no_other_one(deploy: Deploy, seal: Seal) -> None:
    from terrace.sops.rekey import rotated

    text = rotated(open_(OLD, PERSON), (PERSON.usable[0].recipient,), datetime(2026, 2, 5, tzinfo=UTC))
    assert text != OLD
    deploy(seal(1, (LAYER, OLD, days(JANUARY))))
    deploy(seal(2, (LAYER, text, days(JANUARY, JANUARY))))
    result = deploy.back(streams=Moved(secrets=True))
    assert current(deploy).secrets()[0].data == OLD.encode()
    assert not any(PATH in warning for warning in result.warnings)


def test_a_release_without_dates_may_hold_what_was_revoked(deploy: Deploy, seal: Seal) -> None:
    deploy(seal(1, (LAYER, OLD, {})))
    deploy(seal(2, (LAYER, NEW, days(FEBRUARY, JANUARY))))
    with pytest.raises(RefusedError, match=r"database\.password \(of a day that is not known"):
        deploy.back(streams=Moved(secrets=True))


def test_a_value_that_a_proposal_replaced_counts(deploy: Deploy, seal: Seal) -> None:
    proposed = create(
        {"database": {"password": "second-value"}}, [PERSON.usable[0].recipient], now=datetime(2026, 2, 5, tzinfo=UTC)
    )
    main = (LAYER, OLD, days(JANUARY))
    deploy(seal(1, main))
    deploy(seal(2, main, (PROPOSAL, proposed, {PATH: SecretDates(FEBRUARY, JANUARY)})))
    with pytest.raises(RefusedError, match=PATH):
        deploy.back(streams=Moved(secrets=True))


def test_a_tenants_secret_is_found(deploy: Deploy, seal: Seal) -> None:
    own = "tenants/acme/production/backend.secrets.yaml"
    shared = (LAYER, OLD, days(JANUARY))
    deploy(seal(1, shared, tenant=(own, secrets("of-acme"), days(JANUARY))))
    deploy(seal(2, shared, tenant=(own, secrets("of-acme-2"), days(FEBRUARY, JANUARY))))
    with pytest.raises(RefusedError, match=PATH):
        deploy.back(streams=Moved(secrets=True))


def test_parts_of_a_secret_are_one_secret(deploy: Deploy, seal: Seal) -> None:
    overlap = changed(OLD, password="second-value", previous="first-value", previous_until="2026-02-06T00:00:00Z")
    whole = {"database": SecretDates(FEBRUARY)}
    ended = {"database": SecretDates(FEBRUARY, date(2026, 2, 4))}
    over = open_(overlap, PERSON)
    from terrace.sops import REMOVED

    after = over.changed(
        {("database", "previous"): REMOVED, ("database", "previous_until"): REMOVED},
        datetime(2026, 2, 7, tzinfo=UTC),
    )
    deploy(seal(1, (LAYER, OLD, {"database": SecretDates(JANUARY)})))
    deploy(seal(2, (LAYER, overlap, whole)))
    deploy(seal(3, (LAYER, after, ended)))
    (warning,) = deploy.back(streams=Moved(secrets=True)).warnings
    assert warning.startswith("backend: secrets are those"), "the value in use is the same: nothing else is said"
    deploy.destination.lift("backend-4", reason="test", actor="mira", now=datetime(2026, 11, 24, tzinfo=UTC))
    deploy(seal(3, (LAYER, after, ended)))
    first = deploy.destination.releases()[0].bundles[0].digest
    with pytest.raises(RefusedError, match=r"revoked since: database \(of 2026-01-05, replaced 2026-02-05\)"):
        deploy.back(to=first, streams=Moved(secrets=True))


def test_many_are_counted(deploy: Deploy, seal: Seal) -> None:
    def many(prefix: str) -> str:
        values: dict[str, Any] = {f"s{number:02}": f"{prefix}-{number}" for number in range(12)}
        return create(values, [PERSON.usable[0].recipient], now=datetime(2026, 1, 5, tzinfo=UTC))

    def all_of(rotated: date, revoked: date | None = None) -> Days:
        return {f"s{number:02}": SecretDates(rotated, revoked) for number in range(12)}

    deploy(seal(1, (LAYER, many("old"), all_of(JANUARY))))
    deploy(seal(2, (LAYER, many("new"), all_of(FEBRUARY, JANUARY))))
    with pytest.raises(RefusedError, match=r"s00 .* and 2 more$") as refused:
        deploy.back(streams=Moved(secrets=True))
    assert "old-" not in refused.value.message


def test_provenance_without_values(seal: Seal) -> None:
    said = orjson.loads((seal(1, (LAYER, OLD, days(JANUARY))) / "provenance.json").read_bytes())
    assert said["secrets"][LAYER][PATH] == {"rotated": "2026-01-05"}
