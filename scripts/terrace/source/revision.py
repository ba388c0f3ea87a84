"""A commit, read from Git's object store: the work tree is neither looked at nor touched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from terrace.git import Commit, Git, Leaf
from terrace.model.entities import Origin
from terrace.source.entry import MAX_BYTES, SUBMODULE, Entry, Unreadable, printable, too_large
from terrace.source.links import NOTHING, Found, follow

LINK = "120000"
SUBMODULE_MODE = "160000"
LONGEST_LINK = 4096


class Revision:
    """The configuration repository as one commit has it. `asked` is what the user called that commit."""

    def __init__(self, root: Path, git: Git, commit: Commit, asked: str) -> None:
        self.root = root
        self._git = git
        self._commit = commit
        self._asked = asked

    @property
    def origin(self) -> Origin:
        """The commit. Nothing differs from it."""
        return Origin(self._commit.oid, self._commit.time, (), self._asked)

    def entries(self, folder: str) -> list[Entry]:
        """Everything below `folder`, sorted by path. Links to folders are not followed."""
        parts = folder.split("/")
        for end in range(1, len(parts) + 1):
            leaf = self._leaves.get("/".join(parts[:end]))
            if leaf is not None:
                return [self._entry(leaf)] if leaf.mode == LINK or end == len(parts) else []
        start = f"{folder}/" if folder else ""
        return sorted(self._entry(leaf) for path, leaf in self._leaves.items() if path.startswith(start))

    def read(self, entries: Sequence[Entry]) -> Iterator[bytes | Unreadable]:
        """The content of each entry in turn, or why it has none."""
        blobs = self._git.blobs([entry.signature for entry in entries if entry.kind == "file"], most=MAX_BYTES + 1)
        for entry in entries:
            if entry.kind == "file":
                data = next(blobs)
                yield data if len(data) <= MAX_BYTES else too_large(None)
            elif entry.kind == "link":
                led = follow(entry.real, self._look)
                yield led if isinstance(led, Unreadable) else next(self._git.blobs([self._leaves[led].oid]))
            else:
                yield SUBMODULE
        next(blobs, None)  # let it see its end, so that its process can serve again

    @cached_property
    def _leaves(self) -> dict[str, Leaf]:
        return {leaf.path: leaf for leaf in self._git.tree(self._commit.oid, self._git.prefix)}

    @cached_property
    def _links(self) -> dict[str, str]:
        """What each symbolic link says, by path."""
        links = [leaf for leaf in self._leaves.values() if leaf.mode == LINK]
        said = self._git.blobs([leaf.oid for leaf in links], most=LONGEST_LINK)
        return {leaf.path: text.decode("utf-8", "surrogateescape") for leaf, text in zip(links, said, strict=True)}

    @cached_property
    def _folders(self) -> set[str]:
        folders = {""}
        for path in self._leaves:
            while path and (path := path.rpartition("/")[0]) not in folders:
                folders.add(path)
        return folders

    def _entry(self, leaf: Leaf) -> Entry:
        path = printable(leaf.path)
        if leaf.mode == LINK:
            led = follow(leaf.path, self._look)
            if isinstance(led, Unreadable):
                return Entry(path, "link", leaf.oid, leaf.path)
            return Entry(path, "file", self._leaves[led].oid, led)
        return Entry(path, "other" if leaf.mode == SUBMODULE_MODE else "file", leaf.oid, leaf.path)

    def _look(self, path: str) -> Found:
        leaf = self._leaves.get(path)
        if leaf is None:
            return Found("folder") if path in self._folders else NOTHING
        if leaf.mode == LINK:
            return Found("link", self._links[path])
        return Found("other" if leaf.mode == SUBMODULE_MODE else "file")
