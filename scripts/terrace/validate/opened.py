"""What rules on opened secrets are given. A value stays a `Secret`, and no message may show what is in it."""

from __future__ import annotations

from typing import Any, NamedTuple

from terrace.model.entities import Environment
from terrace.model.findings import Severity
from terrace.model.secret import Secret
from terrace.model.service import Field
from terrace.model.source import Location, Pointer
from terrace.model.tried import Scalar, Tried
from terrace.validate.rule import Example, Hit, LayerFile, rule

__all__ = ["Alike", "Example", "Hit", "OpenedSecret", "Tried", "Unfit", "rule"]


class OpenedSecret(NamedTuple):
    """One value of an opened secrets file, and what its contract says of it."""

    value: Secret[Scalar]
    pointer: Pointer
    field: Field
    file: LayerFile
    environment: Environment

    @property
    def text(self) -> str | None:
        """The value in the open, if it is text. Whoever asks answers for where it goes."""
        plain = self.value.reveal()
        return plain if isinstance(plain, str) else None

    @property
    def location(self) -> Location:
        """The place of the value in its file."""
        return self.file.document.at(self.pointer)

    @property
    def home(self) -> tuple[str, str]:
        """The environment and the tenant (or none) that the value is for."""
        return self.environment.name, self.file.tenant.name if self.file.tenant else ""

    @property
    def where(self) -> str:
        """The same in words: `production`, `production for acme`."""
        environment, tenant = self.home
        return f"{environment} for {tenant}" if tenant else environment

    @property
    def severity(self) -> Severity:
        """How much it matters that the secret can be guessed or is known elsewhere."""
        return Severity.ERROR if self.environment.protected else Severity.WARNING


class Unfit(NamedTuple):
    """What a contract finds wrong with an effective config because of its secrets, at the secret that must change.

    `keyword` is the schema's, or `cross-field` for a rule that the contract's own code holds, whose words are `message`
    then. `name` is a key that is missing or too much, `expected` what the keyword asks for.
    """

    keyword: str
    expected: Any
    name: str
    message: str
    pointer: Pointer
    location: Location


class Alike(NamedTuple):
    """Values of opened secrets files that have one fingerprint; the most guarded place comes first."""

    secrets: tuple[OpenedSecret, ...]
