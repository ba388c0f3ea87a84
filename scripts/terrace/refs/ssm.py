"""Parameters of the AWS Systems Manager, which cannot be told what version a writer has read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from terrace.model.layers import leaves, value_at
from terrace.model.reference import Reference
from terrace.refs.aws import TRIES, AbsentError, Aws, ExistsError, text_with
from terrace.refs.stores import (
    ChangedError,
    Content,
    Kept,
    Key,
    UnavailableError,
    parsed,
    refuse_changed,
    refuse_version,
    with_value,
)
from terrace.refs.versions import pinned


class Parameters(Aws):
    """Parameters of the AWS Systems Manager; new versions are of the encrypted kind."""

    service = "ssm"

    def fetch(self, reference: Reference) -> Content:
        """The parameter's value, decrypted."""
        return self.look(reference).content

    def look(self, reference: Reference) -> Kept:
        """The parameter's value, decrypted, and the number of its version."""
        version = reference.parameter("version")
        name = f"/{reference.path}:{version}" if version else f"/{reference.path}"
        answer = self.ask(reference, lambda client: client.get_parameter(Name=name, WithDecryption=True))
        return Kept(str(answer["Parameter"]["Value"]), str(answer["Parameter"]["Version"]))

    def put(self, reference: Reference, value: str) -> str:
        """A new version of the parameter."""
        return self.write(reference, {reference.key: value})

    def write(self, reference: Reference, values: Mapping[Key, str], was: Mapping[Key, str] | None = None) -> str:
        """A new version with these values, and everything beside them as it was.

        What others wrote since it was read is seen by the numbers of the versions, and then written again, with these
        values in it.
        """
        refuse_version(reference)
        kept = self._base(reference, values, was)
        text, known = text_with(kept.content, reference, values), int(kept.version)
        for _ in range(TRIES):
            number = self._put(reference, text, new=not known)
            if number is None:
                kept = self.look(reference)  # somebody made it since we looked
                text, known = text_with(kept.content, reference, values), int(kept.version)
                continue
            if number == known + 1:
                return str(number)
            if () in values:
                return self._over(reference, number, was)
            others = [self._version(reference, each) for each in range(int(kept.version) + 1, number)]
            before, known = text, number
            text = text_with(_with_changes(parsed(str(kept.content), reference), others), reference, values)
            if text == before:
                return str(number)
        raise UnavailableError(f"{reference}: others write there all the time", hint="Try again.")

    def _over(self, reference: Reference, number: int, was: Mapping[Key, str] | None) -> str:
        """The version of a whole value that took the place of somebody else's: told to who compares."""
        if was is None:
            return str(number)
        hint = f"Version {number} is this run's, and current; the one before is theirs. Look at what is in use."
        raise ChangedError(f"{reference} was written by somebody else at the same time", hint=hint)

    def _base(self, reference: Reference, values: Mapping[Key, str], was: Mapping[Key, str] | None) -> Kept:
        try:
            kept = self.look(reference)
        except AbsentError:
            if was is not None:
                raise
            return Kept("{}", "0")
        refuse_changed(reference, kept.content, was)
        return kept

    def _version(self, reference: Reference, number: int) -> Mapping[str, object]:
        each = pinned(reference._replace(key=()), str(number))
        return parsed(str(self.look(each).content), each)

    def _put(self, reference: Reference, text: str, *, new: bool) -> int | None:
        """The number of the version that was written; None where there is one already, and none was expected."""
        said = {"Name": f"/{reference.path}", "Type": "SecureString", "Overwrite": not new}
        try:
            return int(self.ask(reference, lambda client: client.put_parameter(**said, Value=text))["Version"])
        except ExistsError:
            return None


def _with_changes(base: Mapping[str, object], others: Sequence[Mapping[str, object]]) -> Mapping[str, object]:
    """`base` with what each of the others has that differs from it; of two that differ, the later."""
    nothing = object()
    result = base
    for other in others:
        for pointer, value in leaves(other):
            if pointer and value_at(base, pointer, nothing) != value:
                result = with_value(result, tuple(map(str, pointer)), value)
    return result
