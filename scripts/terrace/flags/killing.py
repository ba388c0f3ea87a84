"""Flags that are killed whatever their files say."""

from __future__ import annotations

from collections.abc import Mapping

from terrace.flags.states import named_for
from terrace.model.entities import Environment
from terrace.model.flag import Flag, Flags, FlagState


def with_killed(flags: Flags, killed: Mapping[tuple[str, str], str], environments: Mapping[str, Environment]) -> Flags:
    """`flags`, with those killed that `killed` names by key and environment, each for its reason.

    It reaches what a commit would reach: also the environments that take their state from that one.
    """
    if not killed:
        return flags
    return Flags(
        tuple(
            area._replace(flags=tuple(_killed(flag, killed, environments) for flag in area.flags))
            for area in flags.areas
        )
    )


def _killed(flag: Flag, killed: Mapping[tuple[str, str], str], environments: Mapping[str, Environment]) -> Flag:
    states = dict(flag.states)
    for (key, environment), reason in killed.items():
        if key == flag.key:
            now = flag.states.get(named_for(flag, environment, environments), FlagState(enabled=False))
            states[environment] = now._replace(kill=True, reason=reason)
    return flag._replace(states=states)
