"""Loading only what somebody trusted has signed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from terrace.bundle.keys import SigningKey
from terrace.bundle.packed import pack
from terrace.deploy.directory import DirectoryDestination
from terrace.runtime import ConfigError, Handle, load
from tests.runtime.conftest import NOW, World
from tests.runtime.kitchen import Kitchen
from tests.runtime.test_watch import until
from tests.signing import key_in, signed

Following = Callable[..., Handle[Any]]


@pytest.fixture
def key(world: World) -> SigningKey:
    """The key that is trusted by every process of the world from now on."""
    made = key_in(world.folder)
    world.environ["TERRACE_SIGNERS"] = f"{made.name}.pub"
    return made


def deploy(world: World, folder: Path) -> str:
    return DirectoryDestination(world.root).deploy([folder], now=NOW, actor="ci").release.bundles[0].digest


def refused(world: World, **more: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        world.watch(**more)
    return str(caught.value)


def test_what_is_signed_loads(world: World, key: SigningKey) -> None:
    deploy(world, signed(world.seal({"pool_max": 12}), key))
    assert world.watch().current.database.pool_max == 12
    assert load(Kitchen, environ=world.environ).database.pool_max == 12


def test_signers_can_be_given_as_files_or_as_keys(world: World, key: SigningKey) -> None:
    del world.environ["TERRACE_SIGNERS"]
    deploy(world, signed(world.seal(), key))
    for signers in ([f"{key.name}.pub"], [Path(f"{key.name}.pub")], [key.public.pem]):
        assert world.watch(signers=signers).status.state == "ok"
    assert "none of those" in refused(world, signers=[key_in(world.folder, "other").public.pem])


def test_what_is_not_signed_does_not_load(world: World, key: SigningKey) -> None:
    world.deploy()
    assert "is not signed" in refused(world)
    del world.environ["TERRACE_SIGNERS"]
    assert world.watch().status.state == "ok"


def test_what_a_stranger_signed_does_not_load(world: World, key: SigningKey) -> None:
    deploy(world, signed(world.seal(), key_in(world.folder, "stranger")))
    assert "none of those who are trusted" in refused(world)


def test_another_environments_bundle_does_not_load_though_it_is_signed(world: World, key: SigningKey) -> None:
    folder = signed(world.seal(environment="staging"), key)
    assert "a bundle of 'staging'" in refused(world, source=folder)


@pytest.mark.parametrize(
    ("name", "words"),
    [("nowhere.pub", "cannot be read"), ("keys.txt", "holds no public key"), ("key", "holds a private key")],
)
def test_signers_that_are_no_keys_are_an_error_at_the_start(
    world: World, key: SigningKey, name: str, words: str
) -> None:
    deploy(world, signed(world.seal(), key))
    world.environ["TERRACE_SIGNERS"] = str(world.folder / name)
    assert words in refused(world)


def test_an_empty_variable_is_an_error_and_not_trust_in_anybody(world: World) -> None:
    world.deploy()
    world.environ["TERRACE_SIGNERS"] = ""
    assert "names no key" in refused(world)


def test_a_running_process_keeps_the_last_one_that_was_signed(
    world: World, key: SigningKey, following: Following
) -> None:
    good = deploy(world, signed(world.seal(), key))
    handle = following()
    world.deploy({"pool_max": 33})
    until(lambda: handle.status.refused, "the refusal")
    status = handle.status
    assert (status.digest, status.state, handle.current.database.pool_max) == (good, "degraded", 10)
    assert status.refused is not None
    assert "is not signed" in status.refused.reason
    newer = deploy(world, signed(world.seal({"pool_max": 34}), key))
    until(lambda: handle.status.digest == newer, "the release that is signed")
    assert handle.status.state == "ok"


def test_the_same_content_that_is_signed_later_is_taken_then(
    world: World, key: SigningKey, following: Following
) -> None:
    deploy(world, signed(world.seal(), key))
    handle = following()
    folder = world.seal({"pool_max": 33})
    bad = deploy(world, folder)
    until(lambda: handle.status.refused, "the refusal")
    assert deploy(world, signed(folder, key)) == bad
    until(lambda: handle.status.digest == bad, "the same release, signed")


@pytest.mark.parametrize("name", ["provenance.json", "signature.json"])
def test_a_change_beside_the_manifest_is_noticed_too(
    world: World, key: SigningKey, following: Following, name: str
) -> None:
    good = deploy(world, signed(world.seal(), key))
    handle = following()
    folder = signed(world.seal({"pool_max": 33}), key)
    (folder / name).write_bytes((folder / name).read_bytes().replace(b'"0', b'"1').replace(b"signatures", b"signature"))
    release = world.service / "..sha256-tampered"
    shutil.copytree(folder, release)
    (world.service / "..data_tmp").symlink_to(release.name)
    (world.service / "..data_tmp").rename(world.service / "..data")
    until(lambda: handle.status.refused, "the refusal")
    assert handle.status.digest == good


def test_keys_are_exchanged_without_a_restart(world: World, key: SigningKey, following: Following) -> None:
    file = world.folder / "signers.pem"
    file.write_text(key.public.pem)
    world.environ["TERRACE_SIGNERS"] = str(file)
    deploy(world, signed(world.seal(), key))
    handle = following()
    newer = key_in(world.folder, "newer")
    file.write_text(key.public.pem + newer.public.pem)
    digest = deploy(world, signed(world.seal({"pool_max": 21}), newer))
    until(lambda: handle.status.digest == digest, "what the newer key signed")


def test_a_packed_bundle_is_held_to_its_signature(world: World, key: SigningKey) -> None:
    file = world.folder / "kitchen.bundle.tar"
    folder = world.seal()
    pack(folder, file)
    assert "is not signed" in refused(world, source=file)
    pack(signed(folder, key), file)
    assert world.watch(source=file).status.state == "ok"


def test_the_last_good_copy_keeps_the_signature_and_is_held_to_it(world: World, key: SigningKey) -> None:
    copy = world.folder / "last-good"
    deploy(world, signed(world.seal({"pool_max": 12}), key))
    world.watch(last_good=copy)
    world.root.rename(world.folder / "away")
    assert world.watch(last_good=copy).current.database.pool_max == 12
    for signature in copy.glob("*/signature.json"):
        signature.unlink()
    assert "is not signed" in refused(world, last_good=copy)


def test_a_copy_of_what_was_signed_anew_has_the_new_signature(world: World, key: SigningKey) -> None:
    copy, newer = world.folder / "last-good", key_in(world.folder, "newer")
    folder = signed(world.seal(), key)
    deploy(world, folder)
    world.watch(last_good=copy)
    deploy(world, signed(folder, newer))
    world.environ["TERRACE_SIGNERS"] = f"{newer.name}.pub"
    world.watch(last_good=copy)
    world.root.rename(world.folder / "away")
    assert world.watch(last_good=copy).status.state == "degraded"


def test_what_is_there_and_not_signed_is_not_papered_over_by_the_last_good_copy(world: World, key: SigningKey) -> None:
    deploy(world, signed(world.seal(), key))
    world.watch(last_good=world.folder / "last-good")
    world.deploy({"pool_max": 33})
    assert "is not signed" in refused(world, last_good=world.folder / "last-good")


def test_who_asks_for_no_signature_does_not_pay_for_it() -> None:
    code = "import sys, terrace.runtime.start; sys.exit('cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
