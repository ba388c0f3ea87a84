"""The ages of secrets as Git knows them, without any key: when the nonce of each value last changed.

A value that is encrypted anew gets a new nonce; a new data key, or other recipients, leave the nonces as they are. So
the newest commit that brought a value's nonce is the one that brought the value. Where a commit changed every nonce of
a file, it may have been encrypted anew as a whole, with the same values: then nobody can tell without a key.

One `git log` names the files' versions, one `git cat-file --batch` gives their content, whatever the number of files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, NamedTuple

from terrace.model.source import Pointer
from terrace.model.witness import Seen

if TYPE_CHECKING:
    from terrace.git import Git

_FEW = 2
"""From so many values on, a commit that changed all of them is taken for one that encrypted the file anew."""

Nonces = Mapping[Pointer, bytes]


class _Version(NamedTuple):
    commit: str
    day: date
    before: tuple[str, ...]
    after: str


def ages(git: Git, texts: Mapping[str, str]) -> dict[str, dict[Pointer, Seen]]:
    """For each secrets file, by path below the repository's folder, and each value in it: since when it is there.

    `texts` are the files as they are now. A shallow clone knows less: what it does not reach counts as not committed.
    """
    now = {path: nonces(text) for path, text in texts.items()}
    versions = _versions(git, sorted(texts))
    oids = {oid for found in versions.values() for version in found for oid in (*version.before, version.after) if oid}
    order = sorted(oids)
    held = {oid: nonces(data.decode("utf-8", "replace")) for oid, data in zip(order, git.blobs(order), strict=True)}
    held[""] = {}
    return {path: _of_file(now[path], versions.get(path, ()), held) for path in texts}


def nonces(text: str) -> dict[Pointer, bytes]:
    """The nonce of every encrypted value of a secrets file, by its place. A file that is none has none."""
    from terrace.sops import inspect

    return {leaf.pointer: leaf.iv for leaf in inspect(text).leaves if leaf.encrypted}


def _of_file(now: Nonces, versions: Sequence[_Version], held: Mapping[str, Nonces]) -> dict[Pointer, Seen]:
    """The newest version is first: of each value, the first one found that has its nonce and had not before."""
    found: dict[Pointer, Seen] = {}
    for version in versions:
        after = held[version.after]
        parents = [held[oid] for oid in version.before]
        brought = [
            pointer
            for pointer, nonce in now.items()
            if pointer not in found
            and after.get(pointer) == nonce
            and all(before.get(pointer) != nonce for before in parents)
        ]
        if brought:
            anew = all(_all_anew(before, after) for before in parents)
            seen = Seen(version.day, version.commit, anew, not any(version.before))
            found.update(dict.fromkeys(brought, seen))
    return {pointer: found.get(pointer, Seen()) for pointer in now}


def _all_anew(before: Nonces, after: Nonces) -> bool:
    """Whether a commit changed every value that was there before and after it."""
    both = before.keys() & after.keys()
    return len(both) >= _FEW and all(before[pointer] != after[pointer] for pointer in both)


def _versions(git: Git, paths: Sequence[str]) -> dict[str, list[_Version]]:
    """What each commit made of each path, the newest commit first."""
    if not paths or git.head() is None:
        return {}
    prefix = f"{git.prefix}/" if git.prefix else ""
    wanted = {prefix + path: path for path in paths}
    tops = sorted({prefix + path.split("/", 1)[0] for path in paths})
    out = git.run(
        "log",
        *("--topo-order", "--no-show-signature", "--no-notes", "--no-renames", "--no-ext-diff", "-m", "--raw", "-z"),
        *("--no-abbrev", "--no-color", "--format=%x02%H %ct %P%x00", "HEAD", "--", *tops),
    )
    return _parsed(out.decode("utf-8", "surrogateescape"), wanted)


def _parsed(out: str, wanted: Mapping[str, str]) -> dict[str, list[_Version]]:
    """The versions of each path. A merge is told once for each parent that it differs from, and counts as one."""
    found: dict[str, dict[str, _Version]] = {}
    parents: dict[str, int] = {}
    commit, day = "", date.min
    fields = iter(out.split("\0"))
    for field in fields:
        field = field.lstrip("\n")
        if field.startswith("\2"):
            commit, seconds, *above = field[1:].split(" ")
            parents[commit] = len(list(filter(None, above)))
            day = datetime.fromtimestamp(int(seconds), UTC).date()
        elif field.startswith(":"):
            _, _, before, after, _ = field.split(" ")
            path = next(fields)
            if path in wanted:
                versions = found.setdefault(wanted[path], {})
                others = versions[commit].before if commit in versions else ()
                versions[commit] = _Version(commit, day, (*others, _oid(before)), _oid(after))
    return {
        path: [each for each in seen.values() if len(each.before) >= parents[each.commit]]
        for path, seen in found.items()
    }


def _oid(oid: str) -> str:
    """An object's id, empty for one that is not there."""
    return oid if oid.strip("0") else ""
