"""Who changed a flag, when, and what it did in each environment, from Git."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from terrace import yamlio
from terrace.flags.read import FOLDER, area_of
from terrace.flags.standing import standing
from terrace.git.past import Past, past

if TYPE_CHECKING:
    from terrace.git import Git
    from terrace.model.entities import Environment
    from terrace.model.flag import Flag

MOST = 2000
"""How many commits to flags are looked at, at most, for those that changed one of them."""
_TOGETHER = 50
_TRAILER = re.compile(r"[A-Z][A-Za-z-]*: .*")


class Change(NamedTuple):
    """A commit that changed a flag. `moves` has before and after in words, for each environment that it changed.

    `was` says whether there was such a flag before it.
    """

    commit: Past
    moves: Mapping[str, tuple[str, str]]
    was: bool

    @property
    def reason(self) -> str:
        """Why, as the message says it: its first paragraph that is no trailers."""
        first = self.commit.body.split("\n\n")[0].strip()
        return "" if all(_TRAILER.fullmatch(line) for line in first.splitlines()) else " ".join(first.split())


def history(
    git: Git, commit: str, key: str, environments: Mapping[str, Environment], *, environment: str = "", limit: int
) -> list[Change]:
    """The newest changes of a flag up to `commit`, in one environment or anywhere; not of its file alone."""
    found = _changes(git, commit, key, environments)
    return list(islice((each for each in found if not environment or environment in each.moves), limit))


def _changes(git: Git, commit: str, key: str, environments: Mapping[str, Environment]) -> Iterator[Change]:
    folder = f"{git.prefix}/{FOLDER}" if git.prefix else FOLDER
    commits = iter(past(git, commit, folder, MOST))
    while some := list(islice(commits, _TOGETHER)):
        texts = _texts(git, some)
        for each in some:
            before = _written((texts[edited.before] for edited in each.edited if edited.before), key)
            after = _written((texts[edited.after] for edited in each.edited if edited.after), key)
            if before == after:
                continue
            flags = _flag(before, key), _flag(after, key)
            words = {name: tuple(standing(flag, name, environments) for flag in flags) for name in environments}
            moves = {name: (was, now) for name, (was, now) in words.items() if was != now}
            yield Change(each, moves, flags[0] is not None)


def _texts(git: Git, commits: Sequence[Past]) -> dict[str, str]:
    oids = list({oid for each in commits for edited in each.edited for oid in (edited.before, edited.after) if oid})
    return {oid: data.decode("utf-8", "replace") for oid, data in zip(oids, git.blobs(oids), strict=True)}


def _written(texts: Iterator[str], key: str) -> str:
    """What is written of a flag: its own lines, or the whole file where these cannot be told; empty for nothing."""
    for text in texts:
        if key in text:
            lines = _lines(text, key)
            if lines or _is_flow(text):
                return lines or text
    return ""


def _is_flow(text: str) -> bool:
    return re.search(r"^flags:[ ]*\{", text, re.MULTILINE) is not None


def _lines(text: str, key: str) -> str:
    """The lines of a flag in block style, of which no other flag has any."""
    begin = re.search(r"^flags:[ ]*(#.*)?$", text, re.MULTILINE)
    if begin is None:
        return ""
    found = re.compile(rf"""^([ ]+)["']?{re.escape(key)}["']?:(?=[ \n])""", re.MULTILINE).search(text, begin.end())
    while found is not None and _indent(text, begin.end()) != len(found[1]):
        found = re.compile(found.re.pattern, re.MULTILINE).search(text, found.end())
    if found is None:
        return ""
    lines = text[found.start() :].split("\n")
    end = next(
        (
            number
            for number, line in enumerate(lines[1:], 1)
            if line.strip() and not line.lstrip().startswith("#") and len(line) - len(line.lstrip()) <= len(found[1])
        ),
        len(lines),
    )
    return "\n".join(lines[:end]).rstrip()


def _indent(text: str, start: int) -> int:
    """How far the flags of a file stand in."""
    first = re.compile(r"^([ ]+)[^ #\n]", re.MULTILINE).search(text, start)
    return len(first[1]) if first else 0


def _flag(written: str, key: str) -> Flag | None:
    if not written:
        return None
    text = written if _is_flow(written) else f"flags:\n{written}\n"
    document, _ = yamlio.read(f"{FOLDER}/{key}.yaml", text.encode())
    flags = area_of(document).flags if document is not None else ()
    return next((flag for flag in flags if flag.key == key), None)
