"""New data keys for secrets files. The values, their nonces, their recipients and their ages stay as they are."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from terrace.model.sealed_files import is_secrets
from terrace.secrets import store

if TYPE_CHECKING:
    from terrace.secrets.opening import Opener
    from terrace.secrets.standing import Standing


def files_of(found: Iterable[Standing], service: str = "", tenant: str | None = None) -> list[str]:
    """The secrets files that a service, or every one, has there; of all tenants and none, unless one is named."""
    sealed = (each for each in found if is_secrets(each.file))
    chosen = (each.file for each in sealed if service in ("", each.service) and tenant in (None, each.tenant))
    return list(dict.fromkeys(chosen))


def renew(root: Path, path: str, opener: Opener, now: datetime) -> None:
    """Put a file under a new data key, for those whom it names now. Its ledger is not touched."""
    with store.editing(root, path) as held:
        opened = opener.open(path, held.before.secrets)
        held.replace(opened.rotated(opened.metadata.recipients, now), held.before.ledger)
