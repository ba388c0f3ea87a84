"""A real `terrace serve` gives what OFREP's cases, flagd's buckets and OpenFeature's own provider for Python expect."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import pytest
import requests
from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import Reason

from tests.data import shared
from tests.server.conftest import Shop, Tokens, eventually
from tests.server.flags.conftest import TENANTS, FlagShop, flag
from tests.server.process import serving

ALL = "/ofrep/v1/evaluate/flags"


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


def test_the_cases_for_servers_of_ofrep(shop: Shop, flags: FlagShop, session: requests.Session) -> None:
    folder = shared("flags", "ofrep")
    flags.release_all(json.loads((folder / "ofrep-flags.json").read_text()), "ofrep-test")
    cases = json.loads((folder / "ofrep-cases.json").read_text())["cases"]
    with serving(shop, "--rate", "0", "--no-access-log") as running:
        found = {case["name"]: _problem(session, f"http://127.0.0.1:{running.port}", case) for case in cases}
    assert {name: problem for name, problem in found.items() if problem} == {}
    assert len(found) >= 19


def test_subjects_are_in_the_buckets_of_flagd(shop: Shop, flags: FlagShop, session: requests.Session) -> None:
    given = json.loads((shared("flags", "vectors") / "bucketing-v3-sample.json").read_text())
    flags.release_all({**given["flags"], "metadata": {"fractional": "v3"}})
    wrong = []
    with serving(shop, "--rate", "0", "--no-access-log", "--workers", "2") as running:
        for key, subject, variant, _ in given["cases"]:
            url = f"http://127.0.0.1:{running.port}{ALL}/{quote(key, safe='')}"
            got = session.post(url, json={"context": {"targetingKey": subject, "tenant": subject}}, timeout=30).json()
            if got["variant"] != variant:
                wrong.append((key, subject, variant, got))
    assert wrong == []


def test_openfeatures_provider_for_python_gets_what_is_meant(shop: Shop, flags: FlagShop, tokens_file: Tokens) -> None:
    flags.release(
        **{"team/checkout": flag(targeting=TENANTS)}, off=flag(state="DISABLED"), none=flag(defaultVariant=None),
        ten=flag(variants={"x": 10.0, "y": 0.5}, defaultVariant="x"),
        seats=flag(variants={"x": 10}, defaultVariant="x"), text=flag(variants={"x": "é"}, defaultVariant="x"),
        data=flag(variants={"x": {"a": [1, None]}}, defaultVariant="x"),
    )  # fmt: skip
    token = tokens_file.make("application", may=["flags"])
    with serving(shop, "--tokens", str(tokens_file.path), "--no-access-log") as running:
        base = f"http://127.0.0.1:{running.port}/env/production"
        provider = OFREPProvider(base, headers_factory=lambda: {"Authorization": f"Bearer {token}"})
        api.set_provider(provider)
        try:
            client = api.get_client()
            acme = EvaluationContext("user-1", {"tenant": "acme"})
            got = client.get_boolean_details("team/checkout", False, acme)
            assert (got.value, got.variant, got.reason) == (True, "on", Reason.TARGETING_MATCH)
            assert got.flag_metadata["flagSetId"] == "production"
            assert client.get_boolean_value("off", True) is True
            assert client.get_boolean_details("off", True).error_code is None
            assert client.get_boolean_details("none", True).error_code is None
            assert client.get_float_value("ten", 0.0) == 10.0
            assert client.get_float_details("ten", 0.0).error_code is None
            assert client.get_integer_value("seats", 0) == 10
            assert client.get_string_value("text", "") == "é"
            assert client.get_object_value("data", {}) == {"a": [1, None]}
            assert client.get_boolean_details("nope", True).error_code == "FLAG_NOT_FOUND"
        finally:
            api.clear_providers()


def test_every_worker_tells_of_a_release_and_serves_it_then(
    shop: Shop, flags: FlagShop, session: requests.Session
) -> None:
    flags.release(a=flag())
    with serving(shop, "--rate", "0", "--no-access-log", "--workers", "2") as running:
        base = f"http://127.0.0.1:{running.port}"
        streams = []
        for _ in range(8):
            said = requests.post(f"{base}{ALL}", json={}, timeout=30).json()["eventStreams"][0]
            streams.append(
                requests.get(base + said["endpoint"]["requestUri"], stream=True, timeout=30)
            )  # fmt: skip
        flags.release(a=flag(defaultVariant="on"))
        for stream in streams:
            lines = (line.decode() for line in stream.iter_lines())
            event = json.loads(next(line for line in lines if line.startswith("data: "))[6:])
            # Whichever worker is asked: on a connection of its own, again and again.
            for _ in range(4):
                got = requests.post(f"{base}{ALL}?flagConfigEtag={event['etag']}", json={}, timeout=30).json()
                assert got["flags"][0]["value"] is True
            stream.close()
        assert running.stop() == 0


def test_streams_end_when_the_process_is_told_to_stop(shop: Shop, flags: FlagShop) -> None:
    flags.release(a=flag())
    with serving(shop, "--no-access-log") as running:
        base = f"http://127.0.0.1:{running.port}"
        said = requests.post(f"{base}{ALL}", json={}, timeout=30).json()["eventStreams"][0]
        with requests.get(base + said["endpoint"]["requestUri"], stream=True, timeout=30) as stream:
            assert running.stop() in (0, -signal.SIGTERM)
            assert b": closing" in b"".join(stream.iter_content(None))


def test_tickets_and_tokens_are_never_logged(shop: Shop, flags: FlagShop, tokens_file: Tokens) -> None:
    flags.release(a=flag())
    token = tokens_file.make("application", may=["flags"])
    with serving(shop, "--tokens", str(tokens_file.path)) as running:
        base = f"http://127.0.0.1:{running.port}"
        got = requests.post(f"{base}{ALL}", json={}, headers={"X-API-Key": token}, timeout=30)
        uri = got.json()["eventStreams"][0]["endpoint"]["requestUri"]
        requests.get(base + uri, stream=True, timeout=30).close()
        requests.get(f"{base}/ofrep/v1/events?token=nope", timeout=30)
        eventually(lambda: any('"status":401' in line for line in running.said))
        running.stop()
        said = "".join(running.said)
    assert uri.partition("token=")[2] not in said
    assert token not in said
    assert '"flags":"all"' in said


def test_headers_without_end_are_refused(shop: Shop, flags: FlagShop) -> None:
    import socket

    flags.release(a=flag())
    with serving(shop, "--no-access-log") as running, socket.create_connection(("127.0.0.1", running.port), 30) as end:
        end.sendall(b"POST /ofrep/v1/evaluate/flags HTTP/1.1\r\nHost: x\r\nX-Long: ")
        got = b""
        with suppress(OSError):
            for _ in range(1000):
                end.sendall(b"a" * 65536)
        with suppress(OSError):
            got = end.recv(100)
        assert got[:12] in (b"HTTP/1.1 400", b"")


def _problem(session: requests.Session, base: str, case: Mapping[str, Any]) -> str:
    """What is not as a case has it; empty if everything is."""
    tag = ""
    for step in case.get("steps", [case]):
        asked, wanted = step["request"], step["expect"]
        headers = {"content-type": "application/json", **asked.get("headers", {})}
        if asked.get("if_none_match") == "saved":
            headers["if-none-match"] = tag
        body = json.dumps(asked["json"]) if "json" in asked else asked.get("body", "")
        got = session.request(asked["method"], base + asked["path"], data=body.encode(), headers=headers, timeout=30)
        problems = [found for each in wanted.get("any_of", [wanted]) if (found := _differs(each, got)) == ""]
        if not problems:
            return _differs(wanted.get("any_of", [wanted])[0], got)
        tag = got.headers.get("etag", tag)
    return ""


def _differs(wanted: Mapping[str, Any], got: requests.Response) -> str:
    if got.status_code != wanted.get("status", got.status_code):
        return f"status {got.status_code}: {got.text[:200]}"
    if wanted.get("empty_body") and got.content:
        return "the body is not empty"
    for name, pattern in wanted.get("headers", {}).items():
        if not re.search(pattern, got.headers.get(name, "")):
            return f"{name}: {got.headers.get(name)}"
    said = json.loads(got.text) if {"json", "absent", "present", "bulk_keys", "bulk_items"} & set(wanted) else {}
    items = {each["key"]: each for each in said.get("flags", ())}
    wrong = [name for name in wanted.get("absent", ()) if name in said]
    wrong += [name for name in wanted.get("present", ()) if name not in said]
    wrong += [name for name, each in wanted.get("bulk_items", {}).items() if not _within(each, items.get(name))]
    if wrong or not _within(wanted.get("json", {}), said) or wanted.get("bulk_keys", sorted(items)) != sorted(items):
        return f"{wrong} {got.text[:300]}"
    return ""


def _within(wanted: Any, got: Any) -> bool:
    if isinstance(wanted, dict):
        return isinstance(got, dict) and all(
            name in got and _within(value, got[name]) for name, value in wanted.items()
        )
    return bool(wanted == got) and isinstance(wanted, bool) == isinstance(got, bool)
