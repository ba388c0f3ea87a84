"""Seal the bundles of one environment, or of all of them.

Everything is validated first. Bundles come to stand in --output as <environment>/<service>/, with an index.json for
each environment. The same commit gives the same digests on any machine. A protected environment is built from commits
only, never from an edited work tree. With --sign each bundle gets a signature.json beside its manifest.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from terrace.cli import _options
from terrace.errors import ExitCode


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    _options.add_environments(parser)
    parser.add_argument("--service", action="append", default=[], metavar="SERVICE", help="may be given several times")
    _options.add_only(parser)
    parser.add_argument("-o", "--output", metavar="DIR", help="default: .terrace/build in the repository")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="processes for many tenants")
    parser.add_argument("--pack", action="store_true", help="also as one file each: <environment>/<service>.bundle.tar")
    parser.add_argument("--no-origins", action="store_true", help="leave out where each value was set")
    parser.add_argument("--format", choices=["text", "json"], default="text", help="default: text")
    _options.add_sign(parser)
    _options.add_at(parser)


def run(args: Namespace) -> int:
    """Build into a folder beside the output, and put each environment in its place once it is whole."""
    from terrace import pipeline
    from terrace.bundle.packed import SUFFIX, pack
    from terrace.report.built import built_json, built_text

    folder = _options.folder_of(args)
    _options.warn_of_rules_not_run(folder, args.at)
    key = _options.signing_key(args)
    output = Path(args.output) if args.output else folder / ".terrace" / "build"
    with _options.scratch(output) as staging:
        built = pipeline.build(
            folder,
            staging,
            _options.environments(args),
            services=args.service,
            at=args.at,
            jobs=args.jobs,
            origins=not args.no_origins,
            streams=_options.streams(args),
            key=key,
            progress=_options.progress,
        )
        for each in built:
            for bundle in each.bundles if args.pack else ():
                pack(bundle.folder, bundle.folder.with_name(bundle.folder.name + SUFFIX))
        for name in dict.fromkeys(each.environment.name for each in built if each.bundles):
            _options.put(staging / name, output / name)
    as_json = args.format == "json"
    sys.stdout.write(built_json(built, output) if as_json else built_text(built, output, _options.style(args)))
    return ExitCode.FINDINGS if any(each.problem for each in built) else ExitCode.CLEAN
