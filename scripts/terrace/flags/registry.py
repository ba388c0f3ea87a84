"""The type of each flag, kept in a file: applications were written for it, so it does not change by itself.

New keys are added, archived ones are taken out. Any other change is a mistake, and stays one: what was there before is
not written over.
"""

from __future__ import annotations

from collections.abc import Mapping

from terrace.model.flag import Flags


def kept(types: Mapping[str, str], flags: Flags) -> dict[str, str]:
    """The types as they are to be kept, given those that were kept before."""
    archived = {each.key for area in flags.areas for each in area.archived}
    now = {key: flag.type for key, flag in flags.flags.items()}
    both = {**now, **types}
    return {key: both[key] for key in sorted(both) if key in now or key not in archived}
