"""Which values of a file are encrypted: one of six selectors, decided by the keys on the way to a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from terrace.sops.errors import NotWritableError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Kind = Literal[
    "unencrypted_suffix",
    "encrypted_suffix",
    "unencrypted_regex",
    "encrypted_regex",
    "unencrypted_comment_regex",
    "encrypted_comment_regex",
]
KINDS: tuple[Kind, ...] = (
    "unencrypted_suffix",
    "encrypted_suffix",
    "unencrypted_regex",
    "encrypted_regex",
    "unencrypted_comment_regex",
    "encrypted_comment_regex",
)


class Selector(NamedTuple):
    """A selector as the metadata name it, and its suffix or regular expression."""

    kind: Kind
    pattern: str

    @property
    def by_comment(self) -> bool:
        """Whether comments decide: only the `sops` program reads such files."""
        return "comment" in self.kind

    def __str__(self) -> str:
        return f"{self.kind}: {self.pattern}"


DEFAULT = Selector("unencrypted_suffix", "_unencrypted")
EVERYTHING = DEFAULT
"""No key ends with it by accident, and SOPS writes it for 'the whole file'."""


def decider(selector: Selector) -> Callable[[Sequence[str]], bool]:
    """Whether the value at a path is encrypted, as a function of its keys.

    A regular expression that RE2 does not take never matches: that is what SOPS does.
    """
    kind, pattern = selector
    by_match = kind.startswith("encrypted")
    if kind.endswith("suffix"):

        def suffix(path: Sequence[str]) -> bool:
            for key in path:
                if key.endswith(pattern):
                    return by_match
            return not by_match

        return suffix
    search = compiled(pattern)

    def regex(path: Sequence[str]) -> bool:
        return (search is not None and any(map(search, path))) is by_match

    return regex


def compiled(pattern: str) -> Callable[[str], object] | None:
    """An unanchored search as RE2 does it, None for an expression that is none."""
    import re2

    options = re2.Options()
    options.log_errors = False
    # RE2 knows \C (any byte), Go's reading of the same language does not.
    if "\\C" in pattern.replace("\\\\", ""):
        return None
    try:
        search: Callable[[str], object] = re2.compile(pattern, options).search
    except re2.error:
        return None
    return search


def check(selector: Selector) -> None:
    """Raise NotWritableError for a selector that no new file should have."""
    if not selector.pattern:
        raise NotWritableError(f"the selector {selector.kind} is empty")
    if selector.by_comment:
        raise NotWritableError(f"files with {selector.kind} are written by the sops program only")
    if selector.kind.endswith("regex") and compiled(selector.pattern) is None:
        raise NotWritableError(
            f"the regular expression of {selector.kind} is not valid RE2",
            hint="SOPS would take it as never matching, and say nothing.",
        )
