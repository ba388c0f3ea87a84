"""Verify, show or export the audit log: who opened which secrets, when, where and why

verify looks for what was edited, reordered, removed or cut off, up to the newest head that FILEs of anchors hold, such
as a syslog file; exit code 1 if it finds something. show lists records, the newest last. export writes every record as
it stands, one JSON object a line. The log is the user's own, in $XDG_STATE_HOME/terrace/audit, or in the folder that
TERRACE_AUDIT_LOG names. What it proves, and what it cannot, is on the page Access audit of the documentation.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from terrace.cli import _options
from terrace.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from terrace.audit import Anchor, Log

ACTIONS = ("verify", "show", "export")


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("action", choices=ACTIONS, metavar="ACTION", help="verify, show or export")
    parser.add_argument("--log", metavar="DIR", help="the folder of another log")
    parser.add_argument(
        "--anchors", metavar="FILE", action="append", default=[], help="verify up to the heads in it; several times"
    )
    parser.add_argument("--file", metavar="TEXT", default="", help="show: only files with this in their path")
    parser.add_argument("--user", metavar="NAME", default="", help="show: only what this user opened")
    parser.add_argument("--last", metavar="N", type=int, default=50, help="show: the last N records (default: 50)")
    _options.add_format(parser, ("text", "json"))


def run(args: Namespace) -> int:
    """Read the log; write nothing to it."""
    from terrace.audit import Log
    from terrace.opening import log_folder

    if args.last < 1:
        raise UsageError(f"--last {args.last}: name how many records to show")
    folder = args.log or log_folder(os.environ)
    if not Path(folder).is_dir():
        raise UsageError(f"there is no audit log at {folder}", hint="It begins when a secret is first opened.")
    log = Log(folder)
    if args.action == "verify":
        return _verify(args, log)
    if args.action == "show":
        return _show(args, log)
    return _export(args, log)


def _verify(args: Namespace, log: Log) -> int:
    from terrace.report.audited import verified_json, verified_text

    found = log.verify(_anchors(args.anchors))
    text = verified_json(found) if args.format == "json" else verified_text(found, _options.style(args))
    _options.write(args, text)
    return ExitCode.CLEAN if found.ok else ExitCode.FINDINGS


def _anchors(files: list[str]) -> list[Anchor]:
    from terrace.audit import anchors_in

    found: list[Anchor] = []
    for file in files:
        try:
            anchors = list(anchors_in(Path(file).read_text(encoding="utf-8", errors="replace")))
        except OSError as error:
            raise UsageError(f"cannot read {file}: {error.strerror}") from error
        if not anchors:
            raise UsageError(f"{file} holds no head of an audit log")
        found += anchors
    return found


def _show(args: Namespace, log: Log) -> int:
    from collections import deque

    from terrace.report.audited import records_json, records_text

    wanted = (
        record
        for record in log.read()
        if args.file in record.opening.file and args.user in ("", record.opening.who.user)
    )
    records = list(deque(wanted, maxlen=args.last))
    text = records_json(records) if args.format == "json" else records_text(records, _options.style(args))
    _options.write(args, text)
    return ExitCode.CLEAN


def _export(args: Namespace, log: Log) -> int:
    """Every line as it stands: the seals are over their very bytes."""
    if args.output:
        try:
            with open(args.output, "wb") as stream:
                stream.writelines(line + b"\n" for line in log.export())
        except OSError as error:
            raise UsageError(f"cannot write {args.output}: {error.strerror}") from error
    else:
        sys.stdout.buffer.writelines(line + b"\n" for line in log.export())
    return ExitCode.CLEAN
