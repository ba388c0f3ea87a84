"""Add a flag to an area: `flags/<area>.yaml`

It is in no environment at first, so everybody gets its off variant: `terrace flags on` turns it on where it is wanted.
A flag of a kind that comes and goes (release, experiment) expires in 90 days, if no other day is said; one that stays
is permanent.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime, timedelta
from typing import Any

from terrace.cli import _options
from terrace.cli.flags import _toggle
from terrace.errors import UsageError
from terrace.model.flag import KINDS, TYPES

_COME_AND_GO = ("release", "experiment")
_DAYS = 90


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    _toggle.configure(parser, environment=False)
    parser.add_argument("--area", required=True, metavar="AREA", help="flags/AREA.yaml, which is begun if need be")
    parser.add_argument("--owner", required=True, metavar="WHO")
    parser.add_argument("--type", choices=TYPES, default="boolean", help="default: boolean")
    parser.add_argument("--kind", choices=KINDS, default="release", help="default: release")
    parser.add_argument("--description", metavar="TEXT", default="")
    parser.add_argument("--expires", metavar="DAY", default="", help="the day by which it is to be gone")
    parser.add_argument("--permanent", action="store_true", help="it is meant to stay")
    parser.add_argument(
        "--variants", metavar="MAP", default="", help="as {small: 10, large: 100}; on and off, if boolean"
    )
    parser.add_argument("--off", metavar="VARIANT", default="", help="what everybody gets where it is off")


def run(args: Namespace) -> int:
    """Work it out, judge it, commit it."""
    from terrace.toggle import Action

    if "/" in args.area or args.area.startswith(".") or not args.area:
        raise UsageError(f"{args.area!r} is no area", hint="It is the name of a file in flags/, without .yaml.")
    return _toggle.run(args, Action("new", args.flag, area=args.area, block=_block(args), reason=args.reason))


def _block(args: Namespace) -> dict[str, Any]:
    today = datetime.now(UTC).date()
    permanent = args.permanent or (not args.expires and args.kind not in _COME_AND_GO)
    until = {"permanent": True} if permanent else {"expires": args.expires or str(today + timedelta(days=_DAYS))}
    variants = _variants(args)
    off = args.off or next((name for name, value in variants.items() if value is False), "")
    if not off:
        raise UsageError("say which variant everybody gets where it is off", hint=f"--off {next(iter(variants))}")
    return {
        "type": args.type,
        **({"description": args.description} if args.description else {}),
        "owner": args.owner,
        "created": str(today),
        **until,
        "kind": args.kind,
        "variants": variants,
        "off_variant": off,
    }


def _variants(args: Namespace) -> dict[str, Any]:
    if not args.variants and args.type == "boolean":
        return {"on": True, "off": False}
    said = _options.value(args.variants) if args.variants else None
    if not isinstance(said, dict) or not said:
        raise UsageError(
            f"say which variants a flag of type {args.type} has", hint="--variants '{small: 10, large: 100}'"
        )
    return said
