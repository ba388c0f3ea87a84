"""Say which secrets a change really alters, without a key

Compares the secrets files of the work tree (or of --at REV) with those of --since REV. A value that was set has a new
nonce; a file that was encrypted for others, or under a new data key, keeps those of its values. So a review sees which
secrets change, which come and go, and who can open a file from now on. No value is shown, for none is opened.

    terrace secrets changed --since origin/main
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from terrace.cli import _options
from terrace.errors import ExitCode


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--since", metavar="REV", default="HEAD", help="the revision to compare with; default: HEAD")
    parser.add_argument("--exit-code", action="store_true", help="exit with 1 where a secret changes, comes or goes")
    _options.add_format(parser, ("text", "json"))
    _options.add_at(parser)


def run(args: Namespace) -> int:
    """Compare, and say what is different."""
    from terrace.report.altered import altered_json, altered_text
    from terrace.secrets.changed import altered
    from terrace.secrets.register import whole

    folder = _options.folder_of(args)
    found = list(altered(folder, args.since, args.at))
    register = whole(folder).repository.register
    if args.format == "json":
        text = altered_json(found, register)
    else:
        text = altered_text(found, register, args.since, _options.style(args))
    _options.write(args, text)
    touched = any(each.new or each.changed or each.gone for each in found)
    return ExitCode.FINDINGS if args.exit_code and touched else ExitCode.CLEAN
