"""# Two recipients with one key

The register has two names for one key.

**Why.** Who takes one of the names out believes that the key opens nothing any more, and it does, under the other one.
And of two applications with one key nobody can say which one opened a secret.

**Fix.** Give each its own key: `terrace secrets init NAME`. If both names are the same, keep one of them.

**Exceptions.** A retired entry may have the key of one that is retired as well.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.entities import Repository
from terrace.model.findings import Related
from terrace.model.recipients import FILE
from terrace.validate.rule import Example, Hit, rule
from terrace.validate.sealed_text import ANNA, RECOVERY, REGISTER

_ANNA = "  anna: {kind: person, owner: anna, environments: [staging], since: 2026-01-01, key: "
GOOD = (Example({FILE: f"{REGISTER}{_ANNA}{ANNA}}}\n"}),)
BAD = (Example({FILE: f"{REGISTER}{_ANNA}{RECOVERY}}}\n"}, f"{FILE}:3", "recipients.anna.key"),)


@rule("SEC015", "two recipients with one key", on="repository")
def check(repository: Repository) -> Iterator[Hit]:
    """Every key that an entry further up has too, unless both are retired."""
    document = repository.register.document
    first: dict[str, str] = {}
    for name, recipient in repository.register.recipients.items():
        known = first.setdefault(recipient.key, name)
        both_retired = recipient.retired and repository.register.recipients[known].retired
        if document and known != name and not both_retired:
            place = ("recipients", name, "key")
            related = Related(document.at(("recipients", known, "key")), "the same key")
            message = f"'{name}' has the key of '{known}'"
            yield Hit(message, document.at(place), place, "Give each its own key, or keep one of them.", (related,))
