"""Secrets Manager and SSM, over HTTP, against moto's server."""

from __future__ import annotations

import json
import socket
import threading
import traceback
from collections.abc import Iterator
from typing import Any

import pytest

from terrace.errors import StoreError
from terrace.model.reference import Reference, parse
from terrace.refs.aws import SecretsManager
from terrace.refs.ssm import Parameters
from terrace.refs.stores import ChangedError, UnavailableError, value_in
from terrace.refs.versions import pinned
from tests.refs import servers

SECRET = "correct-horse"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with servers.aws() as address:
        yield address


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/nowhere", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)


@pytest.fixture
def secrets(address: str) -> SecretsManager:
    return SecretsManager(endpoint=address, region="eu-west-1")


@pytest.fixture
def parameters(address: str) -> Parameters:
    return Parameters(endpoint=address, region="eu-west-1")


def ref(text: str) -> Reference:
    found = parse(text)
    assert isinstance(found, Reference)
    return found


def read(store: Any, text: str) -> str:
    return value_in(store.fetch(ref(text)), ref(text))


def test_a_secret_is_made_read_and_given_new_versions(secrets: SecretsManager) -> None:
    place = "ref+awssecrets://production/whole"
    first = secrets.put(ref(place), "one")
    assert read(secrets, place) == "one"
    second = secrets.put(ref(place), "two")
    assert first != second
    assert read(secrets, place) == "two"
    assert read(secrets, f"{place}?version_stage=AWSPREVIOUS") == "one"
    assert read(secrets, f"{place}?version_id={first}") == "one"


def test_a_key_is_changed_and_its_neighbours_stay(secrets: SecretsManager) -> None:
    place = "ref+awssecrets://production/db"
    secrets.put(ref(f"{place}#/user"), "app")
    secrets.put(ref(f"{place}#/nested/password"), SECRET)
    assert json.loads(read(secrets, place)) == {"user": "app", "nested": {"password": SECRET}}
    assert read(secrets, f"{place}#/nested/password") == SECRET


def test_regions_are_apart(secrets: SecretsManager) -> None:
    secrets.put(ref("ref+awssecrets://apart?region=us-east-1"), "there")
    assert read(secrets, "ref+awssecrets://apart?region=us-east-1") == "there"
    with pytest.raises(StoreError, match="has nothing of that name"):
        read(secrets, "ref+awssecrets://apart")


def test_a_parameter_is_made_read_and_given_new_versions(parameters: Parameters) -> None:
    place = "ref+awsssm://production/db/password"
    assert parameters.put(ref(place), "one") == "1"
    assert parameters.put(ref(place), "two") == "2"
    assert read(parameters, place) == "two"
    assert read(parameters, f"{place}?version=1") == "one"
    single = "ref+awsssm://production/json?mode=singleparam"
    parameters.put(ref(f"{single}#/a"), "1")
    parameters.put(ref(f"{single}#/b"), "2")
    assert json.loads(read(parameters, single)) == {"a": "1", "b": "2"}


@pytest.mark.parametrize("text", ["ref+awssecrets://nope", "ref+awsssm://nope", "ref+awsssm://nope?version=7"])
def test_what_is_not_there_is_told_by_name(secrets: SecretsManager, parameters: Parameters, text: str) -> None:
    with pytest.raises(StoreError) as caught:
        read(secrets if "secrets" in text else parameters, text)
    assert caught.value.message.startswith(f"{text}: AWS ")
    assert "has nothing of that name or version" in caught.value.message


def test_a_version_cannot_be_written(secrets: SecretsManager) -> None:
    with pytest.raises(StoreError, match="names a version"):
        secrets.put(ref("ref+awssecrets://production/db?version_stage=AWSPREVIOUS"), "x")


def test_a_key_is_not_put_into_what_is_no_json(secrets: SecretsManager) -> None:
    secrets.put(ref("ref+awssecrets://text"), SECRET)
    with pytest.raises(StoreError, match="is no JSON object") as caught:
        secrets.put(ref("ref+awssecrets://text#/a"), "x")
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert read(secrets, "ref+awssecrets://text") == SECRET


def test_a_server_that_is_not_there_is_worth_another_try() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        store = SecretsManager(endpoint=f"http://127.0.0.1:{free.getsockname()[1]}", region="eu-west-1", timeout=1)
        with pytest.raises(UnavailableError, match="AWS secretsmanager cannot be reached"):
            read(store, "ref+awssecrets://a")


def test_a_server_that_says_nothing_is_given_up_on() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        store = Parameters(endpoint=f"http://127.0.0.1:{silent.getsockname()[1]}", region="eu-west-1", timeout=0.2)
        with pytest.raises(UnavailableError, match=r"cannot be reached \(ReadTimeoutError\)"):
            read(store, "ref+awsssm://a")


def test_missing_credentials_and_regions_are_told(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StoreError) as caught:
        read(SecretsManager(endpoint=address), "ref+awssecrets://a")
    assert "?region=" in caught.value.hint
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(StoreError, match="no credentials"):
        read(SecretsManager(endpoint=address, region="eu-west-1"), "ref+awssecrets://a")


def test_no_value_shows_in_what_goes_wrong_while_writing(address: str) -> None:
    store = Parameters(endpoint=address, region="eu-west-1")
    with pytest.raises(StoreError) as caught:
        store.put(ref("ref+awsssm://aws/reserved"), SECRET)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_writers_at_once_lose_nothing(secrets: SecretsManager, parameters: Parameters) -> None:
    for store, place in ((secrets, "ref+awssecrets://many"), (parameters, "ref+awsssm://many?mode=singleparam")):
        names = [f"k{number}" for number in range(4)]
        store.put(ref(f"{place}#/first"), "first")

        def write(name: str, store: Any = store, place: str = place) -> None:
            store.put(ref(f"{place}#/{name}"), name)

        running = [threading.Thread(target=write, args=(name,)) for name in names]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
        assert json.loads(read(store, place)) == {name: name for name in ["first", *names]}


def test_what_another_wrote_since_it_was_read_is_not_lost(secrets: SecretsManager) -> None:
    """The other writes between the reading and the writing, every time until it tires."""
    place, left = "ref+awssecrets://raced", ["1", "2"]
    secrets.put(ref(f"{place}#/mine"), "old")

    class Raced(SecretsManager):
        def _pending(self, reference: Reference, text: str) -> str:
            if left:
                secrets.put(ref(f"{place}#/theirs"), left.pop(0))
            return super()._pending(reference, text)

    raced = Raced(endpoint=secrets._endpoint, region="eu-west-1")
    version = raced.put(ref(f"{place}#/mine"), "new")
    assert json.loads(read(secrets, place)) == {"mine": "new", "theirs": "2"}
    assert secrets.look(ref(place)).version == version


def test_a_parameter_written_between_keeps_what_the_other_wrote(parameters: Parameters) -> None:
    place, left = "ref+awsssm://raced?mode=singleparam", ["1", "2"]
    parameters.put(ref(f"{place}#/mine"), "old")

    class Raced(Parameters):
        def _put(self, reference: Reference, text: str, *, new: bool) -> int | None:
            if left:
                parameters.put(ref(f"{place}#/theirs"), left.pop(0))
            return super()._put(reference, text, new=new)

    raced = Raced(endpoint=parameters._endpoint, region="eu-west-1")
    version = raced.put(ref(f"{place}#/mine"), "new")
    assert json.loads(read(parameters, place)) == {"mine": "new", "theirs": "2"}
    assert parameters.look(ref(place)).version == version


def test_a_whole_parameter_written_at_the_same_time_is_told_to_who_compares(parameters: Parameters) -> None:
    place = "ref+awsssm://raced-whole"
    parameters.put(ref(place), "old")

    class Raced(Parameters):
        def _put(self, reference: Reference, text: str, *, new: bool) -> int | None:
            parameters.put(ref(place), "theirs")
            return super()._put(reference, text, new=new)

    raced = Raced(endpoint=parameters._endpoint, region="eu-west-1")
    with pytest.raises(ChangedError, match="at the same time"):
        raced.write(ref(place), {(): "mine"}, {(): "old"})
    assert raced.put(ref(place), "mine") == parameters.look(ref(place)).version


def test_what_is_made_twice_at_once_is_made_by_both(secrets: SecretsManager, parameters: Parameters) -> None:
    class Late(SecretsManager):
        def _created(self, reference: Reference, text: str) -> str:
            if not made:
                made.append(secrets.put(ref("ref+awssecrets://twice#/theirs"), "1"))
            return super()._created(reference, text)

    class LateParameters(Parameters):
        def _put(self, reference: Reference, text: str, *, new: bool) -> int | None:
            if new:
                parameters.put(ref("ref+awsssm://twice?mode=singleparam#/theirs"), "1")
            return super()._put(reference, text, new=new)

    made: list[str] = []
    Late(endpoint=secrets._endpoint, region="eu-west-1").put(ref("ref+awssecrets://twice#/mine"), "2")
    late = LateParameters(endpoint=parameters._endpoint, region="eu-west-1")
    late.put(ref("ref+awsssm://twice?mode=singleparam#/mine"), "2")
    both = {"mine": "2", "theirs": "1"}
    assert json.loads(read(secrets, "ref+awssecrets://twice")) == both
    assert json.loads(read(parameters, "ref+awsssm://twice?mode=singleparam")) == both


@pytest.mark.parametrize("text", ["ref+awssecrets://compared", "ref+awsssm://compared"])
def test_another_value_than_was_looked_at_is_not_overwritten(
    secrets: SecretsManager, parameters: Parameters, text: str
) -> None:
    store: Any = secrets if "secrets" in text else parameters
    store.put(ref(text), SECRET)
    with pytest.raises(ChangedError, match="changed by somebody else") as caught:
        store.write(ref(text), {(): "new"}, {(): "old"})
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert read(store, text) == SECRET
    version = store.write(ref(text), {(): "new"}, {(): SECRET})
    assert store.look(pinned(ref(text), version)).content == "new"
    assert repr(store.look(ref(text))) == f"Kept(********, {version!r})"
