"""What a change to flags does before it is merged: which flags it moves, for whom, and what share of the subjects.

Both sides are read from Git's objects or from the work tree. Nothing is checked out, and nothing of a repository runs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

from terrace import load
from terrace.errors import FlagError, SourceError, UsageError
from terrace.flags.compile import compile_flags
from terrace.flags.edited import Side, about, edits, same_text
from terrace.flags.moves import Moment, moments
from terrace.flags.states import lineage
from terrace.load_flags import Rosters, load_flags
from terrace.model.closest import closest
from terrace.model.entities import Environment
from terrace.model.findings import Severity
from terrace.model.flag import Flags
from terrace.source import open_source

Kind = Literal["new", "removed", "changed"]


class Change(NamedTuple):
    """What becomes of a flag in environments where it is the same: what was edited, and who moves when.

    `about` names what was edited of it that nobody gets (its owner and so on). `new_tenants` are those of the
    environment that were not there before: what they got is what they would have got.
    """

    flag: str
    environments: tuple[str, ...]
    kind: Kind
    edits: tuple[str, ...]
    about: tuple[str, ...]
    moments: tuple[Moment, ...]
    new_tenants: tuple[str, ...]

    @property
    def moves_nobody(self) -> bool:
        """Whether everybody gets what they got, now and later."""
        return all(each.moves_nobody for each in self.moments)


class Plan(NamedTuple):
    """What a change does. `base` and `head` say in words what was compared, with the commits (empty: the work tree).

    `without_effect` are flags, and segments as `segment NAME`, whose text was edited and that compile to the same
    everywhere that was looked at. `environments` are those that were compared.
    """

    base: str
    head: str
    base_commit: str
    head_commit: str
    environments: tuple[str, ...]
    changes: tuple[Change, ...]
    without_effect: tuple[str, ...]


class Book(NamedTuple):
    """One side: the flags, the environments, and who is in each."""

    flags: Flags
    environments: Mapping[str, Environment]
    rosters: Rosters
    commit: str

    def definitions(self, environment: str) -> dict[str, dict[str, Any]]:
        """The flags of an environment by key, as flagd reads them; none where there is no such environment."""
        if environment not in self.environments:
            return {}
        _, *ancestors = lineage(environment, self.environments)
        found: dict[str, dict[str, Any]] = compile_flags(
            self.flags, environment, ancestors, self.rosters.of(environment)
        )["flags"]
        return found

    def side(self, environment: str) -> Side:
        """What edits are told from."""
        return Side(self.flags, self.environments, self.rosters.of(environment))


def plan_flags(
    folder: Path, now: datetime, *, base: str = "", head: str = "", environments: Sequence[str] = ()
) -> Plan:
    """What the flags of `head` (the work tree, if empty) do to everybody who has those of `base`.

    Without `base` it is the commit in which the work left the default branch. Raises FlagError with the side on which
    flags are not right.
    """
    from terrace.git import find

    git = find(folder)
    if git is None:
        raise SourceError(f"{folder} is not in a Git repository: there is nothing to compare with")
    said = base
    if not base:
        from terrace.git.forked import forked

        found = forked(git, head or "HEAD")
        base = found.commit
        said = f"{base[:12]}, which is in {found.branch}" if found.branch else f"{base[:12]}, which is HEAD"
    old, new = _book(folder, base, said), _book(folder, head, head or "the work tree")
    names = _chosen(environments, old, new)
    changes = tuple(_changes(old, new, names, int(now.timestamp())))
    return Plan(
        said, head or "the work tree", old.commit, new.commit if head else "", tuple(names), changes,
        tuple(_without_effect(old, new, changes)),
    )  # fmt: skip


def compare(old: Book, new: Book, now: datetime, environments: Sequence[str] = ()) -> tuple[Change, ...]:
    """The same of two sides that have been read."""
    return tuple(_changes(old, new, _chosen(environments, old, new), int(now.timestamp())))


def _book(folder: Path, at: str, said: str) -> Book:
    tree = load.Tree(open_source(folder, at or None))
    files = load_flags(tree)
    wrong = [each for each in files.files.findings if each.severity is Severity.ERROR]
    if wrong:
        raise FlagError(
            f"{said}: {wrong[0].location}: {wrong[0].message}",
            hint="Flags in it would look as if they were gone. terrace validate says all that is wrong.",
        )
    commit = tree.source.origin.commit
    return Book(files.flags, load.common(tree).environments, Rosters(tree), commit)


def _chosen(asked: Sequence[str], old: Book, new: Book) -> list[str]:
    """The environments of both sides in promotion order, or those of them that were asked for."""
    known = {**old.environments, **new.environments}
    for name in asked:
        if name not in known:
            close = closest(name, known)
            raise UsageError(
                f"there is no environment {name!r} on either side", hint=f"Did you mean {close!r}?" if close else ""
            )
    return sorted(set(asked) or known, key=lambda name: (known[name].order, name))


def _changes(old: Book, new: Book, names: Sequence[str], now: int) -> Iterator[Change]:
    """The changes, flag by flag; environments in which all is the same stand together."""
    found: dict[tuple[object, ...], Change] = {}
    known: dict[tuple[object, ...], tuple[Moment, ...]] = {}
    for name in names:
        before, after = _compiled(old, name, "before"), _compiled(new, name, "after")
        for key in sorted(before.keys() | after.keys()):
            if before.get(key) != after.get(key) or _written(before.get(key)) != _written(after.get(key)):
                change = _change(key, name, (old, new), (before.get(key), after.get(key)), (now, known))
                alike = (key, change.edits, _hashable(change))
                if alike in found:
                    change = change._replace(environments=(*found[alike].environments, name))
                found[alike] = change
    return iter(sorted(found.values(), key=lambda each: each.flag))


def _hashable(change: Change) -> str:
    return repr((change.kind, change.about, change.moments, change.new_tenants))


def _compiled(book: Book, environment: str, when: str) -> dict[str, dict[str, Any]]:
    try:
        return book.definitions(environment)
    except FlagError as error:
        raise FlagError(f"{when} the change: {error.message}", hint=error.hint) from error


def _change(
    key: str, environment: str, books: tuple[Book, Book], definitions: tuple[Any, Any],
    known: tuple[int, dict[tuple[object, ...], tuple[Moment, ...]]],
) -> Change:  # fmt: skip
    old, new = books
    was, is_now = old.flags.flags.get(key), new.flags.flags.get(key)
    now, done = known
    tenants = new.rosters.of(environment).tenants
    behind = tuple(_written({**each, "metadata": None} if each else None) for each in definitions)
    same = (key, *behind, tenants)
    if same not in done:
        done[same] = moments(key, *definitions, tenants, now)
    return Change(
        key,
        (environment,),
        "new" if definitions[0] is None else "removed" if definitions[1] is None else "changed",
        edits(key, environment, old.side(environment), new.side(environment)),
        about(was, is_now) if was and is_now else (),
        done[same],
        tuple(sorted(tenants - old.rosters.of(environment).tenants)),
    )


def _written(definition: object) -> str:
    """A definition as text: 1 and true, and 1 and 1.0, are not the same there."""
    return json.dumps(definition)


def _without_effect(old: Book, new: Book, changes: Sequence[Change]) -> Iterator[str]:
    """The flags and segments that were edited, and of which no change tells."""
    told = {each.flag for each in changes}
    for key, flag in new.flags.flags.items():
        if key not in told and key in old.flags.flags and not same_text(old.flags.flags[key], flag):
            yield key
    said = [edit for each in changes for edit in each.edits]
    for name, segment in sorted(new.flags.segments.items()):
        edited = name in old.flags.segments and old.flags.segments[name].when != segment.when
        if edited and not any(edit.startswith(f"segment {name}:") for edit in said):
            yield f"segment {name}"
