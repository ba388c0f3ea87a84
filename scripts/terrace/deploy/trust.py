"""Whose signature a destination asks for, and with which key a rollback signs what it puts together."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from terrace.bundle import Bundle, open_bundle
from terrace.bundle.keys import SigningKey
from terrace.bundle.signature import hint_of
from terrace.bundle.signers import ANYBODY, Signers, check, is_signed_by
from terrace.errors import BundleError, RefusedError, SignatureError


class Trust(NamedTuple):
    """Only what one of `signers` signed becomes current, if there are some. `key` signs what has no signature yet."""

    signers: Signers = ANYBODY
    key: SigningKey | None = None

    def accepts(self, bundle: Bundle) -> bool:
        """Whether `bundle` may become current."""
        return not self.signers or is_signed_by(bundle, self.signers)


NOBODY_ASKS = Trust()


def refuse_unsigned(bundle: Bundle, signers: Signers) -> None:
    """Raise `RefusedError` unless one of `signers` signed `bundle`, or there are none."""
    try:
        if signers:
            check(bundle, signers)
    except SignatureError as error:
        what = f"{bundle.ref.service} in {bundle.ref.environment}"
        said = error.message.replace(str(bundle.folder), f"the bundle of {what}")
        raise RefusedError(said, hint=error.hint or "Deploy with one of the keys that `signers` names.") from error


def is_signed_alike(folder: Path, bundle: Bundle, signers: Signers) -> bool:
    """Whether the release in `folder`, which has the content of `bundle`, can stay in its place.

    It can not if `bundle` brings a signature by another key, as after a rotation, or if nobody who is asked for made
    the one that is there.
    """
    if not bundle.signature:
        return True
    try:
        there = open_bundle(folder)
        signed = hint_of(there.signature) == hint_of(bundle.signature)
        return signed and (not signers or is_signed_by(there, signers))
    except BundleError:
        return False


def unsigned_now(undone: Bundle, now: Bundle) -> str:
    """What is to be said if a rollback leads from a release that was signed to one that is not."""
    if not undone.signature or now.signature:
        return ""
    return (
        f"{now.ref.service}: what runs now has no signature, and what was undone had one: who asks for one refuses it. "
        "Roll back with --sign FILE"
    )
