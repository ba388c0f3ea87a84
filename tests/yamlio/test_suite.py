"""The public YAML test suite: valid cases read to their value or are refused by a stated restriction, invalid ones are
findings. `docs/yaml.md` states the restrictions."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from terrace.model.findings import Finding
from terrace.yamlio import load, read
from terrace.yamlio.text import decode
from tests.data import shared

# What Terrace does not read on purpose, whatever the case is about: key types, tags, anchors, several documents.
ON_PURPOSE = {"SYN007", "SYN008", "SYN009", "SYN010"}
LIBYAML = {
    "directives other than %YAML 1.2": {"2LFX", "BEC7"},
    "a tab between the signs of block lists and before the first token": {"6BCT", "6CA3", "A2M4", "Q5MG", "Y79Y"},
    "a tab in the first line of a block scalar": {"96NN", "R4YG", "Y79Y"},
    "a value in brackets that begins with a ':'": {"58MP", "5T43", "DBG4", "FRK4", "CFD4"},
    "a text in brackets that begins with a '?'": {"652Z"},
    "a key in brackets that spans lines": {"5MUD", "9SA2", "NJ66"},
    "a block scalar at the top that is not indented": {"FP8R"},
}


class Case(NamedTuple):
    """One text of the suite: None for `values` where the suite gives none."""

    suite_id: str
    text: str
    fails: bool
    values: list[Any] | None


def cases() -> list[Case]:
    """Every case, in the order of the files; a field that a case leaves out is that of the case before it."""
    found = []
    for path in sorted(shared("yaml-test-suite", "src").glob("*.yaml")):
        before: dict[str, str] = {}
        for written in yaml.load(path.read_text(encoding="utf-8"), yaml.CBaseLoader):
            before = {**before, "fail": "", **written}
            values = _json(written["json"]) if "json" in written else None
            found.append(Case(path.stem, _text(before["yaml"]), before["fail"] == "true", values))
    return found


def _text(written: str) -> str:
    """The suite's visible stand-ins turned into the characters that they stand for."""
    written = re.sub("—*»", "\t", written.replace("␣", " "))
    written = written.replace("⇔", "\ufeff").replace("↵", "").replace("←", "\r")
    return re.sub("∎\n$", "", written)


def _json(written: str) -> list[Any]:
    values, rest, decoder = [], written.strip(), json.JSONDecoder()
    while rest:
        value, end = decoder.raw_decode(rest)
        values.append(value)
        rest = rest[end:].lstrip()
    return values


def look(text: str) -> tuple[Any, list[Finding]]:
    decoded, findings = decode("", text.encode())
    if decoded is None or findings:
        return None, findings
    return load(decoded)


def is_stated(case: Case, codes: set[str]) -> bool:
    return bool(codes & ON_PURPOSE) or any(case.suite_id in ids for ids in LIBYAML.values())


def test_every_valid_case_reads_to_its_value_or_is_refused_as_stated() -> None:
    wrong, read_well = [], 0
    for case in (case for case in cases() if not case.fails):
        value, findings = look(case.text)
        if findings:
            if not is_stated(case, {finding.code for finding in findings}):
                wrong.append((case, findings))
        elif case.values is not None and case.values not in ([value], []):
            wrong.append((case, value))
        else:
            read_well += 1
    assert wrong == []
    assert read_well > 75


def test_no_restriction_is_stated_for_nothing() -> None:
    refused = {case.suite_id for case in cases() if not case.fails and look(case.text)[1]}
    assert set().union(*LIBYAML.values()) - refused == set()


def test_every_invalid_case_is_a_finding() -> None:
    invalid = [case for case in cases() if case.fails]
    assert len(invalid) > 45
    assert [case for case in invalid if not look(case.text)[1]] == []


def test_the_reader_gives_a_document_exactly_for_maps_that_read() -> None:
    for case in cases():
        value, findings = look(case.text)
        document, more = read("x.yaml", case.text.encode())
        if isinstance(value, dict):
            assert document is not None, case
            assert document.value == value
        else:
            assert document is None, case
            assert {f.code for f in more} >= {f.code for f in findings}, case
            assert more, case


def test_a_missing_folder_that_was_named_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TERRACE_TEST_DATA", str(tmp_path))
    with pytest.raises(pytest.fail.Exception, match="TERRACE_TEST_DATA"):
        shared("nothing")


def test_an_absent_folder_is_skipped_outside_ci_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TERRACE_TEST_DATA", raising=False)
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="TERRACE_TEST_DATA"):
        shared("nothing")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="TERRACE_TEST_DATA"):
        shared("nothing")
