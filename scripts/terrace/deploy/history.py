"""Which releases lie below the current one, as the log tells: where a rollback can go back to.

Releases of a service are a stack: a deployment puts one on top, a rollback takes off all that lie above the one it
goes back to. So two rollbacks in a row go back two releases, and never to the one that was just undone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from terrace.deploy.log import RELEASES, Entry
from terrace.model.release import BundleRef


class Frame(NamedTuple):
    """A release of one service in its stack: the number under which its configuration came, and what runs of it."""

    number: int
    ref: BundleRef


def stacks(entries: Iterable[Entry]) -> dict[str, list[Frame]]:
    """The releases of each service, the current one last."""
    found: dict[str, list[Frame]] = {}
    for entry in entries:
        if entry.release.action not in RELEASES:
            continue
        for ref in entry.release.bundles:
            _push(found.setdefault(ref.service, []), entry, ref)
    return found


def recent(entries: Iterable[Entry], service: str) -> list[str]:
    """The digests that ran of `service`, the newest first, each once."""
    digests = (
        ref.digest
        for entry in reversed(list(entries))
        for ref in entry.release.bundles
        if ref.service == service and entry.release.action in RELEASES
    )
    return list(dict.fromkeys(digests))


def _push(stack: list[Frame], entry: Entry, ref: BundleRef) -> None:
    restored = entry.restored.get(ref.service)
    if restored is None:
        if not stack or stack[-1].ref.digest != ref.digest:
            stack.append(Frame(entry.release.number, ref))
        return
    below = [index for index, frame in enumerate(stack) if frame.ref.digest == restored]
    if below:
        number = stack[below[-1]].number
        del stack[below[-1] :]
        stack.append(Frame(number, ref))
    else:
        stack.append(Frame(entry.release.number, ref))
