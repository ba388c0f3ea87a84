"""`Rotating[T]`: a secret in two versions, so that it can be renewed while somebody still uses the value before.

It is imported from `terrace.contract`, by contracts that have such a secret.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from terrace.contract import Secret

T = TypeVar("T")
MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"


class Rotating(BaseModel, Generic[T]):
    """A secret that is renewed without downtime: the value now, and for a while the value before."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, title="Rotating")

    current: Annotated[T, Secret(), Field(description="The value to use.")]
    previous: Annotated[T | None, Secret(), Field(description="The value before, while it is still valid.")] = None
    previous_until: Annotated[
        str | None, Secret(), Field(pattern=MOMENT, description="When the value before stops being valid, in UTC.")
    ] = None

    def accepted(self, now: datetime) -> tuple[T, ...]:
        """The values to accept at `now`, the current one first: for who checks a secret rather than presents it."""
        until = datetime.fromisoformat(self.previous_until) if self.previous_until else None
        if self.previous is None or (until is not None and now.astimezone(UTC) >= until):
            return (self.current,)
        return (self.current, self.previous)
