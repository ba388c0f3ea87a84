"""Go back to an earlier release at once, and keep what was undone from coming back.

Without --to, to the configuration that ran before. Needs neither Git nor the network. Flags stay as they are, so that
a kill switch stays thrown, unless you say --with flags: then they become those that ran with that configuration; with
--only flags nothing but flags goes back. Secrets stay the current ones unless you say --with secrets; then a release
that holds secrets which were revoked since is refused, and names them, unless you say --allow-revoked too: they do not
work, or somebody knows them who must not.

What was undone is held: deploy refuses any bundle that brings it back, until the change itself is gone from the
repository, or somebody lifts the hold (`terrace hold`).

A release of then with the secrets of now is a new bundle, which needs a signature of its own where `environment.yaml`
names `signers`: --sign. Where the secrets are the same, and with --with secrets, the one of then goes along.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from terrace.cli import _options
from terrace.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from terrace.arrival import Arrival
    from terrace.deploy.destination import RollbackResult

_STREAMS = ("secrets", "flags")
"""What a release has beside its configuration."""


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--env", required=True, metavar="ENV")
    parser.add_argument("--service", metavar="SERVICE", help="default: every service of the latest release")
    parser.add_argument("--to", metavar="DIGEST", help="the release's digest, or its first digits")
    parser.add_argument("--reason", required=True, metavar="TEXT", help="why; it stands in the log and in the hold")
    parser.add_argument(
        "--with",
        dest="streams",
        action="append",
        default=[],
        metavar="STREAMS",
        help=f"what goes back beside the configuration, with commas between: {', '.join(_STREAMS)}",
    )
    parser.add_argument("--only", choices=["flags"], help="leave the configuration as it is")
    parser.add_argument("--allow-revoked", action="store_true", help="with secrets: also those that were revoked since")
    _options.add_sign(parser)
    _options.add_wait(parser)
    _options.add_format(parser, ("text", "json"))


def run(args: Namespace) -> int:
    """Roll back, and say what changed and what is held."""
    from terrace import delivery
    from terrace.deploy.destination import Moved
    from terrace.deploy.trust import Trust
    from terrace.report.arrived import arrived_text
    from terrace.report.undone import rollback_json, rollback_text

    streams = _streams(args.streams)
    if args.only and (streams or args.service):
        raise UsageError("--only flags goes with neither --with nor --service")
    if args.allow_revoked and "secrets" not in streams:
        raise UsageError("--allow-revoked goes with --with secrets")
    destination = _options.destination(args)
    signers = delivery.signers(_options.folder_of(args), args.env)
    result = destination.rollback(
        args.service,
        args.to,
        reason=args.reason,
        actor=_options.actor(),
        now=datetime.now(UTC),
        streams=Moved(config=not args.only, secrets="secrets" in streams, flags="flags" in streams or bool(args.only)),
        allow_revoked=args.allow_revoked,
        trust=Trust(signers, _options.signing_key(args)),
    )
    arrivals = _wait(args, result) if args.wait is not None else None
    if args.format == "json":
        text = rollback_json(result, arrivals)
    else:
        text = rollback_text(result, _options.style(args))
        text += arrived_text(arrivals, _options.style(args)) if arrivals is not None else ""
    _options.write(args, text)
    return ExitCode.FINDINGS if any(each.state != "arrived" for each in arrivals or ()) else ExitCode.CLEAN


def _wait(args: Namespace, result: RollbackResult) -> list[Arrival]:
    from terrace import arrival
    from terrace.views import environments_of

    configz = environments_of(_options.folder_of(args))[args.env].configz
    digests = {ref.service: ref.digest for ref in result.release.bundles}
    return arrival.wait(arrival.endpoints(digests, configz), args.wait)


def _streams(said: list[str]) -> set[str]:
    """The streams that were named, of those that there are."""
    streams = {name.strip() for text in said for name in text.split(",")}
    for name in sorted(streams - set(_STREAMS)):
        raise UsageError(
            f"--with: a release has no stream {name!r} beside its configuration",
            hint=f"There are: {', '.join(_STREAMS)}. The configuration always goes back.",
        )
    return streams
