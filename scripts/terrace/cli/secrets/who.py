"""Say in names who can open a secret

Needs no key: names the recipients for whom the file with the secret is encrypted, as recipients.yaml has them. Where
several files set it, the strongest counts.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace

from terrace.cli import _options
from terrace.cli.secrets import _given
from terrace.errors import ExitCode


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    _given.add_place(parser, path=True)
    _options.add_format(parser, ("text", "json"))


def run(args: Namespace) -> int:
    """Look, and name them."""
    from terrace.report.cells import one_line
    from terrace.secrets.reading import openers

    location, found = openers(_given.place_of(args), _given.pointer_of(args))
    if args.format == "json":
        rows = [each._asdict() for each in found]
        _options.write(args, json.dumps({"file": location.path, "recipients": rows}, indent=2, default=str) + "\n")
        return ExitCode.CLEAN
    lines = [f"{location}\n"]
    for each in found:
        retired = f", retired {each.retired}" if each.retired else ""
        about = f"{each.kind}, {each.owner}{retired}" if each.kind else "in no register"
        lines.append(f"  {one_line(each.name)}  ({one_line(about)})\n")
    _options.write(args, "".join(lines))
    return ExitCode.CLEAN
