"""The build of flags: judged and sealed apart from configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from terrace import load
from terrace.model.findings import Severity
from terrace.model.flag import STREAM
from terrace.pipeline.parts import Built, Part, refused
from terrace.validate.found import Found
from terrace.validate.run import Checked

if TYPE_CHECKING:
    from terrace.bundle.keys import SigningKey


def flags(
    part: Part, output: Path, today: date, key: SigningKey | None, killed: Mapping[tuple[str, str], str]
) -> Iterator[Built]:
    """The flags of environments, but where an error reaches them; nothing in a repository without flags.

    What is `killed` is so whatever the source says.
    """
    tree = load.Tree(part.source)
    if not tree.flags:
        return
    from terrace.load_flags import Rosters, load_flags
    from terrace.seal_flags import seal_flags
    from terrace.validate import flagged

    repository, given, rosters = load.common(tree), load_flags(tree), Rosters(tree)
    checked = Checked(flagged.judge(flagged.judging(repository, today), given, rosters), 0)
    for environment in part.environments:
        errors = [item for item in checked.found if blocks_flags(item, environment.name)]
        if errors:
            yield refused(tree, checked, environment, errors, "flags")
        else:
            sealed = seal_flags(
                repository, given.flags, environment.name, rosters, output, tree.source.origin, key, killed
            )  # fmt: skip
            yield Built(environment, (sealed,), tree.source.origin, stream="flags")


def is_of_flags(item: Found) -> bool:
    """Whether a finding is one on flags: it names flags of environments in the place of targets."""
    return any(target.startswith(f"{STREAM}/") for target in item.targets)


def blocks_flags(item: Found, environment: str) -> bool:
    """Whether an error stands in the way of an environment's flags. A date that has passed does not: see FLG016."""
    wrong = item.finding.severity is Severity.ERROR and not item.suppressed and item.finding.code != "FLG016"
    return wrong and f"{STREAM}/{environment}" in item.targets
