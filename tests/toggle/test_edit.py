"""A toggle changes the one line that it must."""

from __future__ import annotations

from datetime import date
from difflib import ndiff
from pathlib import Path

import pytest

from terrace.errors import RefusedError, TerraceError, UsageError
from terrace.toggle import Action, Toggle, refuse, toggle
from tests.git.conftest import Repo
from tests.toggle.conftest import AREA, PATH

KEY = "checkout-v2"
TODAY = date(2026, 11, 24)


def lines(found: Toggle) -> list[str]:
    """What goes and what comes."""
    changed = ndiff(found.before.splitlines(), found.after.splitlines())
    return [line[0] + line[2:].strip() for line in changed if line[0] in "+-"]


def after(shop: Repo, action: Action) -> Toggle:
    return toggle(shop.path, action, at="HEAD", today=TODAY)


@pytest.mark.parametrize(
    ("action", "changed"),
    [
        (Action("off", KEY, "production"), ["+enabled: false"]),
        (
            Action("off", KEY, "development"),
            [
                "-development: {default: on}    # all of us",
                "+development: {default: on, enabled: false}    # all of us",
            ],
        ),
        (Action("on", KEY, "staging"), ["+staging: {default: on}"]),
        (Action("set", KEY, "production", "on"), ["-default: off   # for now", "+default: on   # for now"]),
        (Action("set", KEY, "production", None), ["-default: off   # for now", "+default: null   # for now"]),
        (Action("set", "limit", "staging", "large"), ["-default: 'small'", "+default: 'large'"]),
        (
            Action("set", KEY, "production", rule="the rest", rollout={"on": 50, "off": 50}),
            [
                "-- {name: the rest, rollout: {on: 20, off: 80}, by: tenant}  # growing",
                "+- {name: the rest, rollout: {on: 50, off: 50}, by: tenant}  # growing",
            ],
        ),
        (
            Action("set", KEY, "production", "on", rule="the rest"),
            [
                "-- {name: the rest, rollout: {on: 20, off: 80}, by: tenant}  # growing",
                "+- {name: the rest, serve: on}  # growing",
            ],
        ),
        (Action("kill", KEY, "production", reason="it burns"), ["+kill: true", "+reason: it burns"]),
        (Action("kill", KEY, "staging", reason="a: b"), ['+staging: {kill: true, reason: "a: b"}']),
        (
            Action("promote", KEY, "development", source="staging"),
            ["-development: {default: on}    # all of us", "+development: {enabled: false}    # all of us"],
        ),
        (
            Action("promote", "limit", "production", source="staging"),
            ["+production: {default: small}"],
        ),
    ],
    ids=lambda value: value.subject if isinstance(value, Action) else "",
)
def test_only_what_was_meant_changes(shop: Repo, action: Action, changed: list[str]) -> None:
    found = after(shop, action)
    assert lines(found) == changed
    assert not found.refused


def test_an_environment_that_inherits_gets_one_line_that_keeps_what_it_had(shop: Repo) -> None:
    assert lines(after(shop, Action("off", KEY, "eu"))) == [
        "+eu: {default: off, rules: [{name: staff, when: {segment: staff}, serve: on}, "
        "{name: the rest, rollout: {on: 20, off: 80}, by: tenant}], enabled: false}"
    ]


def test_on_takes_a_kill_back_with_its_reason(shop: Repo) -> None:
    before = shop.path / PATH
    for action in (Action("kill", KEY, "production", reason="it burns"), Action("on", KEY, "production")):
        before.write_text(toggle(shop.path, action, today=TODAY).after)
    assert before.read_text() == AREA


def test_on_keeps_a_state_of_its_own_where_only_the_kill_was_in_it(shop: Repo) -> None:
    text = AREA.replace("      # careful", "      eu: {kill: true, reason: fire}\n      # careful")
    shop.write({PATH: text})
    found = toggle(shop.path, Action("on", KEY, "eu"), today=TODAY)
    assert lines(found) == ["-eu: {kill: true, reason: fire}", "+eu: {kill: false}"]


def test_what_is_so_already_changes_nothing(shop: Repo) -> None:
    for action in (
        Action("on", KEY, "production"),
        Action("off", KEY, "staging"),
        Action("set", KEY, "development", "on"),
        Action("promote", KEY, "eu", source="production"),
    ):
        assert not after(shop, action).changes


def test_promoting_changes_only_the_parts_that_differ_and_leaves_a_kill(shop: Repo) -> None:
    shop.write({PATH: AREA.replace("default: off   # for now", "default: off   # for now\n        kill: true")})
    found = toggle(shop.path, Action("promote", KEY, "production", source="development"), today=TODAY)
    assert "        default: on   # for now\n        kill: true\n  limit:" in found.after
    assert "# careful here" in found.after


def test_lines_end_as_they_ended(shop: Repo) -> None:
    (shop.path / PATH).write_bytes(AREA.replace("\n", "\r\n").encode())
    found = toggle(shop.path, Action("kill", KEY, "production", reason="x"), today=TODAY)
    assert found.after.count("\r\n") == found.after.count("\n") == AREA.count("\n") + 2


def test_a_new_flag_is_written_as_people_write_it(shop: Repo) -> None:
    block = {
        "type": "boolean",
        "owner": "me",
        "created": "2026-11-24",
        "expires": "2027-01-01",
        "variants": {"on": True, "off": False},
        "off_variant": "off",
    }
    found = after(shop, Action("new", "search", area="search", block=block))
    assert found.path == "flags/search.yaml"
    assert found.after == (
        "flags:\n  search:\n    type: boolean\n    owner: me\n    created: 2026-11-24\n    expires: 2027-01-01\n"
        "    variants: {on: true, off: false}\n    off_variant: off\n"
    )
    assert not found.refused


def test_an_archived_flag_takes_its_tests_along_and_leaves_the_others(shop: Repo) -> None:
    found = after(shop, Action("archive", KEY, reason="for everybody", day="2026-11-24"))
    assert KEY not in found.after.split("archived:")[0]
    assert "  - {flag: limit, environment: production, context: {}, expect: small}\n" in found.after
    assert "archived:\n  checkout-v2: {type: boolean, day: 2026-11-24, reason: for everybody}\n" in found.after
    assert not found.refused


def test_the_register_of_types_follows(shop: Repo) -> None:
    register = '{"$comment": "x", "types": {"checkout-v2": "boolean", "limit": "integer"}}\n'
    shop.write({"schemas/generated/flags.json": register})
    found = toggle(shop.path, Action("archive", "limit", reason="gone", day="2026-11-24"), today=TODAY)
    assert '"checkout-v2": "boolean"' in found.also["schemas/generated/flags.json"]
    assert '"limit"' not in found.also["schemas/generated/flags.json"]
    assert not found.refused


def test_outcomes_name_those_that_inherit(shop: Repo) -> None:
    found = after(shop, Action("kill", KEY, "production", reason="it burns"))
    changed = {each.environment: (each.after, each.takes) for each in found.outcomes if each.changed}
    said = "killed: the application's own default (it burns)"
    assert changed == {"production": (said, ""), "eu": (said, "production")}
    assert [each.environment for each in found.outcomes] == ["development", "staging", "production", "eu"]


@pytest.mark.parametrize(
    ("action", "error", "said"),
    [
        (Action("on", "checkout-v3", "production"), UsageError, "no flag 'checkout-v3'"),
        (Action("on", KEY, "prod"), UsageError, "no environment 'prod'"),
        (Action("set", KEY, "production", "onn"), UsageError, "no variant 'onn'"),
        (Action("set", KEY, "production", "on", rule="sta"), UsageError, "no rule of checkout-v2 in production"),
        (Action("set", KEY, "production", rollout={"on": 100}), UsageError, "shares are those of a rule"),
        (Action("kill", KEY, "production"), UsageError, "a kill needs a reason"),
        (Action("on", "limit", "production"), UsageError, "which variant is meant"),
        (Action("new", KEY, area="other"), RefusedError, "there is a flag"),
        (Action("archive", KEY), UsageError, "say why"),
    ],
)
def test_what_makes_no_sense_says_so(shop: Repo, action: Action, error: type[TerraceError], said: str) -> None:
    with pytest.raises(error, match=said):
        after(shop, action)


def test_an_edit_that_brings_an_error_is_refused(shop: Repo) -> None:
    """A rollout whose shares do not make a whole."""
    found = after(shop, Action("set", KEY, "production", rule="the rest", rollout={"on": 500, "off": 50}))
    with pytest.raises(RefusedError, match="the edit is not made"):
        refuse(found)


def test_flags_that_cannot_be_read_are_not_changed(shop: Repo) -> None:
    shop.write({PATH: AREA + "\t- x\n"})
    with pytest.raises(RefusedError, match=r"flags/payments.yaml"):
        toggle(shop.path, Action("on", KEY, "production"), today=TODAY)


def test_no_flags_say_how_to_begin(shop: Repo, tmp_path: Path) -> None:
    shop.git("rm", "-q", PATH)
    with pytest.raises(UsageError, match="there are no flags here"):
        toggle(shop.path, Action("on", KEY, "production"))
