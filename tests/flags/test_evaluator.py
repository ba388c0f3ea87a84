"""Flags are evaluated as flagd does, and nothing that a flag or a client says makes it fail or fill a log."""

from __future__ import annotations

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from terrace.errors import FlagError
from terrace.flags.evaluator import ABSENT, FlagSet


def flag(**more: Any) -> dict[str, Any]:
    return {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "off", **more}


def flags(version: str = "", metadata: dict[str, Any] | None = None, **named: dict[str, Any]) -> FlagSet:
    return FlagSet({"flags": named, "metadata": metadata or {"flagSetId": "production"}}, version)


TENANTS = {"if": [{"in": [{"var": "tenant"}, ["acme", "globex"]]}, "on", None]}


def test_a_flag_without_targeting_is_static() -> None:
    found = flags(a=flag()).resolve("a", {})
    assert (found.value, found.variant, found.reason, found.error_code) == (False, "off", "STATIC", "")


def test_targeting_looks_at_the_context_and_else_the_default_counts() -> None:
    asked = flags(a=flag(targeting=TENANTS))
    assert asked.resolve("a", {"tenant": "acme"})[1:4] == (True, "on", "TARGETING_MATCH")
    assert asked.resolve("a", {"tenant": "bolt"})[1:4] == (False, "off", "DEFAULT")


@pytest.mark.parametrize(
    ("more", "reason"),
    [({"state": "DISABLED"}, "DISABLED"), ({"defaultVariant": None}, "STATIC"), ({"defaultVariant": ""}, "STATIC")],
)
def test_where_the_application_has_its_default_there_is_no_value(more: dict[str, Any], reason: str) -> None:
    found = flags(a=flag(**more)).resolve("a", {})
    assert found.value is ABSENT
    assert found.variant == ""
    assert found.reason == (reason if reason == "DISABLED" else "DEFAULT")


def test_a_flag_that_is_not_there_is_an_answer() -> None:
    found = flags().resolve("nope", {})
    assert (found.value, found.reason, found.error_code, found.error) == (
        ABSENT, "ERROR", "FLAG_NOT_FOUND", "There is no flag 'nope'.",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("targeting", "code"),
    [
        ({"%": [1, {"var": "zero"}]}, "PARSE_ERROR"),
        ({"no-such-operator": []}, "PARSE_ERROR"),
        ("nobody", "PARSE_ERROR"),
        ({"var": "text"}, "GENERAL"),
    ],
)
def test_targeting_that_fails_is_an_answer_that_tells_nothing_of_it(targeting: Any, code: str) -> None:
    found = flags(a=flag(targeting=targeting)).resolve("a", {"zero": 0, "text": "secret-variant"})
    assert (found.value, found.variant, found.reason, found.error_code) == (ABSENT, "", "ERROR", code)
    assert "'a'" in found.error
    assert "secret-variant" not in found.error
    assert "operator" not in found.error


def test_a_version_that_is_none_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    asked = flags(a=flag(targeting={"if": [{"sem_ver": [{"var": "v"}, ">=", "2.0.0"]}, "on", "off"]}))
    with caplog.at_level(logging.DEBUG):
        assert asked.resolve("a", {"v": "not a version"}).variant == "off"
    assert not caplog.records


@pytest.mark.parametrize(
    ("variants", "kind", "written"),
    [
        ({"on": True}, "boolean", "true"),
        ({"on": "x"}, "string", '"x"'),
        ({"on": 10, "b": 2}, "integer", "10"),
        ({"on": 10.0}, "float", "10.0"),
        ({"on": 10, "b": 0.5}, "float", "10.0"),
        ({"on": {"a": 1}}, "object", '{"a": 1}'),
        ({"on": [1]}, "object", "[1]"),
    ],
)
def test_values_keep_their_type(variants: dict[str, Any], kind: str, written: str) -> None:
    asked = flags(a=flag(variants=variants, defaultVariant="on"))
    assert asked.types["a"] == kind
    assert json.dumps(asked.resolve("a", {}).value) == written


def test_the_metadata_of_all_flags_is_that_of_each_with_the_version() -> None:
    asked = flags("4711", a=flag(metadata={"owner": "team-a"}))
    assert asked.resolve("a", {}).metadata == {"flagSetId": "production", "version": "4711", "owner": "team-a"}
    assert (asked.environment, asked.version, asked.algorithm) == ("production", "4711", "v3")


def test_a_version_that_the_flags_name_themselves_stays() -> None:
    assert flags("4711", {"version": "1"}, a=flag()).resolve("a", {}).metadata["version"] == "1"


def test_what_is_given_stays_what_it_is_and_may_be_changed_later() -> None:
    given = {"flags": {"a": flag()}, "metadata": {}}
    before = json.dumps(given)
    asked = FlagSet(given, "1")
    assert json.dumps(given) == before
    given["flags"].clear()
    assert asked.keys == ("a",)
    assert asked.resolve("a", {}).variant == "off"


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (flag(owner="team-a"), "'bad' cannot be loaded"),
        (flag(state="on"), "'bad' cannot be loaded: Incorrect 'state'"),
        (flag(variants={}), "'bad' cannot be loaded: Incorrect 'variants'"),
        (flag(metadata={"tags": ["a"]}), "'bad' cannot be loaded: Metadata value"),
        ([], "'bad' is no mapping"),
    ],
)
def test_one_flag_that_is_not_right_is_named(bad: Any, says: str) -> None:
    with pytest.raises(FlagError) as caught:
        flags(a=flag(), bad=bad, z=flag())
    assert says in caught.value.message


@pytest.mark.parametrize("document", [b"{", b"[]", b'{"flags": []}', b'{"flags": {}, "metadata": []}'])
def test_what_is_no_definition_is_refused(document: bytes) -> None:
    with pytest.raises(FlagError):
        FlagSet(document)


def test_flags_for_another_way_of_making_buckets_are_refused() -> None:
    with pytest.raises(FlagError, match="v2"):
        flags(metadata={"fractional": "v2"})


def test_time_can_stand_still() -> None:
    after = {"if": [{">=": [{"var": "$flagd.timestamp"}, 2_000]}, "on", {"if": [{"<": [{"var": ["$flagd.timestamp"]}, 9]}, "on", "off"]}]}  # fmt: skip  # noqa: E501
    asked = flags("7", a=flag(targeting=after))
    assert [asked.at(moment).resolve("a", {}).variant for moment in (8, 1_999, 2_000)] == ["on", "off", "on"]
    assert asked.at(3).version == "7"


def test_threads_share_a_set() -> None:
    asked = flags(a=flag(targeting=TENANTS))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: asked.resolve("a", {"tenant": "acme" if n % 2 else "x"}).value, range(2000)))
    assert found == [bool(n % 2) for n in range(2000)]
