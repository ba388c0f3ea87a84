"""Who gets what of a flag, environment by environment, before and after an edit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from terrace.flags.standing import standing
from terrace.flags.states import named_for
from terrace.model.entities import Environment
from terrace.model.flag import Flag


class Outcome(NamedTuple):
    """What an edit does in one environment, in words; `takes` is the environment whose state it takes, if another's."""

    environment: str
    before: str
    after: str
    takes: str = ""

    @property
    def changed(self) -> bool:
        """Whether anybody's evaluation can be another one."""
        return self.before != self.after


def outcomes(before: Flag | None, after: Flag | None, environments: Mapping[str, Environment]) -> Iterator[Outcome]:
    """What each environment has of a flag then and now, in promotion order."""
    for name in sorted(environments, key=lambda name: (environments[name].order, name)):
        takes = named_for(after, name, environments) if after else ""
        yield Outcome(
            name,
            standing(before, name, environments),
            standing(after, name, environments),
            "" if takes == name else takes,
        )
