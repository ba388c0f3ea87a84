"""A file of flags, read: what has the right form is there, with its place; the rest is left out and found elsewhere."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from terrace import yamlio
from terrace.flags.read import area_of
from terrace.flags.registry import kept
from terrace.load import Tree
from terrace.load_flags import Rosters, load_flags, types_in
from terrace.model.flag import Area, Flags
from terrace.model.source import Document
from terrace.validate.examples import FILES, MemorySource
from terrace.validate.flag_text import FLAG

FULL = (
    FLAG
    + """\
    kind: experiment
    tags: [web]
    links: {issue: S-1}
    salt: menu
    requires: [{flag: pictures, variant: on}]
    metadata: {level: 2}
    environments:
      production:
        default: null
        rules:
          - {name: a, when: {tenant: acme}, serve: on}
          - {rollout: {on: 20, off: 80}, by: tenant}
        progress: {variant: on, start: 2026-07-01T00:00:00Z, end: 2026-07-02T00:00:00Z, last: 50}
        schedule:
          - {at: 2026-08-01T00:00:00Z, default: on}
          - {at: 2026-09-01T00:00:00Z, rules: [], progress: null}
segments:
  staff: {description: us, when: {plan: staff}}
tests:
  - {flag: new-menu, environment: production, expect: null}
archived:
  old: {type: string, day: 2026-01-01, reason: gone}
"""
)


def read(text: str) -> Area:
    document, findings = yamlio.read("flags/shop.yaml", text.encode())
    assert findings == []
    assert document is not None
    return area_of(document)


def test_everything_in_a_file_is_read_with_its_place() -> None:
    area = read(FULL)
    (flag,) = area.flags
    assert area.name == "shop"
    assert (flag.key, flag.type, flag.kind, flag.salt, flag.tags) == (
        "new-menu",
        "boolean",
        "experiment",
        "menu",
        ("web",),
    )
    assert flag.variants == {"on": True, "off": False}
    assert flag.requires == (("pictures", "on"),)
    assert flag.document.at((*flag.pointer, "owner")).span
    state = flag.states["production"]
    assert state.default is None
    assert [(rule.serve, dict(rule.rollout), rule.by) for rule in state.rules] == [
        ("on", {}, "targetingKey"),
        ("", {"on": 20, "off": 80}, "tenant"),
    ]
    assert state.progress
    assert (state.progress.first, state.progress.last) == (0, 50)
    assert [segment.name for segment in area.segments] == ["staff"]
    assert [(test.flag, test.expect, test.pointer) for test in area.tests] == [("new-menu", None, ("tests", 0))]
    assert [(old.key, old.type) for old in area.archived] == [("old", "string")]


def test_an_entry_of_a_schedule_changes_only_what_it_names() -> None:
    state = read(FULL).flags[0].states["production"]
    (first, august), (second, september) = state.schedule
    assert (first, second) == ("2026-08-01T00:00:00Z", "2026-09-01T00:00:00Z")
    assert (august.default, august.rules, august.progress) == ("on", state.rules, state.progress)
    assert (september.default, september.rules, september.progress) == ("on", (), None)


def test_a_state_without_a_default_has_the_off_variant() -> None:
    area = read(FLAG + "    environments: {staging: {}, production: {kill: true, reason: it burns}}\n")
    states = area.flags[0].states
    assert states["staging"].default == "off"
    assert (states["production"].kill, states["production"].reason) == (True, "it burns")


_VALUES = st.sampled_from(
    [None, True, 5, 1.5, "x", [], ["x", 1, None, {}], {}, {"a": 1}, {"when": 3}, {"type": "boolean"}]
)


@given(st.data())
def test_nothing_that_a_file_may_say_keeps_the_others_from_being_read(data: st.DataObject) -> None:
    document, _ = yamlio.read("flags/shop.yaml", FULL.encode())
    assert document is not None
    value = copy.deepcopy(document.value)
    for _ in range(data.draw(st.integers(1, 3))):
        _spoil(value, data)
    area = area_of(Document("flags/shop.yaml", document.text, value, lambda _: {}))
    assert {flag.key for flag in area.flags} <= {"new-menu"}


def _spoil(value: Any, data: st.DataObject) -> None:
    """Put something else into any place of a value."""
    while isinstance(value, dict | list) and value:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        key = data.draw(st.sampled_from(keys))
        inner = value[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
            value[key] = copy.deepcopy(data.draw(_VALUES))
            return
        value = inner


def test_types_are_kept_until_a_flag_is_archived() -> None:
    flags = Flags((read(FULL),))
    assert kept({}, flags) == {"new-menu": "boolean"}
    assert kept({"new-menu": "string", "lost": "float", "old": "string"}, flags) == {
        "lost": "float",
        "new-menu": "string",
    }


def test_what_is_no_register_of_types_is_none() -> None:
    assert [types_in(data) for data in (b"{", b"[]", b'{"types": 1}', b"\xff")] == [None] * 4
    assert types_in(b'{"types": {"a": "string", "b": 1}}') == {"a": "string"}


def test_rosters_know_who_is_where_and_name_every_group_and_ring() -> None:
    files = {
        **FILES,
        "tenants/zen/tenant.yaml": "services: [app]\nenvironments: [staging]\ngroups: [silver]\nring: early\n",
        "tenants/broken/tenant.yaml": "services: [\n",
    }
    rosters = Rosters(Tree(MemorySource(files)))
    assert not rosters.were_asked
    production, staging = rosters.of("production"), rosters.of("staging")
    assert production.tenants == {"acme"}
    assert production.groups == {"gold": {"acme"}, "silver": frozenset()}
    assert production.rings == {"early": frozenset()}
    assert staging.groups == {"gold": {"acme"}, "silver": {"zen"}}
    assert rosters.everybody.tenants == {"acme", "zen", "broken"}
    assert rosters.were_asked


def test_only_files_directly_in_the_folder_are_areas() -> None:
    found = load_flags(
        Tree(MemorySource({"flags/a.yaml": FLAG, "flags/more/b.yaml": FLAG, "flags/c.yaml": "flags: ["}))
    )
    assert [area.name for area in found.flags.areas] == ["a"]
    assert [finding.location.path for finding in found.files.findings] == ["flags/c.yaml"]
    assert found.types is None
