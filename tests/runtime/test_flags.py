"""Flags in an application: through OpenFeature's own client, from the release that counts, whatever happens to it."""

from __future__ import annotations

import asyncio
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.evaluation_context import EvaluationContext
from openfeature.event import EventDetails, ProviderEvent
from openfeature.exception import ErrorCode
from openfeature.provider import ProviderStatus
from openfeature.transaction_context import (
    ContextVarsTransactionContextPropagator,
    clear_transaction_context_propagator,
    set_transaction_context,
    set_transaction_context_propagator,
)

from terrace.errors import ConfigError, UsageError
from terrace.runtime.flags import FlagProvider, provider
from terrace.runtime.testing import force, provider_of
from tests.runtime.conftest import World
from tests.runtime.flagged import COMMIT, KITCHEN, Flagged, flag, valued
from tests.runtime.test_watch import until


@pytest.fixture
def flagged(tmp_path: Path) -> Flagged:
    return Flagged(tmp_path)


@pytest.fixture
def client_of() -> Iterator[Callable[..., tuple[OpenFeatureClient, FlagProvider]]]:
    """Gives an application's client, and the provider behind it; both end with the test."""

    def start(flagged: Flagged, **more: Any) -> tuple[OpenFeatureClient, FlagProvider]:
        environ = {**flagged.environ, **more.pop("environ", {})}
        made = provider(environ=environ, **more)
        api.set_provider_and_wait(made)
        return api.get_client(), made

    yield start
    api.shutdown()
    api.clear_providers()
    api.set_evaluation_context(EvaluationContext())


Start = Callable[..., tuple[OpenFeatureClient, FlagProvider]]


def test_all_five_types_come_from_the_release(flagged: Flagged, client_of: Start) -> None:
    digest = flagged.release()
    client, made = client_of(flagged)
    assert client.get_boolean_value("menu-allergens", False) is True
    assert client.get_string_value("greeting", "?") == "Guten Tag"
    assert client.get_integer_value("limit", 1) == 10
    assert client.get_float_value("ratio", 1.5) == 10.0
    assert client.get_object_value("theme", {}) == {"colours": ["red"], "dark": True}
    status = made.status
    assert (status.state, status.service, status.digest, status.commit) == ("ok", "_flags", digest, COMMIT)


def test_evaluations_in_an_event_loop_are_the_same(flagged: Flagged, client_of: Start) -> None:
    flagged.release()
    client, _ = client_of(flagged)

    async def ask() -> tuple[Any, ...]:
        return (
            await client.get_boolean_value_async("menu-allergens", False),
            await client.get_string_value_async("greeting", "?"),
            await client.get_integer_value_async("limit", 1),
            await client.get_float_value_async("ratio", 1.5),
            await client.get_object_value_async("theme", {}),
        )

    assert asyncio.run(ask()) == (True, "Guten Tag", 10, 10.0, {"colours": ["red"], "dark": True})


def test_details_say_variant_reason_and_whose_flag_it_is(flagged: Flagged, client_of: Start) -> None:
    flagged.release({"a": flag("on", metadata={"owner": "team-menu"})})
    client, _ = client_of(flagged)
    found = client.get_boolean_details("a", False)
    assert (found.variant, found.reason, found.error_code) == ("on", "STATIC", None)
    assert found.flag_metadata == {
        "owner": "team-menu", "flagSetId": "production", "fractional": "v3", "version": COMMIT,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("key", "ask"),
    [
        ("greeting", "get_boolean_details"),
        ("limit", "get_string_details"),
        ("ratio", "get_integer_details"),
        ("menu-allergens", "get_integer_details"),
        ("menu-allergens", "get_float_details"),
        ("theme", "get_string_details"),
    ],
)
def test_another_type_than_the_flag_has_is_a_mismatch(flagged: Flagged, client_of: Start, key: str, ask: str) -> None:
    flagged.release()
    client, _ = client_of(flagged)
    mine = object()
    found = getattr(client, ask)(key, mine)
    assert (found.value, found.error_code) == (mine, ErrorCode.TYPE_MISMATCH)
    assert key in found.error_message


def test_an_integer_is_a_number(flagged: Flagged, client_of: Start) -> None:
    flagged.release()
    client, _ = client_of(flagged)
    found = client.get_float_value("limit", 1.5)
    assert (found, type(found)) == (10.0, float)


def test_a_flag_that_is_killed_or_has_no_default_gives_the_applications_own(flagged: Flagged, client_of: Start) -> None:
    flagged.release()
    client, _ = client_of(flagged)
    for mine in (True, False):
        killed = client.get_boolean_details("killed", mine)
        theirs = client.get_boolean_details("theirs", mine)
        assert (killed.value, killed.reason, killed.error_code) == (mine, "DISABLED", None)
        assert (theirs.value, theirs.reason, theirs.error_code) == (mine, "DEFAULT", None)


def test_a_flag_that_is_not_there_gives_the_applications_own_and_says_so(flagged: Flagged, client_of: Start) -> None:
    flagged.release()
    client, _ = client_of(flagged)
    found = client.get_boolean_details("no-such", True)
    assert (found.value, found.error_code) == (True, ErrorCode.FLAG_NOT_FOUND)


def test_a_structure_is_the_callers_own(flagged: Flagged, client_of: Start) -> None:
    flagged.release()
    client, _ = client_of(flagged)
    client.get_object_value("theme", {})["colours"].append("mine")
    assert client.get_object_value("theme", {})["colours"] == ["red"]


def test_the_contexts_tenant_decides(flagged: Flagged, client_of: Start) -> None:
    flagged.release()
    client, _ = client_of(flagged)
    assert client.get_boolean_value("for-some", False, EvaluationContext(attributes={"tenant": "acme"})) is True
    assert client.get_boolean_value("for-some", False, EvaluationContext(attributes={"tenant": "bolt"})) is False
    assert client.get_boolean_value("for-some", False) is False


@pytest.mark.parametrize("said", [{"tenant": "acme"}, {"environ": {"TERRACE_TENANT": "acme"}}])
def test_the_tenant_of_a_process_wins_over_the_context(flagged: Flagged, client_of: Start, said: Any) -> None:
    flagged.release()
    client, _ = client_of(flagged, **said)
    assert client.get_boolean_value("for-some", False, EvaluationContext(attributes={"tenant": "bolt"})) is True


def test_a_pooled_service_says_the_tenant_once_for_each_request(flagged: Flagged, client_of: Start) -> None:
    flagged.release()
    client, _ = client_of(flagged)
    set_transaction_context_propagator(ContextVarsTransactionContextPropagator())

    async def request(tenant: str) -> bool:
        set_transaction_context(EvaluationContext(attributes={"tenant": tenant}))
        await asyncio.sleep(0)
        return client.get_boolean_value("for-some", False)

    async def both() -> list[bool]:
        return list(await asyncio.gather(request("acme"), request("bolt"), request("globex")))

    try:
        assert asyncio.run(both()) == [True, False, True]
    finally:
        clear_transaction_context_propagator()


def test_a_release_counts_at_once_and_says_which_flags_changed(flagged: Flagged, client_of: Start) -> None:
    flagged.release()
    client, made = client_of(flagged)
    heard: list[EventDetails] = []
    client.add_handler(ProviderEvent.PROVIDER_CONFIGURATION_CHANGED, heard.append)
    others = {key: value for key, value in KITCHEN.items() if key != "greeting"}
    flagged.release({**others, "menu-allergens": flag("off"), "limit": valued(10.0), "new": flag()})
    until(lambda: not client.get_boolean_value("menu-allergens", True), "the new release")
    until(lambda: heard, "the event")
    assert heard[0].flags_changed == ["greeting", "limit", "menu-allergens", "new"]
    assert (made.status.reloads, made.status.state) == (1, "ok")


@pytest.mark.parametrize("broken", ["a flag", "bytes", "another algorithm"])
def test_a_release_that_is_not_right_leaves_the_last_good_flags(
    flagged: Flagged, client_of: Start, broken: str
) -> None:
    good = flagged.release()
    client, made = client_of(flagged)
    heard: list[EventDetails] = []
    again: list[EventDetails] = []
    client.add_handler(ProviderEvent.PROVIDER_STALE, heard.append)
    if broken == "a flag":
        flagged.release({"menu-allergens": flag("off"), "bad": flag("off", owner="is no key of flagd")})
    elif broken == "another algorithm":
        flagged.release({"menu-allergens": flag("off")}, metadata={"flagSetId": "production", "fractional": "v2"})
    else:
        tampered = flagged.seal({"menu-allergens": flag("off")})
        config = tampered / "config.json"
        config.write_bytes(config.read_bytes().replace(b"off", b"of!"))
        folder = flagged.root / "_flags"
        shutil.copytree(tampered, folder / "..tampered")
        (folder / "..data_tmp").symlink_to("..tampered")
        (folder / "..data_tmp").replace(folder / "..data")
    until(lambda: made.status.refused, "the refusal")
    assert client.get_boolean_value("menu-allergens", False) is True
    assert (made.status.state, made.status.digest) == ("degraded", good)
    until(lambda: client.get_provider_status() is ProviderStatus.STALE, "the status")
    until(lambda: heard, "the event")
    assert heard[0].message
    client.add_handler(ProviderEvent.PROVIDER_READY, again.append)
    flagged.release({"menu-allergens": flag("off"), "right": flag()})
    until(lambda: not client.get_boolean_value("menu-allergens", True), "the good release after it")
    until(lambda: client.get_provider_status() is ProviderStatus.READY, "the status")
    until(lambda: again, "the event that it is right again")


def test_flags_stay_while_the_source_is_away_and_come_back(flagged: Flagged, client_of: Start) -> None:
    flagged.release()
    client, made = client_of(flagged)
    flagged.root.rename(flagged.folder / "elsewhere")
    until(lambda: made.status.refused, "that it is away")
    assert client.get_boolean_value("menu-allergens", False) is True
    (flagged.folder / "elsewhere").rename(flagged.root)
    flagged.release({"menu-allergens": flag("off")})
    until(lambda: not client.get_boolean_value("menu-allergens", True), "what came back")
    assert made.status.state == "ok"


def test_without_a_source_it_does_not_start(flagged: Flagged) -> None:
    with pytest.raises(ConfigError, match="no bundle of _flags"):
        provider(environ=flagged.environ)
    with pytest.raises(ConfigError, match="nothing says where"):
        provider(environ={"TERRACE_ENV": "production"})


def test_flags_of_another_environment_are_an_error_and_not_optional(flagged: Flagged) -> None:
    flagged.release()
    with pytest.raises(ConfigError, match="staging"):
        provider(environ={**flagged.environ, "TERRACE_ENV": "staging"}, optional=True)


def test_optional_flags_are_the_applications_own_until_they_come(flagged: Flagged, client_of: Start) -> None:
    client, made = client_of(flagged, optional=True)
    found = client.get_boolean_details("menu-allergens", False)
    assert (found.value, found.reason, found.error_code) == (False, "DEFAULT", None)
    assert made.status.state == "degraded"
    flagged.release()
    until(lambda: client.get_boolean_value("menu-allergens", False), "the first release")
    until(lambda: client.get_provider_status() is ProviderStatus.READY, "that it is ready")


def test_optional_flags_need_no_source_at_all(client_of: Start, flagged: Flagged) -> None:
    made = provider(environ={}, optional=True)
    assert made.resolve_boolean_details("a", True).value is True
    made.initialize(EvaluationContext())
    assert made.live.refresh() is False
    made.shutdown()


def test_a_last_good_copy_stands_in_and_the_provider_is_stale(flagged: Flagged, client_of: Start) -> None:
    environ = {"TERRACE_LAST_GOOD": str(flagged.folder / "copies")}
    flagged.release()
    provider(environ={**flagged.environ, **environ}, follow=False)
    shutil.rmtree(flagged.root)
    client, made = client_of(flagged, environ=environ)
    assert client.get_boolean_value("menu-allergens", False) is True
    assert made.status.age is not None
    until(lambda: client.get_provider_status() is ProviderStatus.STALE, "that it is stale")


def test_a_copy_of_the_configuration_and_one_of_the_flags_stand_in_one_folder(world: World) -> None:
    flagged = Flagged(world.folder)
    copies = str(world.folder / "copies")
    world.deploy()
    flagged.release()
    environ = {"TERRACE_LAST_GOOD": copies}
    with world.watch(environ=environ) as handle:
        digest = handle.status.digest
    made = provider(environ={**flagged.environ, **environ}, follow=False)
    shutil.rmtree(world.root)
    with world.watch(environ=environ) as handle:
        assert handle.status.digest == digest
    again = provider(environ={**flagged.environ, **environ}, follow=False)
    assert again.status.digest == made.status.digest


def test_flags_lie_beside_the_service_that_is_the_source(world: World) -> None:
    flagged = Flagged(world.folder)
    world.deploy()
    flagged.release()
    made = provider(environ={**flagged.environ, "TERRACE_SOURCE": str(world.service)}, follow=False)
    assert made.resolve_boolean_details("menu-allergens", False).value is True
    # And they are no service among which a configuration is looked for.
    with world.watch(environ={"TERRACE_SERVICE": ""}) as handle:
        assert handle.status.service == "kitchen"


def test_flags_come_from_a_packed_file_and_a_source_of_their_own(flagged: Flagged) -> None:
    from terrace.bundle.packed import pack

    packed = flagged.folder / "flags.tar"
    pack(flagged.seal(), packed)
    environ = {**flagged.environ, "TERRACE_FLAGS_SOURCE": str(packed)}
    made = provider(environ=environ, follow=False)
    assert made.resolve_boolean_details("menu-allergens", False).value is True


def test_no_evaluation_sees_two_releases_while_a_thousand_are_exchanged(flagged: Flagged) -> None:
    """Both flags always agree in one release; and one evaluation never fails, whatever is exchanged meanwhile."""
    bundles = [flagged.seal({f"f{i}": flag(state) for i in range(20)}) for state in ("on", "off")]
    made = provider(source=bundles[0], environ=flagged.environ, follow=False)
    stop, wrong = threading.Event(), []
    seen: set[bool] = set()

    def evaluate() -> None:
        while not stop.is_set():
            flags = made.flags
            values = {flags.resolve(f"f{i}", {}).value for i in range(20)}
            found = made.resolve_boolean_details("f3", False)
            seen.update(values)
            if len(values) != 1 or found.error_code is not None:
                wrong.append((values, found))

    threads = [threading.Thread(target=evaluate) for _ in range(4)]
    for thread in threads:
        thread.start()
    from terrace.bundle import open_bundle

    opened = [open_bundle(bundle) for bundle in bundles]
    releases = [made.live._read(bundle, None) for bundle in opened]
    for number in range(1000):
        made.live._exchange(releases[number % 2], opened[number % 2])
        time.sleep(0)
    until(lambda: seen == {True, False}, "both releases")
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert made.status.reloads == 1000


def test_evaluations_are_counted_by_what_they_came_to(flagged: Flagged) -> None:
    flagged.release()
    made = provider(environ=flagged.environ, follow=False)
    acme = EvaluationContext(attributes={"tenant": "acme"})
    for _ in range(3):
        made.resolve_boolean_details("for-some", False, acme)
    made.resolve_boolean_details("for-some", False)
    made.resolve_string_details("limit", "")
    for number in range(100):
        made.resolve_boolean_details(f"junk-{number}", False)
    assert {tuple(series): number for series, number in made.counts.now.items()} == {
        ("production", "for-some", "on", "acme", "TARGETING_MATCH"): 3,
        ("production", "for-some", "off", "", "DEFAULT"): 1,
        ("production", "limit", "", "", "ERROR"): 1,
        ("production", "(other)", "", "", "ERROR"): 100,
    }


def test_a_tenant_that_is_no_text_is_counted_and_breaks_nothing(flagged: Flagged) -> None:
    flagged.release()
    made = provider(environ=flagged.environ, follow=False)
    strange: Any = ["acme", {"a": 1}]
    made.resolve_boolean_details("menu-allergens", False, EvaluationContext(attributes={"tenant": strange}))
    assert [series.tenant for series in made.counts.now] == ["(other)"]


def test_hooks_of_the_application_run(flagged: Flagged, client_of: Start) -> None:
    from openfeature.hook import Hook

    told: list[Any] = []

    class Listening(Hook):
        def after(self, hook_context: Any, details: Any, hints: Any) -> None:
            told.append((details.flag_key, details.variant))

        def error(self, hook_context: Any, exception: Exception, hints: Any) -> None:
            told.append((hook_context.flag_key, type(exception).__name__))

    flagged.release()
    client, _ = client_of(flagged)
    client.add_hooks([Listening()])
    client.get_boolean_value("menu-allergens", False)
    client.get_boolean_value("no-such", False)
    client.track("bought")
    assert told == [("menu-allergens", "on"), ("no-such", "FlagNotFoundError")]


def test_after_the_shutdown_nothing_is_followed_and_flags_stay(flagged: Flagged, client_of: Start) -> None:
    flagged.release()
    _, made = client_of(flagged)
    made.shutdown()
    flagged.release({"menu-allergens": flag("off")})
    assert not any(thread.name == "terrace-watch" for thread in threading.enumerate())
    assert made.resolve_boolean_details("menu-allergens", False).value is True


def test_a_test_forces_variants_and_gets_everything_back(terrace_flags: Any) -> None:
    made = provider_of({"menu-allergens": False, "limit": 3, "for-some": KITCHEN["for-some"]})

    def told() -> tuple[Any, ...]:
        return (
            made.resolve_boolean_details("menu-allergens", True).value,
            made.resolve_boolean_details("for-some", False).value,
            made.resolve_integer_details("limit", 0).value,
        )

    assert told() == (False, False, 3)
    with force(made, {"menu-allergens": "on", "for-some": "on"}):
        assert told() == (True, True, 3)
        with force(made, {"menu-allergens": "off"}):
            assert told() == (False, True, 3)
        assert made.resolve_boolean_details("for-some", False).reason == "STATIC"
    assert told() == (False, False, 3)
    terrace_flags(made, {"menu-allergens": "on"})
    assert told() == (True, False, 3)
    with pytest.raises(UsageError, match="no variant 'maybe'"), force(made, {"menu-allergens": "maybe"}):
        pass
    with pytest.raises(UsageError, match="no flag 'nope'"), force(made, {"nope": "on"}):
        pass
