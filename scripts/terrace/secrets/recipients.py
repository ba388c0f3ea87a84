"""Who a new secrets file is encrypted for: the recipients that the register asks for there."""

from __future__ import annotations

from terrace.errors import RefusedError
from terrace.model.recipients import asked
from terrace.secrets.place import Place


def recipients_of(place: Place) -> tuple[str, ...]:
    """The public keys that secrets of a place must be encrypted for. Raises where only recovery keys are named."""
    found = asked(place.repository, place.environment.name, place.tenant)
    if not any(not each.is_recovery for each in found):
        raise RefusedError(
            f"nobody is named who may open secrets of {place.environment.name}",
            hint=f"Make a key: terrace secrets init NAME --env {place.environment.name}; or let one in: "
            f"terrace secrets recipients add NAME --key KEY --env {place.environment.name}",
        )
    return tuple(each.key for each in found)
