"""Destinations that take only what somebody trusted has signed."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from terrace.bundle import open_bundle
from terrace.bundle.keys import SigningKey
from terrace.bundle.signers import Signers, check, named
from terrace.deploy.destination import Moved
from terrace.deploy.directory import DirectoryDestination
from terrace.deploy.trust import Trust
from terrace.errors import RefusedError
from tests.deploy.conftest import NOW, Build, Deploy
from tests.signing import key_in, signed


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    return key_in(tmp_path)


def trusting(*keys: SigningKey) -> Signers:
    return named({Path(key.name).name: key.public.pem for key in keys})


def deploy(destination: DirectoryDestination, folder: Path, signers: Signers = ()) -> Any:
    return destination.deploy([folder], now=NOW, actor="ci", signers=signers)


def current(destination: DirectoryDestination) -> Any:
    return open_bundle(destination.root / "backend")


def test_only_what_is_signed_is_taken(destination: DirectoryDestination, build: Build, key: SigningKey) -> None:
    folder = build({"limit": 1})
    with pytest.raises(RefusedError, match="the bundle of backend in production is not signed"):
        deploy(destination, folder, trusting(key))
    with pytest.raises(RefusedError, match="none of those who are trusted: other"):
        deploy(destination, signed(folder, key), trusting(key_in(destination.root.parent, "other")))
    assert destination.releases() == []
    deploy(destination, folder, trusting(key))
    assert check(current(destination), trusting(key))


def test_without_signers_both_are_taken(destination: DirectoryDestination, build: Build, key: SigningKey) -> None:
    deploy(destination, build({"limit": 1}))
    deploy(destination, signed(build({"limit": 2}), key))
    assert [release.number for release in destination.releases()] == [1, 2]


def test_the_same_content_is_delivered_again_when_it_is_signed_by_another_key(
    destination: DirectoryDestination, build: Build, key: SigningKey
) -> None:
    newer = key_in(destination.root.parent, "newer")
    both = trusting(key, newer)
    folder = build({"limit": 1})
    assert not deploy(destination, folder).unchanged
    assert not deploy(destination, signed(folder, key), both).unchanged
    assert deploy(destination, folder, both).unchanged
    assert not deploy(destination, signed(folder, newer), both).unchanged
    assert "newer" in check(current(destination), trusting(newer))
    assert len({ref.digest for release in destination.releases() for ref in release.bundles}) == 1


def test_what_is_not_signed_never_takes_the_place_of_the_same_that_is(
    destination: DirectoryDestination, build: Build, key: SigningKey
) -> None:
    folder = build({"limit": 1})
    deploy(destination, signed(folder, key))
    (folder / "signature.json").unlink()
    assert deploy(destination, folder).unchanged
    assert check(current(destination), trusting(key))


def test_a_signature_that_was_damaged_at_the_destination_is_mended(
    destination: DirectoryDestination, build: Build, key: SigningKey
) -> None:
    folder = signed(build({"limit": 1}), key)
    deploy(destination, folder, trusting(key))
    release = (destination.root / "backend" / "..data").resolve()
    release.chmod(0o755)
    (release / "signature.json").chmod(0o644)
    signed(release, key_in(destination.root.parent, "stranger"))
    assert not deploy(destination, folder, trusting(key)).unchanged
    assert check(current(destination), trusting(key))


def test_a_rollback_to_what_was_signed_needs_no_key(
    destination: DirectoryDestination, build: Build, key: SigningKey
) -> None:
    back = Deploy(destination).back
    for limit in (1, 2):
        deploy(destination, signed(build({"limit": limit}), key), trusting(key))
    assert back(trust=Trust(trusting(key))).warnings == ()
    assert current(destination).values() == {"limit": 1}
    assert check(current(destination), trusting(key))


def test_a_rollback_that_keeps_the_secrets_of_now_is_signed_or_refused(
    destination: DirectoryDestination, build: Build, key: SigningKey
) -> None:
    back = Deploy(destination).back
    for limit, secret in ((1, "first"), (2, "second")):
        deploy(destination, signed(build({"limit": limit}, secret=secret), key), trusting(key))
    with pytest.raises(RefusedError) as caught:
        back(trust=Trust(trusting(key)))
    assert "it is made here, of two releases" in caught.value.message
    assert "--sign FILE" in caught.value.hint
    assert "--with secrets" in caught.value.hint
    assert current(destination).values() == {"limit": 2}
    with pytest.raises(RefusedError, match="none of those who are trusted"):
        back(trust=Trust(trusting(key), key_in(destination.root.parent, "stranger")))
    back(trust=Trust(trusting(key), key))
    assert current(destination).values() == {"limit": 1}
    assert check(current(destination), trusting(key))


def test_a_rollback_with_the_secrets_of_then_needs_no_key(
    destination: DirectoryDestination, build: Build, key: SigningKey
) -> None:
    for limit, secret in ((1, "first"), (2, "second")):
        deploy(destination, signed(build({"limit": limit}, secret=secret), key), trusting(key))
    Deploy(destination).back(trust=Trust(trusting(key)), streams=Moved(secrets=True))
    assert check(current(destination), trusting(key))


def test_a_release_of_a_key_that_is_trusted_no_more_comes_back_signed_anew_or_not_at_all(
    destination: DirectoryDestination, build: Build, key: SigningKey
) -> None:
    newer, back = key_in(destination.root.parent, "newer"), Deploy(destination).back
    deploy(destination, signed(build({"limit": 1}), key), trusting(key))
    deploy(destination, signed(build({"limit": 2}), newer), trusting(newer))
    with pytest.raises(RefusedError, match="none of those who are trusted: newer"):
        back(trust=Trust(trusting(newer)))
    back(trust=Trust(trusting(newer), newer))
    assert current(destination).values() == {"limit": 1}
    assert check(current(destination), trusting(newer))


def test_where_nobody_asks_a_rollback_that_loses_the_signature_says_so(
    destination: DirectoryDestination, build: Build, key: SigningKey
) -> None:
    for limit, secret in ((1, "first"), (2, "second")):
        deploy(destination, signed(build({"limit": limit}, secret=secret), key))
    said = " ".join(Deploy(destination).back().warnings)
    assert "what runs now has no signature, and what was undone had one" in said


@pytest.mark.kill
def test_killed_at_every_step_what_is_current_has_its_signature(
    build: Build, deployer: Any, tmp_path: Path, key: SigningKey
) -> None:
    releases = [signed(build({"limit": limit}), key) for limit in range(3)]
    steps = deployer.run(tmp_path / "rehearsal", releases[0])["steps"]
    root, signers = tmp_path / "live", trusting(key)
    deployer.run(root, releases[0])
    for kill_at in range(1, len(steps) + 1):
        deployer.run(root, releases[kill_at % 3], kill_at=kill_at)
        assert check(open_bundle(root / "backend"), signers)
        deployer.run(root, releases[kill_at % 3])
        assert check(open_bundle(root / "backend"), signers)
    assert deployer.run(root, releases[0], kill_at=1)["signal"] == signal.SIGKILL
