"""Stores: where the values of references are kept, read, and given new versions. Clients are imported when needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol, TypeVar

from terrace.errors import StoreError
from terrace.model.reference import Reference

Content = str | Mapping[str, object]
"""What a store keeps at a path: text, or values by name."""

Key = tuple[str, ...]
"""What leads to one value inside of what is kept at a path; empty for all of that."""

LARGEST = 1 << 20
Made = TypeVar("Made")


class UnavailableError(StoreError):
    """The store gave no answer now, and may later: worth another try."""


class ChangedError(StoreError):
    """Somebody else wrote another value since it was looked at, and nothing was written."""


class Kept(NamedTuple):
    """What a store keeps at a path, and the name of its version; without one where the store has no versions."""

    content: Content
    version: str = ""

    def __repr__(self) -> str:
        return f"Kept(********, {self.version!r})"


class Store(Protocol):
    """One secret manager."""

    def look(self, reference: Reference) -> Kept:
        """What is kept at the reference's path, with its version. The key is looked up by `value_in`."""

    def fetch(self, reference: Reference) -> Content:
        """What is kept at the reference's path."""

    def put(self, reference: Reference, value: str) -> str:
        """Make `value` the current version of what the reference names. Returns the version's name."""

    def write(self, reference: Reference, values: Mapping[Key, str], was: Mapping[Key, str] | None = None) -> str:
        """Make one new version at the reference's path with these values, and everything beside them as it was.

        With `was`, what is there now is compared first: another value is a ChangedError. Returns the version's name.
        """


def value_in(content: Content, reference: Reference) -> str:
    """The one value that a reference names in what its store keeps at its path."""
    if not reference.key:
        if isinstance(content, str):
            return content
        raise StoreError(f"{reference} names several values", hint="Name one of them: ...#/key")
    inner: object = parsed(content, reference) if isinstance(content, str) else content
    for part in reference.key:
        if not isinstance(inner, Mapping) or part not in inner:
            raise StoreError(f"{reference}: there is no such key at that path", hint="Look at the keys in the store.")
        inner = inner[part]
    return _scalar(inner, reference)


def with_value(content: Mapping[str, object], key: Key, value: object) -> dict[str, object]:
    """`content` with the value at `key` replaced, and everything beside it as it was."""
    result = dict(content)
    if len(key) == 1:
        result[key[0]] = value
        return result
    inner = result.get(key[0])
    result[key[0]] = with_value(inner if isinstance(inner, Mapping) else {}, key[1:], value)
    return result


def with_values(content: Content, reference: Reference, values: Mapping[Key, str]) -> Content:
    """`content` with each of the values in place."""
    if () in values:
        return values[()]
    inner = parsed(content, reference) if isinstance(content, str) else content
    for key, value in values.items():
        inner = with_value(inner, key, value)
    return inner


def refuse_changed(reference: Reference, content: Content, was: Mapping[Key, str] | None) -> None:
    """Raise where a store keeps other values than it did when it was looked at."""
    for key, value in (was or {}).items():
        each = reference._replace(key=key)
        if value_in(content, each) != value:
            hint = "Look at what is in use there, then run this again."
            raise ChangedError(f"{each} was changed by somebody else meanwhile; nothing was written", hint=hint)


def parsed(text: str, reference: Reference) -> Mapping[str, object]:
    """The JSON object in a store's text; the YAML in a file that is named so."""
    if reference.path.endswith((".yaml", ".yml")):
        return _yaml(text, reference)
    import orjson

    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise StoreError(f"{reference}: what is kept there is no JSON object", hint="Leave out '#' and the key.")
    return found


def refuse_version(reference: Reference) -> None:
    """Refuse to write where a reference names one version, which is over."""
    if any(name.startswith("version") for name, _ in reference.parameters):
        raise StoreError(f"{reference} names a version, and only a new one can be written", hint="Leave it out.")


def client_of(extra: str, make: Callable[[], Made]) -> Made:
    """What `make` imports and builds; a package that is missing is told with the extra that brings it."""
    try:
        return make()
    except ModuleNotFoundError as error:
        raise StoreError(
            f"references to this store need the package {error.name}, which is not installed",
            hint=f"Install the extra: pip install 'terrace-config[{extra}]'",
        ) from None


def _yaml(text: str, reference: Reference) -> Mapping[str, object]:
    from terrace.yamlio import read

    document, _ = read(reference.path, text.encode())
    if document is None:
        raise StoreError(f"{reference}: the file is no YAML that can be read", hint="Leave out the key, or mend it.")
    return document.value


def _scalar(value: object, reference: Reference) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    raise StoreError(f"{reference}: there is no single value at that key", hint="Name a key further down.")
