"""The values of a bundle for who has no model of them: judged by the contract's JSON Schema, which is in the bundle."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import ConfigDict, RootModel

from terrace.errors import ConfigError, Problem
from terrace.model.source import dotted
from terrace.runtime.handle import Handle
from terrace.runtime.reader import not_right
from terrace.runtime.revision import Revision
from terrace.runtime.start import watch
from terrace.runtime.status import Change
from terrace.validate.constraint import constraint, right_type
from terrace.validate.schema import Compiled
from terrace.validate.schema import Problem as Wrong


class Values(RootModel[dict[str, Any]]):
    """A configuration whose model is somebody else's: values by name, secrets in the open."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    def __repr__(self) -> str:
        return f"Values({', '.join(sorted(self.root))})"

    __str__ = __repr__


def watch_values(*, follow: bool = True, **asked: Any) -> Handle[Values]:
    """As `terrace.runtime.watch`, for a program that is not written in Python.

    Each revision passes the JSON Schema that its bundle was sealed with; the rules that only a model can judge were
    judged when it was sealed, for its plain values.
    """
    handle = watch(Values, follow=False, **asked)
    judge(handle.revision)
    handle.on_prepare(_judge_change)
    if follow:
        handle.follow()
    return handle


def judge(revision: Revision[Values]) -> None:
    """Raise `ConfigError` with all that the contract finds wrong with the values of this process. No value is shown."""
    problems = tuple(_said(Compiled(revision.bundle.schema), revision.config.root))
    if problems:
        raise ConfigError(not_right(revision.bundle, revision.tenant, problems), problems)


def _judge_change(change: Change[Values]) -> None:
    judge(change.new)


def _said(schema: Compiled, values: dict[str, Any]) -> Iterator[Problem]:
    for wrong in schema.problems(values):
        path = dotted((*wrong.pointer, wrong.name) if wrong.name else wrong.pointer)
        yield Problem(path, _words(wrong))


def _words(wrong: Wrong) -> str:
    if wrong.keyword == "required":
        return "nothing sets it, and the contract requires it"
    if wrong.keyword == "additionalProperties":
        return "the contract does not know it"
    return right_type(wrong.expected) if wrong.keyword == "type" else constraint(wrong.keyword, wrong.expected)
