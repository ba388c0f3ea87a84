"""A flag, as the examples of rules begin: nine lines, after which come its environments and what else they show."""

from __future__ import annotations

FLAG = """\
flags:
  new-menu:
    type: boolean
    description: The menu with pictures
    owner: team-shop
    created: 2026-05-01
    expires: 2026-12-31
    variants: {on: true, off: false}
    off_variant: off
"""


def area(rest: str, *, flag: str = FLAG) -> dict[str, str]:
    """A file of flags that goes on with `rest`."""
    return {"flags/shop.yaml": flag + rest}


def in_production(*lines: str) -> dict[str, str]:
    """The flag with a state in production, from line 12 on."""
    return area("    environments:\n      production:\n" + "".join(f"        {line}\n" for line in lines))
