"""The flags of one release as they are served: evaluated by the evaluator, written as JSON once for each outcome."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from terrace.flags.counting import OTHER
from terrace.flags.evaluator import ABSENT, FlagSet, Resolution
from terrace.model.release import BundleRef
from terrace.server.flags.moments import moments


class Answer(NamedTuple):
    """What a flag came to, as OFREP writes it, and as it is counted."""

    body: bytes
    status: int
    flag: str
    variant: str
    reason: str


class Flags:
    """The flags of a release. Raises `FlagError` where one of them cannot be evaluated.

    `tag` stands for the release: it is the same in every worker, and after a restart.
    """

    def __init__(self, definition: Mapping[str, Any], ref: BundleRef, commit: str, made: str) -> None:
        self.set = FlagSet(definition, commit)
        self.environment = ref.environment
        self.tag = f"{ref.digest.removeprefix('sha256:')[:24]}-{self.set.version[:12]}".rstrip("-")
        self.made = _seconds(made)
        self.moments = moments(definition)
        self.variants: Mapping[str, frozenset[str]] = {
            key: frozenset(flag["variants"]) for key, flag in definition["flags"].items()
        }
        self.metadata = orjson.dumps(dict(self.set.metadata))
        self.document = orjson.dumps({**definition, "metadata": dict(self.set.metadata)})
        self._written: dict[tuple[str, str, str, str], Answer] = {}
        # What asks for nothing of a context is the same for everybody: evaluated now, once.
        self._fixed = {key: self._asked(key, {}) for key in self.set.keys if _is_fixed(definition["flags"][key])}
        self._open = [key for key in self.set.keys if key not in self._fixed]
        self.open_count = len(self._open)
        self._all_fixed = list(self._fixed.values())

    def answer(self, key: str, context: Mapping[str, Any]) -> Answer:
        """What one flag is for whom `context` describes."""
        return self._fixed.get(key) or self._asked(key, context)

    def answers(self, context: Mapping[str, Any]) -> list[Answer]:
        """What every flag is."""
        return [*self._all_fixed, *[self._asked(key, context) for key in self._open]]

    def _asked(self, key: str, context: Mapping[str, Any]) -> Answer:
        found = self.set.resolve(key, context)
        if found.error_code == "FLAG_NOT_FOUND":
            return _written(found)
        # A variant has one value, so this is all that an answer depends on: as many as a flag has variants.
        outcome = (key, found.variant, found.reason, found.error_code)
        known = self._written.get(outcome)
        if known is None:
            known = self._written[outcome] = _written(found)
        return known


_STATUS = {"FLAG_NOT_FOUND": 404}


def _written(found: Resolution) -> Answer:
    if found.error_code:
        failed = {"key": found.key, "errorCode": found.error_code, "errorDetails": found.error}
        flag = OTHER if found.error_code == "FLAG_NOT_FOUND" else found.key
        return Answer(orjson.dumps(failed), _STATUS.get(found.error_code, 400), flag, "", found.reason)
    # `variant` is there though it is empty: OpenFeature's provider for Python takes its absence for an error.
    said: dict[str, Any] = {
        "key": found.key,
        "reason": found.reason,
        "variant": found.variant,
        "metadata": dict(found.metadata),
    }
    if found.value is not ABSENT:
        said["value"] = found.value
    return Answer(orjson.dumps(said), 200, found.key, found.variant, found.reason)


def _is_fixed(flag: Mapping[str, Any]) -> bool:
    return flag.get("state") == "DISABLED" or not flag.get("targeting")


def _seconds(made: str) -> int:
    """When a release was made, in seconds of Unix time; now, where it does not say."""
    try:
        return int(datetime.fromisoformat(made).timestamp())
    except ValueError:
        return int(datetime.now(UTC).timestamp())
