"""What the last builds of a repository came to, for a process that builds again and again: see `pipeline.build_source`.

A tenant's verdict, and the slices that were sealed with it, follow from the content of its own files, the content of
all that tenants share, the contracts' Python, the day, and what is built of it. While these are the same, so is the
verdict; it is not reached again, and the slices are the files that stand in the output already. Where one of them is
another, nothing is guessed: an edit of what tenants share has every tenant judged.

Entries have to be named by content, as those of a revision and of `source.content` are. What has no such name, as a
link that leads nowhere, is remembered neither by itself nor for others.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from datetime import date

from terrace import load
from terrace.bundle.writer import Addition
from terrace.seal import KeptFiles
from terrace.source import Entry
from terrace.source.content import Names
from terrace.validate.run import Verdict


class Remembered:
    """What is remembered of one repository and one output. Whoever sees a build fail lets go of it, and of the output.

    `names` are those of the files of the work tree, `files` what stands in the output.
    """

    def __init__(self) -> None:
        self.names: Names = {}
        self.files: KeptFiles = {}
        self._verdicts: dict[tuple[Hashable, ...], Verdicts] = {}

    def of(self, *built: Hashable, beside: Sequence[Entry]) -> Verdicts:
        """The verdicts that were reached when this was built: environments, services, and how.

        `beside` are files that are read past the source. Their times have to be the same too: between two looks a file
        can become another one, be read, and be what it was.
        """
        verdicts = self._verdicts.setdefault(built, Verdicts(self.files))
        verdicts.beside = beside
        return verdicts


class Verdicts:
    """Verdicts on tenants, the last one on each. A `validate.run.Memory`."""

    def __init__(self, files: KeptFiles) -> None:
        self.beside: Sequence[Entry] = ()
        self._files = files
        self._shared: tuple[date, Sequence[Entry], list[Entry]] | None = None
        self._tenants: Mapping[str, list[Entry]] = {}
        self._kept: dict[str, tuple[list[Entry], Verdict]] = {}

    def recall(self, tree: load.Tree, today: date) -> Mapping[str, Verdict]:
        """The verdicts that would be reached again. The others are forgotten."""
        shared = (today, self.beside, tree.shared) if _are_named(tree.shared) else None
        kept = self._kept if shared is not None and shared == self._shared else {}
        self._shared, self._tenants = shared, tree.tenants
        self._kept = {
            folder: kept[folder]
            for folder, entries in tree.tenants.items()
            if folder in kept and kept[folder][0] == entries and self._are_there(kept[folder][1])
        }
        return {folder: verdict for folder, (_, verdict) in self._kept.items()}

    def keep(self, verdict: Verdict) -> None:
        """Remember a verdict, with the files it was reached on."""
        entries = self._tenants[verdict.folder]
        if self._shared is not None and _are_named(entries):
            self._kept[verdict.folder] = (entries, verdict)

    def _are_there(self, verdict: Verdict) -> bool:
        """Whether its slices still stand in the output: another build may have put others there."""
        for target, taken in verdict.taken:
            if isinstance(taken, Addition):
                there = self._files.get((target.environment, target.service), {})
                wanted = (*taken.files.items(), *taken.origins.items())
                if any(there.get(name) != entry for name, entry in wanted):
                    return False
        return True


def _are_named(entries: Sequence[Entry]) -> bool:
    return all(entry.signature for entry in entries)
