"""Who can open secrets: the register `recipients.yaml`, and for whom a secrets file is to be encrypted.

A file is encrypted for the recipients of its environment and of every environment that extends it (their applications
read it too), for those of its tenant, and for every recovery key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from terrace.model.entities import Environment, Repository, Tenant
    from terrace.model.source import Document

FILE = "recipients.yaml"
KINDS = ("person", "workload", "recovery")


class Recipient(NamedTuple):
    """A key and whose it is. `environments` are those where it may be at most; a recovery key is everywhere.

    One that is `retired` is asked for nowhere any more; it stays in the register, so that its name is known.
    """

    name: str
    kind: str
    key: str
    owner: str = ""
    environments: tuple[str, ...] = ()
    since: date | None = None
    reviewed: date | None = None
    retired: str = ""

    @property
    def is_recovery(self) -> bool:
        """Whether it opens every secrets file, for the day on which other keys are lost."""
        return self.kind == "recovery"

    def may_open(self, environment: str) -> bool:
        """Whether the register lets it open secrets of an environment."""
        return not self.retired and (self.is_recovery or environment in self.environments)


class Register(NamedTuple):
    """The recipients by name, as `recipients.yaml` lists them; without a document there is no such file."""

    recipients: Mapping[str, Recipient]
    document: Document | None = None

    @property
    def recovery(self) -> tuple[Recipient, ...]:
        """The recovery keys that are not retired."""
        return tuple(each for each in self.recipients.values() if each.is_recovery and not each.retired)

    def by_key(self, key: str) -> Recipient | None:
        """Whose key it is; of two names for one key the one that is not retired."""
        found = [each for each in self.recipients.values() if each.key == canonical(key)]
        return min(found, key=lambda each: bool(each.retired), default=None)

    def called(self, key: str) -> str:
        """The name of a key, with what there is to know about it; its beginning where nobody has it."""
        found = self.by_key(key)
        if found is None:
            return f"{shortened(key)}, which is in no register"
        return f"{found.name} (retired)" if found.retired else found.name


NOBODY = Register({})


def register_of(document: Document | None) -> Register:
    """The register in a file; entries that are no maps are left out, and found by its schema."""
    if document is None:
        return NOBODY
    said = document.value.get("recipients")
    entries = said.items() if isinstance(said, dict) else ()
    return Register({name: _recipient(name, about) for name, about in entries if isinstance(about, dict)}, document)


def canonical(key: str) -> str:
    """A public key without the comment that SSH writes behind it."""
    return " ".join(key.split()[:2]) if key.startswith("ssh-") else key


def shortened(key: str) -> str:
    """The beginning of a public key, enough to find it by. What is no public key is not shown."""
    return f"{canonical(key)[:20]}..." if key.startswith(("age1", "ssh-")) else "something that is no public key"


def asked(repository: Repository, environment: str, tenant: Tenant | None) -> tuple[Recipient, ...]:
    """For whom the secrets files of an environment, or of a tenant in it, are to be encrypted; in the register's order.

    Nobody comes in where the register does not let them: what is named against it is left out, and is a finding.
    Of two names for one key the first one counts.
    """
    register = repository.register
    names = {
        name
        for each in readers(repository.environments, environment)
        for name in each.recipients
        if _may(register, name, each.name)
    }
    if tenant:
        names |= {name for name in tenant.recipients if _may(register, name, environment)}
    found: dict[str, Recipient] = {}
    for each in register.recipients.values():
        if not each.retired and (each.is_recovery or each.name in names):
            found.setdefault(each.key, each)
    return tuple(found.values())


def readers(environments: Mapping[str, Environment], name: str) -> Iterator[Environment]:
    """The environments whose applications read the secrets files of one: itself, and those that extend it."""
    for each in environments.values():
        seen: set[str] = set()
        step: Environment | None = each
        while step is not None and step.name not in seen:
            if step.name == name:
                yield each
                break
            seen.add(step.name)
            step = environments.get(step.extends)


def _may(register: Register, name: str, environment: str) -> bool:
    return name in register.recipients and register.recipients[name].may_open(environment)


def _recipient(name: str, about: dict[str, Any]) -> Recipient:
    environments = about.get("environments")
    kind = about.get("kind")
    return Recipient(
        name,
        kind if kind in KINDS else "",
        canonical(str(about.get("key", ""))),
        str(about.get("owner", "")),
        tuple(each for each in environments if isinstance(each, str)) if isinstance(environments, list) else (),
        _day(about.get("since")),
        _day(about.get("reviewed")),
        str(about.get("retired") or ""),
    )


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None
