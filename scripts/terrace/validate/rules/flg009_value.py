"""# Value that is not of the flag's type

A variant's value is not what `type` says: a text in a boolean flag, 1.5 in an integer one, a list in an object one.

**Why.** Applications ask for a flag by its type. One that gets another gets its own default, and an error nobody reads.

**Fix.** Correct the value, or the type of a flag that no application asks for yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from terrace.validate.flag_text import FLAG, area
from terrace.validate.rule import Example, FlagsView, Hit, rule

_BOOLEAN = "type: boolean"
_VARIANTS = "{on: true, off: false}"
GOOD = (
    Example(area("", flag=FLAG.replace(_BOOLEAN, "type: float").replace(_VARIANTS, "{on: 1, off: 0.5}"))),
    Example(area("", flag=FLAG.replace(_BOOLEAN, "type: object").replace(_VARIANTS, "{on: {a: [1]}, off: {}}"))),
)
BAD = (
    Example(area("", flag=FLAG.replace("on: true", "on: yes")), "flags/shop.yaml:8", "flags.new-menu.variants.on"),
    Example(
        area("", flag=FLAG.replace(_BOOLEAN, "type: integer").replace(_VARIANTS, "{on: 2.0, off: 1}")),
        "flags/shop.yaml:8",
        "flags.new-menu.variants.on",
    ),
    Example(
        area("", flag=FLAG.replace(_BOOLEAN, "type: integer").replace(_VARIANTS, "{on: true, off: 1}")),
        "flags/shop.yaml:8",
        "flags.new-menu.variants.on",
    ),
    Example(
        area("", flag=FLAG.replace(_BOOLEAN, "type: object").replace(_VARIANTS, "{on: [1], off: {}}")),
        "flags/shop.yaml:8",
        "flags.new-menu.variants.on",
    ),
)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_FITS: Mapping[str, tuple[str, Callable[[object], bool]]] = {
    "boolean": ("true or false", lambda value: isinstance(value, bool)),
    "string": ("a text", lambda value: isinstance(value, str)),
    "integer": ("a whole number", lambda value: _is_number(value) and isinstance(value, int)),
    "float": ("a number", _is_number),
    "object": ("a map", lambda value: isinstance(value, dict)),
}


@rule("FLG009", "value that is not of the flag's type", on="flags")
def check(view: FlagsView) -> Iterator[Hit]:
    """Every variant whose value is not of the flag's type."""
    for flag in view.flags:
        what, fits = _FITS[flag.type]
        for name, value in flag.variants.items():
            if not fits(value):
                pointer = (*flag.pointer, "variants", name)
                message = f"variant '{name}' of flag '{flag.key}' is not {what}"
                yield Hit(message, flag.document.at(pointer), pointer, f"The flag is of type {flag.type}.")
