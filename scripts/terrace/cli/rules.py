"""List the rules, or print the page of one.

`terrace rules` lists every rule with its code and severity; `terrace rules CODE` prints what it looks for, why, how to
mend it, and its exceptions.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from terrace.cli import _options
from terrace.errors import ExitCode, UsageError


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("code", nargs="?", metavar="CODE", help="as LEAK010")
    _options.add_format(parser, ("text", "json"))


def run(args: Namespace) -> int:
    """Print the list, or a page."""
    from terrace.report.rules import rule_page, rules_json, rules_text
    from terrace.validate.registry import by_code, every_rule

    if args.code is None:
        text = rules_json(every_rule()) if args.format == "json" else rules_text(every_rule(), _options.style(args))
        _options.write(args, text)
        return ExitCode.CLEAN
    rule = by_code(args.code)
    if rule is None:
        raise UsageError(f"there is no rule {args.code!r}", hint="`terrace rules` lists them.")
    _options.write(args, rules_json([rule]) if args.format == "json" else rule_page(rule, _options.style(args)))
    return ExitCode.CLEAN
