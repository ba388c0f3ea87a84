"""A file of `flags/`, as an area. What is misshapen is left out: the JSON Schema finds it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard, cast, get_args

from terrace.model.flag import (
    Archived,
    Area,
    Flag,
    FlagRule,
    FlagState,
    FlagTest,
    FlagType,
    Progress,
    Requirement,
    Segment,
)
from terrace.model.source import Document

FOLDER = "flags"
BY = "targetingKey"
"""What tells subjects apart where a file does not say."""

_TYPES = get_args(FlagType)


def area_of(document: Document) -> Area:
    """Everything in the file that has the right form, in the order in which it stands there."""
    said = document.value
    return Area(
        document.path.removeprefix(f"{FOLDER}/").removesuffix(".yaml"),
        document,
        tuple(_flag(key, about, document) for key, about in _maps(said.get("flags")) if about.get("type") in _TYPES),
        tuple(_segments(said.get("segments"), document)),
        tuple(_tests(said.get("tests"), document)),
        tuple(
            Archived(
                key,
                _text(about.get("type")),
                _text(about.get("day")),
                _text(about.get("reason")),
                document,
                ("archived", key),
            )
            for key, about in _maps(said.get("archived"))
        ),
    )


def _flag(key: str, about: dict[str, Any], document: Document) -> Flag:
    return Flag(
        key,
        cast(FlagType, about["type"]),
        _map(about.get("variants")),
        _text(about.get("off_variant")),
        {name: _state(said, _text(about.get("off_variant"))) for name, said in _maps(about.get("environments"))},
        document,
        ("flags", key),
        description=_text(about.get("description")),
        owner=_text(about.get("owner")),
        created=_text(about.get("created")),
        expires=_text(about.get("expires")),
        permanent=about.get("permanent") is True,
        kind=_text(about.get("kind")) or "release",
        tags=_texts(about.get("tags")),
        links={name: link for name, link in _map(about.get("links")).items() if isinstance(link, str)},
        requires=tuple(
            Requirement(_text(each.get("flag")), _text(each.get("variant"))) for each in _list(about.get("requires"))
        ),
        salt=_text(about.get("salt")),
        metadata=_map(about.get("metadata")),
    )


def _state(said: dict[str, Any], off_variant: str) -> FlagState:
    """A state, with each state of its schedule worked out: what an entry does not name stays as it was before it.

    A state that names no default has the off variant for one.
    """
    now = _changed(FlagState(default=off_variant), said)._replace(
        kill=said.get("kill") is True,
        reason=_text(said.get("reason")),
        targeting=said["targeting"] if isinstance(said.get("targeting"), dict) else None,
    )
    schedule: list[tuple[str, FlagState]] = []
    later = now
    for entry in _list(said.get("schedule")):
        if isinstance(entry.get("at"), str):
            later = _changed(later, entry)
            schedule.append((entry["at"], later))
    return now._replace(schedule=tuple(schedule))


def _changed(state: FlagState, said: Mapping[str, Any]) -> FlagState:
    if isinstance(said.get("enabled"), bool):
        state = state._replace(enabled=said["enabled"])
    if "default" in said:
        state = state._replace(default=said["default"] if isinstance(said["default"], str) else None)
    if isinstance(said.get("rules"), list):
        state = state._replace(rules=tuple(_rule(each) for each in _list(said["rules"])), targeting=None)
    if "progress" in said:
        state = state._replace(progress=_progress(said["progress"]), targeting=None)
    return state


def _rule(said: dict[str, Any]) -> FlagRule:
    return FlagRule(
        _text(said.get("name")),
        said["when"] if isinstance(said.get("when"), dict) else None,
        _text(said.get("serve")),
        {name: weight for name, weight in _map(said.get("rollout")).items() if _is_whole(weight)},
        _text(said.get("by")) or BY,
    )


def _progress(said: object) -> Progress | None:
    if not isinstance(said, dict):
        return None
    first, last = said.get("first"), said.get("last")
    return Progress(
        _text(said.get("variant")),
        _text(said.get("start")),
        _text(said.get("end")),
        first if _is_whole(first) else 0,
        last if _is_whole(last) else 100,
        _text(said.get("by")) or BY,
    )


def _segments(said: object, document: Document) -> Iterator[Segment]:
    for name, about in _maps(said):
        if isinstance(about.get("when"), dict):
            pointer = ("segments", name)
            yield Segment(name, about["when"], document, pointer, _text(about.get("description")))


def _tests(said: object, document: Document) -> Iterator[FlagTest]:
    for index, about in enumerate(said if isinstance(said, list) else ()):
        if not isinstance(about, dict) or not isinstance(about.get("expect"), str | None) or "expect" not in about:
            continue
        yield FlagTest(
            _text(about.get("name")),
            _text(about.get("flag")),
            _text(about.get("environment")),
            _map(about.get("context")),
            about["expect"],
            _text(about.get("now")),
            document,
            ("tests", index),
        )


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _map(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _maps(value: object) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, about in _map(value).items():
        if isinstance(about, dict):
            yield name, about


def _list(value: object) -> list[dict[str, Any]]:
    """The maps in a list. An entry of another form keeps its place, empty, so that indexes are those of the file."""
    return [each if isinstance(each, dict) else {} for each in value] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()
