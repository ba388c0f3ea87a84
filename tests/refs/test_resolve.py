"""Values are asked for once, kept, renewed, and kept on when their store is gone."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Mapping
from pathlib import Path

import pytest

from terrace.errors import StoreError
from terrace.model.reference import Reference, parse
from terrace.refs import Policy
from terrace.refs.resolve import Resolver, stores_of
from terrace.refs.stores import Content, UnavailableError

SECRET = "correct-horse"
ALL = Policy("development", grants=("vault://a/", "file://", "env://", "file:///", "awsssm://a"))


class Shelf:
    """A store that answers from memory, or as long as `down` does not."""

    def __init__(self, content: Mapping[str, Content]) -> None:
        self.content = dict(content)
        self.asked: list[str] = []
        self.down = 0
        self.gone = False
        self._lock = threading.Lock()

    def fetch(self, reference: Reference) -> Content:
        with self._lock:
            self.asked.append(reference.path)
            if self.down:
                self.down -= 1
                raise UnavailableError(f"{reference}: the shelf is away")
            if self.gone:
                raise StoreError(f"{reference}: the shelf refuses")
            return self.content[reference.path]

    def put(self, reference: Reference, value: str) -> str:
        raise NotImplementedError


class Time:
    now = 1000.0

    def __init__(self) -> None:
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def ref(text: str) -> Reference:
    found = parse(text)
    assert isinstance(found, Reference)
    return found


PASSWORD = ref("ref+vault://a/db#/password")
USER = ref("ref+vault://a/db#/user")


@pytest.fixture
def shelf() -> Shelf:
    return Shelf({"a/db": {"password": SECRET, "user": "app"}, "a/other": {"x": 1}})


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def resolver(shelf: Shelf, time: Time) -> Resolver:
    return Resolver({"vault": shelf}, ALL, ttl=60, clock=time, sleep=time.sleep)


def test_a_place_is_asked_once_for_all_its_keys_until_its_time_is_over(
    resolver: Resolver, shelf: Shelf, time: Time
) -> None:
    assert resolver.resolve(PASSWORD).value == SECRET
    assert resolver.resolve(USER).value == "app"
    time.now += 59
    assert resolver.resolve(PASSWORD).age == 59
    assert shelf.asked == ["a/db"]
    time.now += 1
    shelf.content["a/db"] = {"password": "new"}
    assert resolver.resolve(PASSWORD) == ("new", 0, "")


def test_several_places_are_resolved_together(resolver: Resolver, shelf: Shelf) -> None:
    found = resolver.resolve_all([PASSWORD, USER, ref("ref+vault://a/other#/x"), PASSWORD])
    assert [resolved.value for resolved in found.values()] == [SECRET, "app", "1"]
    assert sorted(shelf.asked) == ["a/db", "a/other"]


def test_a_store_that_is_away_is_asked_again_with_longer_pauses(resolver: Resolver, shelf: Shelf, time: Time) -> None:
    shelf.down = 2
    assert resolver.resolve(PASSWORD).value == SECRET
    assert len(shelf.asked) == 3
    assert 0.2 <= time.slept[0] <= 0.3
    assert 0.4 <= time.slept[1] <= 0.6


def test_a_store_that_stays_away_is_an_error_the_first_time(resolver: Resolver, shelf: Shelf) -> None:
    shelf.down = 99
    with pytest.raises(StoreError, match=r"ref\+vault://a/db: the shelf is away; asked 3 times"):
        resolver.resolve(PASSWORD)


@pytest.mark.parametrize("away", [True, False])
def test_the_last_good_value_is_kept_on_with_the_problem(
    resolver: Resolver, shelf: Shelf, time: Time, away: bool
) -> None:
    resolver.resolve(PASSWORD)
    shelf.down, shelf.gone = (99, False) if away else (0, True)
    time.now += 600
    found = resolver.resolve(PASSWORD)
    assert (found.value, found.age) == (SECRET, 600)
    assert "the shelf " in found.problem
    shelf.down, shelf.gone = 0, False
    assert resolver.resolve(PASSWORD).problem == ""


def test_a_refusal_is_not_asked_again(resolver: Resolver, shelf: Shelf) -> None:
    shelf.gone = True
    with pytest.raises(StoreError, match="refuses"):
        resolver.resolve(PASSWORD)
    assert len(shelf.asked) == 1


def test_renewing_tells_which_values_changed(resolver: Resolver, shelf: Shelf) -> None:
    resolver.resolve_all([PASSWORD, USER])
    assert resolver.renew() == ((), ())
    shelf.content["a/db"] = {"password": "new", "user": "app"}
    assert resolver.renew().changed == (PASSWORD,)
    shelf.down = 99
    renewal = resolver.renew()
    assert renewal.changed == ()
    assert renewal.problems == ("ref+vault://a/db: the shelf is away; asked 3 times",)
    assert resolver.resolve(PASSWORD).value == "new"


def test_nothing_is_asked_of_a_place_that_is_not_allowed(resolver: Resolver, shelf: Shelf) -> None:
    with pytest.raises(StoreError, match="is not resolved: development may not name this place in vault"):
        resolver.resolve_all([PASSWORD, ref("ref+vault://b/db#/password")])
    with pytest.raises(StoreError, match="tenant acme in development may name no store"):
        resolver.resolve(PASSWORD, tenant="acme")
    assert shelf.asked == []


def test_a_key_that_is_not_there_is_told_without_the_values(resolver: Resolver) -> None:
    for text, said in (("#/nope", "no such key"), ("#/password/more", "no such key")):
        with pytest.raises(StoreError, match=said) as caught:
            resolver.resolve(ref(f"ref+vault://a/db{text}"))
        assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_values_do_not_show_when_they_are_printed(resolver: Resolver) -> None:
    assert SECRET not in repr(resolver.resolve(PASSWORD))
    assert SECRET not in repr(resolver.__dict__)


def test_files_and_variables_are_read(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("text\n")
    (tmp_path / "db.yaml").write_text("a:\n  b: yaml\n")
    (tmp_path / "db.json").write_text('{"a": {"b": true}}')
    resolver = Resolver(
        stores_of({"NAME": "value"}, str(tmp_path)),
        ALL._replace(grants=("file://plain", "file://db.yaml", "file://db.json", "file://none", "env://")),
    )
    wanted = {
        "ref+file://plain": "text\n",
        "ref+file://db.yaml#/a/b": "yaml",
        "ref+file://db.json#/a/b": "true",
        "ref+env://NAME": "value",
    }
    for text, value in wanted.items():
        assert resolver.resolve(ref(text)).value == value
    for text, said in {
        "ref+file://none": "cannot be read: No such file",
        "ref+file://plain#/a": "is no JSON object",
        "ref+file://db.json#/a": "no single value",
        "ref+env://OTHER": "the variable is not set",
    }.items():
        with pytest.raises(StoreError, match=said):
            resolver.resolve(ref(text))


def test_a_server_has_no_store_of_the_machine(tmp_path: Path) -> None:
    assert sorted(stores_of({}, str(tmp_path), server=True)) == ["awssecrets", "awsssm", "vault"]
    resolver = Resolver(stores_of({}, str(tmp_path)), ALL, server=True)
    with pytest.raises(StoreError, match="never resolved on a server"):
        resolver.resolve(ref("ref+env://NAME"))


def test_a_store_that_nobody_named_says_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        Resolver(stores_of({}, str(tmp_path)), ALL).resolve(PASSWORD)
    assert "VAULT_ADDR" in caught.value.hint


@pytest.mark.parametrize(
    ("package", "text", "extra"), [("hvac", str(PASSWORD), "vault"), ("boto3", "ref+awsssm://a", "aws")]
)
def test_a_package_that_is_missing_is_told_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, package: str, text: str, extra: str
) -> None:
    monkeypatch.setitem(__import__("sys").modules, package, None)
    resolver = Resolver(stores_of({"VAULT_ADDR": "http://127.0.0.1:1", "VAULT_TOKEN": "t"}, str(tmp_path)), ALL)
    with pytest.raises(StoreError, match=f"the package {package}") as caught:
        resolver.resolve(ref(text))
    assert f"terrace-config[{extra}]" in caught.value.hint
