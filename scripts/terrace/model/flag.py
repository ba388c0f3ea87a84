"""Feature flags as people write them: what a file of `flags/` holds. `docs/flags.md` describes the format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from terrace.model.source import Document, Pointer

STREAM = "_flags"
"""Where others have a service's name: flags are sealed, released and taken back by themselves, as a bundle of this."""

ALGORITHM = "v3"
"""Which of flagd's ways to put a subject into a bucket the compiled flags are meant for, and the evaluator uses."""

TYPES = ("boolean", "string", "integer", "float", "object")
KINDS = ("release", "experiment", "operational", "permission", "kill_switch")

FlagType = Literal["boolean", "string", "integer", "float", "object"]
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class FlagRule(NamedTuple):
    """One rule of a flag in an environment: whom it is for, and the variant, or the shares of variants, they get.

    `when` is a condition as it is written, None for everybody. `rollout` has integer weights by variant; subjects are
    told apart by the attribute `by` of the context.
    """

    name: str
    when: Mapping[str, Any] | None
    serve: str
    rollout: Mapping[str, int]
    by: str


class Progress(NamedTuple):
    """A share of `variant` that grows with time, from `first` per cent at `start` to `last` per cent at `end`."""

    variant: str
    start: str
    end: str
    first: int
    last: int
    by: str


class FlagState(NamedTuple):
    """A flag in one environment. Not `enabled`: everybody gets the off variant. `kill`: applications use their default.

    `default` is the variant of those whom no rule is for; None: the application's own default. `schedule` has states
    that replace this one from a moment (RFC 3339) on, the earliest first. `targeting` is JsonLogic as flagd reads it,
    and stands in the place of `rules`.
    """

    enabled: bool = True
    kill: bool = False
    default: str | None = None
    rules: tuple[FlagRule, ...] = ()
    progress: Progress | None = None
    schedule: tuple[tuple[str, FlagState], ...] = ()
    targeting: Mapping[str, Any] | None = None
    reason: str = ""


class Requirement(NamedTuple):
    """A flag of which a subject must get a variant, or else it gets the off variant of the one that requires it."""

    flag: str
    variant: str


class Flag(NamedTuple):
    """One flag. `states` has the environments that the file names; another takes that of the one it extends.

    `pointer` is its place in `document`. `salt` goes into the buckets of subjects, and is the key where none is given.
    """

    key: str
    type: FlagType
    variants: Mapping[str, Any]
    off_variant: str
    states: Mapping[str, FlagState]
    document: Document
    pointer: Pointer
    description: str = ""
    owner: str = ""
    created: str = ""
    expires: str = ""
    permanent: bool = False
    kind: str = "release"
    tags: tuple[str, ...] = ()
    links: Mapping[str, str] = _NOTHING
    requires: tuple[Requirement, ...] = ()
    salt: str = ""
    metadata: Mapping[str, Any] = _NOTHING


class Segment(NamedTuple):
    """A condition with a name, which flags of every area can use."""

    name: str
    when: Mapping[str, Any]
    document: Document
    pointer: Pointer
    description: str = ""


class FlagTest(NamedTuple):
    """What a flag must come to for a context: a variant by name, None for the application's own default.

    `now` is the moment of the evaluation (RFC 3339), empty for the day on which is judged.
    """

    name: str
    flag: str
    environment: str
    context: Mapping[str, Any]
    expect: str | None
    now: str
    document: Document
    pointer: Pointer


class Archived(NamedTuple):
    """A flag that is no more. Its key is not used again for something else."""

    key: str
    type: str
    day: str
    reason: str
    document: Document
    pointer: Pointer


class Area(NamedTuple):
    """One file of `flags/`, by the name of the file."""

    name: str
    document: Document
    flags: tuple[Flag, ...] = ()
    segments: tuple[Segment, ...] = ()
    tests: tuple[FlagTest, ...] = ()
    archived: tuple[Archived, ...] = ()


class Flags(NamedTuple):
    """Every flag of a repository. Where a key or a name stands twice, the first in order of files is meant."""

    areas: tuple[Area, ...] = ()

    @property
    def flags(self) -> dict[str, Flag]:
        """The flags by key, sorted."""
        found: dict[str, Flag] = {}
        for flag in self.every():
            found.setdefault(flag.key, flag)
        return dict(sorted(found.items()))

    @property
    def segments(self) -> dict[str, Segment]:
        """The segments by name."""
        found: dict[str, Segment] = {}
        for area in self.areas:
            for segment in area.segments:
                found.setdefault(segment.name, segment)
        return found

    def every(self) -> Iterator[Flag]:
        """Every flag as it stands, also those whose key was there before."""
        for area in self.areas:
            yield from area.flags


class Roster(NamedTuple):
    """Who is in an environment: the tenants' names, and those of each group and ring; what conditions stand for."""

    tenants: frozenset[str] = frozenset()
    groups: Mapping[str, frozenset[str]] = MappingProxyType({})
    rings: Mapping[str, frozenset[str]] = MappingProxyType({})
