"""Set which variant a flag gives: by default, or by one of its rules

`terrace flags set KEY VARIANT --env E` sets the default; --code-default in the place of VARIANT leaves it to the
application. With --rule NAME a rule of that name gives VARIANT, or the shares of --rollout on=20,off=80.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from terrace.cli.flags import _toggle
from terrace.errors import UsageError


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    _toggle.configure(parser)
    parser.add_argument("variant", metavar="VARIANT", nargs="?")
    parser.add_argument("--code-default", action="store_true", help="no variant: the application's own default")
    parser.add_argument("--rule", metavar="NAME", default="", help="the rule that changes; the default, if left out")
    parser.add_argument("--rollout", metavar="SHARES", default="", help="shares of variants, as on=20,off=80")


def run(args: Namespace) -> int:
    """Work it out, judge it, commit it."""
    from terrace.toggle import Action

    if sum(map(bool, (args.variant, args.code_default, args.rollout))) != 1:
        raise UsageError("say what it is to be: VARIANT, --code-default, or --rule NAME --rollout SHARES")
    variant = None if args.code_default else args.variant or ""
    rollout = _shares(args.rollout) if args.rollout else {}
    return _toggle.run(
        args, Action("set", args.flag, args.env, variant, rule=args.rule, rollout=rollout, reason=args.reason)
    )


def _shares(text: str) -> dict[str, int]:
    """The weights by variant."""
    shares: dict[str, int] = {}
    for part in text.split(","):
        name, equals, weight = part.strip().rpartition("=")
        if not equals or not name or not weight.strip().isdecimal() or not weight.isascii() or name.strip() in shares:
            raise UsageError(f"{part.strip()!r} is no share", hint="As in --rollout on=20,off=80")
        shares[name.strip()] = int(weight)
    return shares
