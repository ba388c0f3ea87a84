"""The text of an area after an action: one line is another, wherever that can be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from terrace import yamlio
from terrace.errors import RefusedError, TerraceError, UsageError
from terrace.flags.states import lineage
from terrace.model.closest import named
from terrace.model.entities import Environment
from terrace.model.layers import value_at
from terrace.model.source import Document, Pointer
from terrace.toggle.action import Action
from terrace.yamlio import Flow, Plain

_OF_A_KILL = ("kill", "reason")


def edited(document: Document, action: Action, environments: Mapping[str, Environment]) -> str:
    """The text of `document`, which holds the flag, after what is wanted of its state in an environment."""
    named(action.environment, environments, "environment")
    sheet = Sheet(document)
    at: Pointer = ("flags", action.flag, "environments", action.environment)
    flag: dict[str, Any] = document.value["flags"][action.flag]
    state, here = _state(flag, action.environment, environments)
    if action.verb == "promote":
        named(action.source, environments, "environment")
        before, _ = _state(flag, action.source, environments)
        wanted = dict(before) if before else {"enabled": False}
        kept = {name: state[name] for name in _OF_A_KILL if name in state}
        wanted = {**{name: said for name, said in wanted.items() if name not in _OF_A_KILL}, **kept}
    elif action.verb == "restore":
        if not action.block:
            return _without(sheet, at) if here else document.text
        # What it would take from another environment may change there: what was written is written again.
        state, wanted = state if here else {}, dict(action.block)
    else:
        wanted = _wanted(flag, state, action)
    if wanted == state:
        return document.text
    if not here:
        sheet.set(at, Flow(wanted))
        return sheet.document.text
    for pointer, value in _differences(state, wanted, at):
        sheet.set(pointer, value)
    for pointer in _gone(state, wanted, at):
        sheet.unset(pointer)
    return sheet.document.text


def _without(sheet: Sheet, at: Pointer) -> str:
    sheet.unset(at)
    return sheet.document.text


class Sheet:
    """A document that is edited step by step, in the way in which it is written."""

    def __init__(self, document: Document) -> None:
        self.document = document

    def set(self, pointer: Pointer, value: Any) -> None:
        """Put a value into its place."""
        self._take(yamlio.set_value(self.document, pointer, as_written(self.document.text, value)))

    def unset(self, pointer: Pointer) -> None:
        """Take an entry out."""
        self._take(yamlio.unset(self.document, pointer))

    def drop(self, pointer: Pointer, index: int) -> None:
        """Take an item out of a list: its lines, where it has lines of its own, else the list is written anew."""
        items = value_at(self.document.value, pointer)
        others = [*items[:index], *items[index + 1 :]]
        span = self.document.at((*pointer, index)).span
        assert span is not None, "it was read from a text"
        lines = self.document.text.split("\n")
        # An item that has lines of its own in block style ends where the next one begins.
        last = span.end_line if span.end_column > 1 else span.end_line - 1
        text = "\n".join([*lines[: span.line - 1], *lines[last:]])
        document, _ = yamlio.read(self.document.path, text.encode())
        if document is not None and value_at(document.value, pointer) == others:
            self.document = document
        else:
            self.set(pointer, others)

    def _take(self, text: str) -> None:
        document, findings = yamlio.read(self.document.path, text.encode())
        if document is None:
            raise TerraceError(f"{findings[0].location}: the edit would leave the file unreadable")
        self.document = document


def as_written(text: str, value: Any) -> Any:
    """`value` with words such as `on` without quotes, where they stand without quotes in `text`."""
    if isinstance(value, dict):
        return type(value)({as_written(text, key): as_written(text, said) for key, said in value.items()})
    if isinstance(value, list):
        return [as_written(text, said) for said in value]
    if isinstance(value, str):
        return value if re.search(rf"""(["']){re.escape(value)}\1""", text) else Plain(value)
    return value


def _state(
    flag: Mapping[str, Any], environment: str, environments: Mapping[str, Environment]
) -> tuple[dict[str, Any], bool]:
    """What the file says of an environment, or of the one it takes its state from; and whether it is the first."""
    said = flag.get("environments")
    said = said if isinstance(said, dict) else {}
    for name in lineage(environment, environments):
        if name in said:
            return dict(said[name] or {}), name == environment
    return {}, False


def _wanted(flag: Mapping[str, Any], state: dict[str, Any], action: Action) -> dict[str, Any]:
    """The state as it is to be."""
    if action.verb == "on":
        return _on(flag, state, action)
    if action.verb == "off":
        return {**state, "enabled": False} if state else state
    if action.verb == "kill":
        if not action.reason.strip():
            raise UsageError("a kill needs a reason", hint="--reason WHY: it stands beside it, and in the commit")
        return {**state, "kill": True, "reason": " ".join(action.reason.split())}
    if action.variant is not None and (action.variant or not action.rollout):
        named(action.variant, flag.get("variants") or {}, "variant")
    if action.rule:
        return {**state, "rules": _with_rule(flag, state.get("rules"), action)}
    if action.rollout:
        raise UsageError("shares are those of a rule", hint="Name it: --rule NAME --rollout on=20,off=80")
    return {**state, "default": action.variant}


def _on(flag: Mapping[str, Any], state: dict[str, Any], action: Action) -> dict[str, Any]:
    if not state:
        means_yes = [name for name, value in (flag.get("variants") or {}).items() if value is True]
        if not means_yes:
            raise UsageError(
                f"{action.flag} is nowhere near {action.environment} yet, and which variant is meant by on is not said",
                hint=f"Say it: terrace flags set {action.flag} VARIANT --env {action.environment}",
            )
        return {"default": means_yes[0]}
    wanted = {name: said for name, said in state.items() if not (state.get("kill") is True and name in _OF_A_KILL)}
    if state.get("enabled") is False:
        wanted["enabled"] = True
    # A state with nothing in it would be none: the one of the environment that this extends.
    return wanted or {"kill": False}


def _with_rule(flag: Mapping[str, Any], rules: object, action: Action) -> list[Any]:
    listed = [dict(rule) for rule in rules if isinstance(rule, dict)] if isinstance(rules, list) else []
    names = {str(rule.get("name")): index for index, rule in enumerate(listed) if rule.get("name")}
    index = named(action.rule, names, f"rule of {action.flag} in {action.environment}:")
    rule = listed[index]
    if action.rollout:
        for variant in action.rollout:
            named(variant, flag.get("variants") or {}, "variant")
        rule.pop("serve", None)
        rule["rollout"] = dict(action.rollout)
    else:
        if action.variant is None:
            raise UsageError(
                "a rule serves a variant", hint="The application's own default is for `set` without --rule."
            )
        rule.pop("rollout", None)
        rule.pop("by", None)
        rule["serve"] = action.variant
    return listed


def _differences(before: Any, after: Any, at: Pointer) -> Iterator[tuple[Pointer, Any]]:
    """The places, as deep as they can be, that are to have another value."""
    if isinstance(before, dict) and isinstance(after, dict) and before and after:
        for name, said in after.items():
            if name not in before:
                yield (*at, name), Flow(said) if isinstance(said, dict) else said
            else:
                yield from _differences(before[name], said, (*at, name))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _differences(one, other, (*at, index))
    elif repr(before) != repr(after):
        yield at, after


def _gone(before: Any, after: Any, at: Pointer) -> Iterator[Pointer]:
    """The entries that are not to be there any more, as far as their parents stay."""
    if isinstance(before, dict) and isinstance(after, dict) and after:
        for name, said in before.items():
            if name not in after:
                yield (*at, name)
            else:
                yield from _gone(said, after[name], (*at, name))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _gone(one, other, (*at, index))


def archived(document: Document, action: Action) -> str:
    """The text of `document` without the flag and the tests of it, its key among those that were."""
    sheet = Sheet(document)
    flag = document.value["flags"][action.flag]
    tests = document.value.get("tests")
    of_flag = [
        index
        for index, test in enumerate(tests if isinstance(tests, list) else ())
        if isinstance(test, dict) and test.get("flag") == action.flag
    ]
    if of_flag and isinstance(tests, list) and len(of_flag) == len(tests):
        sheet.unset(("tests",))
    else:
        for index in reversed(of_flag):
            sheet.drop(("tests",), index)
    if not action.reason.strip():
        raise UsageError("say why it goes", hint="--reason WHY: it stands beside its key from now on")
    why = " ".join(action.reason.split())
    sheet.set(("archived", action.flag), Flow({"type": flag.get("type"), "day": action.day, "reason": why}))
    sheet.unset(("flags", action.flag))
    return sheet.document.text


def begun(document: Document | None, path: str, action: Action) -> str:
    """The text of an area, which may not be there yet, with a new flag behind the others."""
    sheet = Sheet(document or Document(path, "", {}, lambda _: {}))
    if action.flag in (sheet.document.value.get("flags") or {}):
        raise RefusedError(f"there is a flag {action.flag!r} already, in {path}", hint="Choose another key.")
    block = {name: Flow(said) if isinstance(said, dict) else said for name, said in action.block.items()}
    sheet.set(("flags", action.flag), block)
    return sheet.document.text
