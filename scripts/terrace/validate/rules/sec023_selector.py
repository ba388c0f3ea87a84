"""# Secrets file that SOPS encrypts in part

A rule of SOPS in a secrets file leaves some of its values in the open, or out of its signature.

**Why.** What a secrets file says is a secret, all of it. By a rule such as `encrypted_regex: ^password$` the next
secret that somebody adds stands in the open, because it has another name. And a value that the signature leaves out can be
changed by anybody.

**Fix.** Encrypt the file anew, without a rule: `sops decrypt` it, remove it, and set its secrets again with
`terrace secrets import`. `.sops.yaml` as Terrace makes it has no such rules.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.source import Pointer
from terrace.validate.rule import Example, Hit, LayerFile, rule
from terrace.validate.sealed import inspected
from terrace.validate.sealed_text import NOTES, RECOVERY, SEALED, notes

_PATH = "environments/staging/app.secrets.yaml"
_TEXT = f"database:\n  password: {SEALED}\n"
GOOD = (
    Example({_PATH: _TEXT + NOTES}),
    Example({_PATH: _TEXT + notes(RECOVERY, more="  unencrypted_suffix: _unencrypted\n")}),
    Example({_PATH: _TEXT + notes(RECOVERY, more="  unencrypted_regex: ^$\n")}),
)
BAD = (
    Example(
        {_PATH: _TEXT + notes(RECOVERY, more="  encrypted_regex: ^password$\n")}, f"{_PATH}:17", "sops.encrypted_regex"
    ),
    Example(
        {_PATH: _TEXT + notes(RECOVERY, more="  mac_only_encrypted: true\n")}, f"{_PATH}:17", "sops.mac_only_encrypted"
    ),
)
_WHOLE = {("unencrypted_suffix", "_unencrypted"), ("unencrypted_regex", "^$"), ("encrypted_regex", ".*")}


@rule("SEC023", "secrets file that SOPS encrypts in part", on="secrets")
def check(file: LayerFile) -> Iterator[Hit]:
    """A selector that is not for the whole file, and a MAC over a part of it."""
    sealed = inspected(file)
    metadata = sealed.metadata if sealed else None
    if metadata is None:
        return
    hint = "Encrypt it anew, without a rule of its own."
    if tuple(metadata.selector) not in _WHOLE:
        place: Pointer = ("sops", metadata.selector.kind)
        message = f"SOPS encrypts only a part of the file ({metadata.selector})"
        yield Hit(message, file.document.at(place), place, hint)
    if metadata.mac_only_encrypted:
        place = ("sops", "mac_only_encrypted")
        yield Hit("the signature leaves out what is not encrypted", file.document.at(place), place, hint)
