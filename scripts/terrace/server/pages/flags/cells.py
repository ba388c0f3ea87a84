"""What a flag is in an environment, in a word: as it is served, as the repository says it, or as a tenant gets it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from terrace.flags.evaluator import ABSENT, Resolution

STATES = ("on", "off", "mixed", "set", "own", "killed", "absent")
"""In the order in which people look for them."""

NAMES = {
    "on": "on", "off": "off", "mixed": "by rules", "set": "one variant", "own": "application's default",
    "killed": "killed", "absent": "not there",
}  # fmt: skip


class Cell(NamedTuple):
    """A flag in an environment. `label` is what stands on the page, `words` a sentence where one is known.

    `takes` is the environment whose state it has, where that is another. `behind` says that what is served is not yet
    what the repository says.
    """

    environment: str
    state: str
    label: str
    words: str = ""
    takes: str = ""
    reason: str = ""
    behind: bool = False


def served(environment: str, flag: Mapping[str, Any] | None) -> Cell:
    """As a definition says it that is served."""
    if flag is None:
        return Cell(environment, "absent", "not served")
    if flag.get("state") == "DISABLED":
        return Cell(environment, "killed", "killed", "Killed: applications use their own default.")
    if flag.get("targeting"):
        return Cell(environment, "mixed", NAMES["mixed"], "It depends on who asks.")
    return _of_variant(environment, flag.get("defaultVariant"), flag["variants"])


def resolved(environment: str, found: Resolution) -> Cell:
    """As somebody gets it."""
    if found.error_code == "FLAG_NOT_FOUND":
        return Cell(environment, "absent", "not served")
    if found.error_code:
        return Cell(environment, "absent", "no answer", found.error)
    if found.reason == "DISABLED":
        return Cell(environment, "killed", "killed", "Killed: applications use their own default.")
    if found.value is ABSENT:
        return Cell(environment, "own", NAMES["own"])
    return _of_value(environment, found.variant, found.value)


def written(environment: str, said: Mapping[str, Any], now: Cell) -> Cell:
    """As the repository says it (`said` is what its process tells of an environment); `now` is what is served."""
    state, default = str(said.get("state", "absent")), said.get("default")
    words, takes, reason = (str(said.get(name) or "") for name in ("words", "takes", "reason"))
    takes = "" if takes == environment else takes
    if now.state == "killed" and state != "killed":
        # What is killed at the server alone is killed, whatever stands in files.
        return Cell(environment, "killed", "killed", words, takes, reason, behind=True)
    label = NAMES.get(state, state)
    if state == "mixed" and now.state == "own":
        state, label = now.state, now.label
    elif state in ("on", "off") and said.get("enabled") and now.state not in ("on", "off") and isinstance(default, str):
        # Of more than two variants none is on or off.
        state, label = ("set", default) if default not in ("on", "off") else (state, state)
    return Cell(environment, state, label, words, takes, reason, behind=state == "killed" and now.state != "killed")


def _of_variant(environment: str, variant: object, variants: Mapping[str, Any]) -> Cell:
    if not isinstance(variant, str) or variant not in variants:
        return Cell(environment, "own", NAMES["own"], "Everybody gets the application's own default.")
    return _of_value(environment, variant, variants[variant])._replace(words=f"Everybody gets {variant}.")


def _of_value(environment: str, variant: str, value: object) -> Cell:
    if isinstance(value, bool):
        state = "on" if value else "off"
        return Cell(environment, state, state)
    return Cell(environment, "set", variant)
