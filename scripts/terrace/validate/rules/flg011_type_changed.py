"""# Flag that changes under running code

The type of a flag is another than it was, or a flag is gone and not archived. What there was before is kept in
`schemas/generated/flags.json`.

**Why.** Applications that run now ask for the flag, by its key and its type. They would get their own defaults in its
place, at once and everywhere.

**Fix.** For another type, make a new flag with a key of its own. For a flag that no application asks for any more, say so
under `archived`: `KEY: {type: TYPE, day: DAY, reason: REASON}`.

**Exceptions.** A flag that never left a branch: take its line out of `schemas/generated/flags.json` too.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.load import FLAG_TYPES
from terrace.model.closest import closest
from terrace.model.source import Location
from terrace.validate.flag_text import area
from terrace.validate.rule import Example, FlagsView, Hit, rule

_MENU = '"new-menu": "boolean"'
GOOD = (
    Example({FLAG_TYPES: f'{{"types": {{{_MENU}}}}}\n', **area("")}),
    Example(
        {
            FLAG_TYPES: f'{{"types": {{{_MENU}}}}}\n',
            **area("archived:\n  old-menu: {type: boolean, day: 2026-05-01, reason: it is out}\n"),
        }
    ),
)
BAD = (
    Example(
        {FLAG_TYPES: '{"types": {"new-menu": "string"}}\n', **area("")}, "flags/shop.yaml:3", "flags.new-menu.type"
    ),
    Example({FLAG_TYPES: f'{{"types": {{{_MENU}, "old-menu": "boolean"}}}}\n', **area("")}, FLAG_TYPES),
)


@rule("FLG011", "flag that changes under running code", on="flags")
def check(view: FlagsView) -> Iterator[Hit]:
    """Every flag whose type is not what it was, and every flag that is gone without a word."""
    types = view.types or {}
    for flag in view.flags:
        before = types.get(flag.key, flag.type)
        if before != flag.type:
            pointer = (*flag.pointer, "type")
            message = f"flag '{flag.key}' was of type {before}, and is of type {flag.type} now"
            hint = "Make a new flag with a key of its own, and archive this one when nobody asks for it any more."
            yield Hit(message, flag.document.at(pointer), pointer, hint)
    archived = {each.key for area_ in view.every.areas for each in area_.archived}
    added = view.keys - types.keys()
    for key in sorted(types.keys() - view.keys - archived if view.complete else ()):
        close = closest(key, added)
        renamed = f"If it was renamed to '{close}': applications ask for '{key}'. " if close else ""
        hint = f"{renamed}Archive it: {key}: {{type: {types[key]}, day: DAY, reason: REASON}}."
        yield Hit(f"flag '{key}' is gone, and was not archived", Location(FLAG_TYPES), hint=hint)
