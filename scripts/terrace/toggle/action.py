"""What somebody wants of a flag, before anything is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

Verb = Literal["on", "off", "set", "kill", "promote", "restore", "new", "archive"]
_NOTHING: Mapping[str, Any] = MappingProxyType({})

ALWAYS_DIRECT = frozenset(("kill",))
"""What is committed directly in every environment, protected or not."""


class Action(NamedTuple):
    """A verb, a flag, and the environment in which it acts: none for `new` and `archive`, which are of the flag itself.

    on, off   the flag is enabled (and no longer killed), or not
    set       `variant` becomes the default (None: the application's own), or is what the rule `rule` serves; or
              `rollout` becomes the shares of that rule
    kill      applications use their own default at once, for `reason`
    promote   the state of the environment `source` becomes that of `environment`
    restore   the state of `environment` becomes what it was at the commit `revision`: `block`, as it is written there;
              nothing, where the flag did not name the environment then
    new       `block` is put into `area`, as the flag
    archive   the flag goes, and its key stays in `archived`, for `reason`

    `day` (as 2026-11-24) is that on which it is done, for `archive`.
    """

    verb: Verb
    flag: str
    environment: str = ""
    variant: str | None = ""
    rule: str = ""
    rollout: Mapping[str, int] = _NOTHING
    reason: str = ""
    source: str = ""
    revision: str = ""
    area: str = ""
    block: Mapping[str, Any] = _NOTHING
    day: str = ""

    @property
    def subject(self) -> str:
        """The first line of a commit that does it."""
        return f"flags: {self._said}"

    @property
    def _said(self) -> str:
        where = f" in {self.environment}" if self.environment else ""
        if self.verb == "set":
            what = "its own default" if self.variant is None else self.variant
            share = " / ".join(f"{weight} {name}" for name, weight in self.rollout.items())
            rule = f" for {self.rule!r}" if self.rule else ""
            return f"set {self.flag} to {share or what}{rule}{where}"
        if self.verb == "restore":
            return f"restore {self.flag}{where} as it was at {self.revision[:12]}"
        said = {
            "on": f"turn on {self.flag}", "off": f"turn off {self.flag}", "kill": f"kill {self.flag}",
            "promote": f"promote {self.flag} from {self.source} to {self.environment}",
            "new": f"add {self.flag} to {self.area}", "archive": f"archive {self.flag}",
        }  # fmt: skip
        return said[self.verb] if self.verb == "promote" else said[self.verb] + where

    def message(self, reason: str = "", *, requested_by: str = "") -> str:
        """The whole message of that commit: what, why, and trailers for programs; with who asked a server for it."""
        why = " ".join((reason or self.reason).split())
        trailers = [f"Flag: {self.flag}"]
        if self.environment:
            trailers.append(f"Environment: {self.environment}")
        if requested_by:
            trailers.append(f"Requested-by: {' '.join(requested_by.split())}")
        return "\n\n".join(filter(None, (self.subject, why, "\n".join(trailers)))) + "\n"
