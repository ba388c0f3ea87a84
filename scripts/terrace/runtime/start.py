"""`load` and `watch`: what applications call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel

from terrace.runtime.asked import asked
from terrace.runtime.handle import Handle

if TYPE_CHECKING:
    from os import PathLike

M = TypeVar("M", bound=BaseModel)


def load(
    model: type[M],
    *,
    service: str = "",
    environment: str = "",
    tenant: str | None = None,
    source: str | PathLike[str] = "",
    last_good: str | PathLike[str] = "",
    max_age: float | None = None,
    reason: str = "",
    environ: Mapping[str, str] | None = None,
    signers: Sequence[str | PathLike[str]] = (),
) -> M:
    """The configuration of this process, an object of `model` that is validated and frozen.

    Raises `ConfigError`, which lists everything that is wrong, each with the file and line or the variable that said
    it; there is no fallback. What is not given is taken from the process's variables: `TERRACE_SOURCE` (a
    destination's folder, a service's folder in it, a mounted volume, or a bundle), `TERRACE_SERVICE`, `TERRACE_ENV`
    (see `terrace.detect`) and `TERRACE_TENANT`.

    `last_good` (`TERRACE_LAST_GOOD`) names a folder for a copy of the last bundle that was right, which is used while
    the source is away, if it is not older than `max_age` seconds. `reason` comes to stand in the audit log.

    `signers` (`TERRACE_SIGNERS`, with a colon between) are files of public keys in PEM, or the PEM itself: with it only
    what one of them signed is loaded, from wherever it comes.
    """
    with watch(
        model, service=service, environment=environment, tenant=tenant, source=source, last_good=last_good,
        max_age=max_age, reason=reason, environ=environ, signers=signers, follow=False,
    ) as handle:  # fmt: skip
        return handle.current


def watch(
    model: type[M],
    *,
    service: str = "",
    environment: str = "",
    tenant: str | None = None,
    source: str | PathLike[str] = "",
    last_good: str | PathLike[str] = "",
    max_age: float | None = None,
    reason: str = "",
    environ: Mapping[str, str] | None = None,
    signers: Sequence[str | PathLike[str]] = (),
    live_only: bool = True,
    follow: bool = True,
) -> Handle[M]:
    """A handle whose `current` is always one complete, validated revision. The first one is loaded as `load` does.

    A thread follows the source until the handle is closed (it is a context manager). With `follow=False` nothing is
    followed, and `Handle.refresh` reads again. With `live_only=False` a running process takes every field, live or not:
    for who starts something anew at each change.
    """
    wanted = asked(service, environment, tenant, source, last_good, max_age, reason, environ, live_only, signers)
    handle: Handle[M] = Handle(model, wanted)
    if follow:
        handle.follow()
    return handle
