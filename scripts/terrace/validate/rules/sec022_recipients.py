"""# Secrets file encrypted for the wrong people

A secrets file is not encrypted for exactly those who should open it: somebody is missing, or somebody is too many.

**Why.** One who is missing cannot start, or cannot mend what is broken. One who is too many reads everything in the file: a
colleague who left, a developer's laptop on production, a key that nobody knows.

**Fix.** `terrace secrets recipients sync` encrypts the files for those whom `recipients.yaml` and the `recipients` of
environment and tenant name, and for every recovery key. Whoever was too many has read the secrets: replace them.

**Exceptions.** A file says for whom it is encrypted, and proves it to them alone. What is checked here is what the file says,
that each has one encrypted key, and that nobody else has one; `terrace secrets check` tries the keys at hand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from terrace.model.recipients import asked, canonical
from terrace.model.source import Location
from terrace.validate.rule import Example, Hit, LayerFile, rule
from terrace.validate.sealed import inspected, is_in_place
from terrace.validate.sealed_text import ANNA, APP, NOTES, RECOVERY, REGISTER, SEALED, notes

if TYPE_CHECKING:
    from terrace import sops

_PATH = "environments/production/app.secrets.yaml"
_REGISTER = f"""\
{REGISTER}  app: {{kind: workload, key: {APP}, owner: team-app, environments: [production, eu], since: 2026-01-01}}
  anna:
    {{kind: person, key: {ANNA}, owner: anna, environments: [production], since: 2026-01-01, retired: 2026-02-01}}
"""
_NAMED = {
    "recipients.yaml": _REGISTER,
    "environments/production/environment.yaml": "kind: production\nprotected: true\nrecipients: [app]\n",
}
_TEXT = f"database:\n  password: {SEALED}\n"
_KMS = "  kms:\n    - arn: arn:aws:kms:eu-west-1:1:key/1\n      enc: AQIC\n"
GOOD = (
    Example({**_NAMED, _PATH: _TEXT + notes(APP, RECOVERY)}, also=("SEC018",)),
    Example({_PATH: _TEXT + NOTES}),
)
BAD = (
    Example({**_NAMED, _PATH: _TEXT + NOTES}, f"{_PATH}:4", "sops.age", also=("SEC018",)),
    Example({**_NAMED, _PATH: _TEXT + notes(APP, RECOVERY, ANNA)}, f"{_PATH}:27", "sops.age", also=("SEC018",)),
    Example({_PATH: _TEXT + notes(RECOVERY, ANNA)}, f"{_PATH}:15", "sops.age"),
    Example({_PATH: _TEXT + notes(RECOVERY, RECOVERY)}, f"{_PATH}:15", "sops.age"),
    Example({_PATH: _TEXT + notes(RECOVERY, more=_KMS)}, f"{_PATH}:4", "sops.age"),
)
_AGE = ("sops", "age")


@rule("SEC022", "secrets file encrypted for the wrong people", on="secrets")
def check(file: LayerFile) -> Iterator[Hit]:
    """Who is missing, who is too many, and keys that are not in the register's hands at all."""
    sealed = inspected(file) if file.repository.register.document and is_in_place(file) else None
    if sealed is None or sealed.metadata is None or file.environment is None:
        return
    wanted = asked(file.repository, file.environment, file.tenant)
    there = Counter(canonical(declared.recipient) for declared in sealed.recipients)
    missing = [each.name for each in wanted if not there[each.key]]
    if missing:
        message = f"{', '.join(missing)} cannot open it, and should"
        yield _hit(file, message, file.document.at(_AGE, key=True))
    yield from _too_many(file, sealed, {each.key for each in wanted})
    for other in sealed.metadata.others:
        message = f"it can be opened with a key that is in no register: {other}"
        yield _hit(file, message, file.document.at(_AGE, key=True))


def _too_many(file: LayerFile, sealed: sops.Sealed, wanted: set[str]) -> Iterator[Hit]:
    register = file.repository.register
    seen: set[str] = set()
    for declared in sealed.recipients:
        key = canonical(declared.recipient)
        where = Location(file.document.path, declared.span)
        if key not in wanted:
            yield _hit(file, f"it can be opened by {register.called(key)}, who should not", where)
        elif key in seen:
            yield _hit(file, f"it is encrypted twice for {register.called(key)}", where)
        seen.add(key)


def _hit(file: LayerFile, message: str, location: Location) -> Hit:
    return Hit(message, location, _AGE, "Encrypt it for the right ones: terrace secrets recipients sync")
