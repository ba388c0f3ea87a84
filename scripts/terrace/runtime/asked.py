"""What an application asks for: which service, environment and tenant, from where, and under which variables."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from terrace.errors import ConfigError, SignatureError

if TYPE_CHECKING:
    from terrace.bundle.signers import Signers

SOURCE, SERVICE, TENANT = "TERRACE_SOURCE", "TERRACE_SERVICE", "TERRACE_TENANT"
LAST_GOOD = "TERRACE_LAST_GOOD"
SIGNERS = "TERRACE_SIGNERS"


class Asked(NamedTuple):
    """Empty is for what nobody said; `tenant` is None then, and empty for no tenant.

    `max_age` is in seconds, None for no limit; `reason` is for the audit log.
    With `signers` only a bundle that one of them signed is taken.
    `live_only` keeps what is not live as it was at the start.
    """

    service: str
    environment: str
    tenant: str | None
    source: str
    last_good: str
    max_age: float | None
    reason: str
    environ: Mapping[str, str]
    live_only: bool = True
    signers: Signers = ()

    @property
    def is_remote(self) -> bool:
        """Whether the source is a server's address."""
        return self.source.startswith(("http://", "https://"))


def asked(
    service: str,
    environment: str,
    tenant: str | None,
    source: str | os.PathLike[str],
    last_good: str | os.PathLike[str],
    max_age: float | None,
    reason: str,
    environ: Mapping[str, str] | None,
    live_only: bool = True,
    signers: Sequence[str | os.PathLike[str]] = (),
) -> Asked:
    """What the arguments ask for; where they say nothing, the variables of the process."""
    variables = dict(os.environ if environ is None else environ)
    found = os.fspath(source) or variables.get(SOURCE, "")
    if not found:
        raise ConfigError(
            "nothing says where the configuration is",
            hint=f"Set {SOURCE} (or give source=) to a destination's folder, to a service's folder in it, or a bundle.",
        )
    return Asked(
        service or variables.get(SERVICE, ""),
        environment,
        variables.get(TENANT) if tenant is None else tenant,
        found,
        os.fspath(last_good) or variables.get(LAST_GOOD, ""),
        max_age,
        reason,
        variables,
        live_only,
        _signers(signers, variables),
    )


def _signers(said: Sequence[str | os.PathLike[str]], variables: Mapping[str, str]) -> Signers:
    """Who has to have signed what is loaded: what was said, else what the variable says; nobody if neither does."""
    if not said and SIGNERS not in variables:
        return ()
    from terrace.bundle.signers import in_variable, signers_of

    try:
        return signers_of(said, "signers=") if said else in_variable(variables[SIGNERS])
    except SignatureError as error:
        raise ConfigError(error.message, hint=error.hint) from error
