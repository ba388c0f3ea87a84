"""Serve sealed bundles over HTTP, to programs in any language.

Reads a bundle, a destination, or a folder of destinations, and follows it: a new release is served as soon as every
byte of it was found right. With --follow it makes the releases too: each commit of a branch, or each edit of a work
tree, is validated, built and deployed to the environments that --env names, and served. It listens on this machine
only until it is told otherwise, and then wants tokens (terrace tokens create) and TLS. Certificates, keys and tokens
are read again when their files change. Standard error gets a line of JSON for each request.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from terrace.cli import _options
from terrace.errors import TerraceError, UsageError

if TYPE_CHECKING:
    from terrace.server.app import Settings
    from terrace.server.process import Listening
    from terrace.server.tls import Tls

_WORKTREE = "worktree"
_POLL = 30.0


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--source", metavar="DIR", help="a bundle, a destination, or a folder of these")
    parser.add_argument(
        "--follow", metavar="REF", help=f"release a branch of the repository, or {_WORKTREE}: its files"
    )
    parser.add_argument(
        "--env", action="append", default=[], metavar="ENV", help="with --repo; may be given several times"
    )
    parser.add_argument(
        "--poll", type=float, metavar="S", help="ask the remote of a followed branch every S seconds; default: 30"
    )
    parser.add_argument(
        "--hook-secret", metavar="FILE", help="let a forge say that somebody pushed, with this secret: /v1/hooks/git"
    )
    parser.add_argument(
        "--override-hours", type=float, default=24.0, metavar="N",
        help="how long a kill counts that the remote has not taken; default: 24",
    )  # fmt: skip
    parser.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="default: 127.0.0.1")
    parser.add_argument("--port", type=int, default=8080, metavar="N", help="default: 8080; 0 for a free one")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes that serve; default: 1")
    parser.add_argument("--tokens", metavar="FILE", help="who may ask, and for what; without, who is on this machine")
    parser.add_argument("--callers", metavar="FILE", help="who may ask by a certificate, or a token of OIDC")
    _options.add_signers(parser)
    parser.add_argument("--tls-cert", metavar="FILE", help="the server's certificate and those between it and its root")
    parser.add_argument("--tls-key", metavar="FILE", help="the key of the certificate, without passphrase")
    parser.add_argument("--client-ca", metavar="FILE", help="who signs the certificates that callers may show")
    parser.add_argument(
        "--flags-origin", action="append", default=[], metavar="URL",
        help="an origin whose pages may ask for flags from a browser; may be given several times",
    )  # fmt: skip
    parser.add_argument("--usage", metavar="FILE", help="where the usage of flags is kept: an SQLite file, made anew")
    parser.add_argument(
        "--rate", type=float, default=100.0, metavar="N", help="requests a second of one caller, 0: any"
    )
    parser.add_argument("--no-access-log", action="store_true", help="no line for each request")
    parser.add_argument(
        "--behind-proxy", action="store_true", help="a proxy on this machine has TLS, and says who asks"
    )
    parser.add_argument("--insecure-no-tls", action="store_true", help="let other machines send tokens in the clear")


def run(args: Namespace) -> int:
    """Check what was asked for, and serve."""
    try:
        from terrace.server import process
    except ModuleNotFoundError as error:
        raise _not_installed(error) from error
    from terrace.server.app import Server, Settings

    _refuse(args)
    settings = Settings(
        args.source or "",
        args.tokens or "",
        callers=args.callers or "",
        rate=args.rate,
        burst=2 * args.rate,
        access_log=not args.no_access_log,
        flags_origins=tuple(args.flags_origin),
        usage=args.usage or "",
        signers=_options.signers(args),
        hook_secret=args.hook_secret or "",
    )
    tls = _tls(args)
    listening = process.Listening(args.host, args.port, args.workers, args.behind_proxy, tls)
    if args.follow:
        return _follow(args, settings, listening)
    # What is wrong with the source or the tokens is said here, and not once by each worker.
    Server(settings).shelf.close()
    return process.run(settings, listening)


def _follow(args: Namespace, settings: Settings, listening: Listening) -> int:
    """Serve what another process turns the repository into."""
    from terrace.server import following, process
    from terrace.server.app import Server
    from terrace.server.turning.loop import remembered
    from terrace.server.turning.wanted import Wanted, chosen

    folder = (Path(args.repo) if args.repo else _options.folder_of(args)).absolute()
    ref, environments = chosen(folder, args.follow, args.env)
    if ref:
        _options.warn_of_rules_not_run(folder, ref)
    with following.own_folder(folder) as (own, lock):
        actor = f"{_options.actor()} (terrace serve)"
        wanted = Wanted(str(folder), ref, environments, str(own), actor, _poll(args, ref), args.override_hours)
        remembered(wanted)
        settings = settings._replace(source=str(own / following.SERVED), own=str(own))
        Server(settings).shelf.close()
        return process.run(settings, listening, following.starter(wanted._asdict(), lock))


def _poll(args: Namespace, ref: str) -> float:
    """Seconds between two questions to a remote: nobody has to be asked about a branch that is here."""
    remote = ref.startswith("refs/remotes/")
    if args.poll and not remote:
        raise UsageError(
            "--poll asks the remote, and what is followed is here", hint="Follow the remote's: --follow origin/main"
        )
    return (_POLL if args.poll is None else float(args.poll)) if remote else 0.0


def _refuse(args: Namespace) -> None:
    from terrace.server.callers import is_loopback

    if args.workers < 1 or not 0 <= args.port <= 65535 or args.rate < 0:
        raise UsageError("--workers is at least 1, --port from 0 to 65535, --rate not below 0")
    if bool(args.source) == bool(args.follow):
        raise UsageError(
            "say what to serve: --source DIR, or what to release and serve: --repo DIR --follow REF",
            hint=f"As: --follow main --env production, or --follow {_WORKTREE} --env development",
        )
    if args.follow and not args.env:
        raise UsageError("--follow releases to the environments that are named, and none is", hint="--env NAME")
    if args.env and not args.follow:
        raise UsageError("--env belongs to --follow: what --source has is served, and nothing is released")
    if not args.follow and (args.hook_secret or args.poll is not None):
        raise UsageError("--hook-secret and --poll belong to --follow: where nothing is followed, nobody has to look")
    if (args.poll is not None and not 0 <= args.poll < 1e6) or not 0 < args.override_hours < 1e6:
        raise UsageError("--poll is at least 0, --override-hours more than 0")
    if args.source and not Path(args.source).is_dir():
        raise UsageError(f"{args.source} is not a folder", hint="Name a destination, a folder of them, or a bundle.")
    wrong = next((each for each in args.flags_origin if not _is_origin(each)), None)
    if wrong is not None:
        raise UsageError(f"--flags-origin {wrong} is no origin", hint="As: https://shop.example, or * for any page.")
    if bool(args.tls_cert) != bool(args.tls_key) or (args.client_ca and not args.tls_cert):
        raise UsageError("--tls-cert and --tls-key come together, and --client-ca only with them")
    if args.client_ca and args.behind_proxy:
        raise UsageError(
            "behind a proxy every connection is the proxy's, and so is the certificate",
            hint="Let the proxy ask for certificates, or leave --behind-proxy out.",
        )
    local = args.host == "localhost" or is_loopback(args.host)
    if local:
        return
    if not args.tokens and not args.callers:
        raise UsageError(
            f"{args.host} can be reached from other machines, and nothing says who may ask",
            hint="Make tokens with terrace tokens create, and name their file: --tokens FILE; or --callers FILE.",
        )
    if not args.tls_cert and not args.behind_proxy and not args.insecure_no_tls:
        raise UsageError(
            f"{args.host} can be reached from other machines, which would send their tokens in the clear",
            hint="Give --tls-cert and --tls-key, say --behind-proxy if a proxy has TLS, or --insecure-no-tls.",
        )


def _is_origin(url: str) -> bool:
    import re

    return url == "*" or re.fullmatch(r"https?://[^/\s?#@]+", url) is not None


def _tls(args: Namespace) -> Tls | None:
    from terrace.server import tls

    if not args.tls_cert:
        return None
    found = tls.Tls(args.tls_cert, args.tls_key, args.client_ca or "")
    tls.check(found)
    return found


def _not_installed(error: ModuleNotFoundError) -> TerraceError:
    missing = (error.name or "").partition(".")[0]
    if missing not in ("fastapi", "jinja2", "jwt", "markupsafe", "starlette", "uvicorn"):
        raise error
    sys.stderr.flush()
    return TerraceError(f"{missing} is not installed", hint="pip install 'terrace-config[server]'")
