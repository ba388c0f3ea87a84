"""Flags as people write them, compiled and asked, for tests."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from unittest import mock

from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.evaluation_context import EvaluationContext

from terrace.flags.compile import compile_flags
from terrace.flags.read import area_of
from terrace.model.flag import Flags, Roster
from terrace.model.source import Document
from terrace.yamlio import read

ROSTER = Roster(
    frozenset({"acme", "globex", "initech"}),
    {"enterprise": frozenset({"acme", "globex"}), "nobody": frozenset()},
    {"early": frozenset({"initech"})},
)


def flags_of(*areas: str) -> Flags:
    """The flags of areas that are written as YAML."""
    return Flags(tuple(area_of(document(text, f"flags/{index}.yaml")) for index, text in enumerate(areas)))


def document(text: str, path: str = "flags/0.yaml") -> Document:
    """The document that `text` is."""
    found, findings = read(path, text.encode())
    assert found is not None, findings
    return found


def compiled(text: str, environment: str = "production", ancestors: Sequence[str] = (), roster: Roster = ROSTER) -> Any:
    """The flagd definition of an area that is written as YAML."""
    return compile_flags(flags_of(text), environment, ancestors, roster)


def flag(body: str, *, more: str = "") -> str:
    """An area with one flag `f` that is on or off, whose state in production is `body`, in brackets."""
    return (
        "flags:\n  f:\n    type: boolean\n    owner: us\n    created: 2026-11-01\n    permanent: true\n"
        f"    variants: {{on: true, off: false}}\n    off_variant: off\n"
        f"    environments: {{production: {body}}}\n{more}"
    )


def rule_for(when: str) -> Any:
    """The flagd definition of the flag `f` that is on for whom the condition `when`, in brackets, is so."""
    return compiled(flag(f"{{default: off, rules: [{{when: {when}, serve: on}}]}}"))


def is_on(definition: Mapping[str, Any], **context: Any) -> bool:
    """Whether the flag `f` is on for `context`."""
    return asked(definition, "f", context).variant == "on"


class Answer(NamedTuple):
    """What an evaluator says of one flag. No variant: the application's own default."""

    variant: str | None
    value: Any
    reason: str


def asked(definition: Mapping[str, Any], key: str, context: Mapping[str, Any], now: float | None = None) -> Answer:
    """What the evaluator says at the moment `now`."""
    core = FlagdCore()
    core.set_flags(json.dumps(definition))
    return ask(core, key, context, now)


def ask(core: FlagdCore, key: str, context: Mapping[str, Any], now: float | None = None) -> Answer:
    """What `core` says at the moment `now`."""
    context = dict(context)
    subject = context.pop("targetingKey", None)
    with mock.patch.object(time, "time", return_value=time.time() if now is None else now):
        found = core._resolve(key, None, EvaluationContext(subject, context))
    return Answer(found.variant, found.value, str(getattr(found.reason, "value", found.reason)))
