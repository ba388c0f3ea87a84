"""Write manifests of the External Secrets Operator from references

For clusters in which the operator fetches the values that references name, and not the application: an ExternalSecret
for each service with references in the environment, which fills a Secret of that name, keyed by the paths of the
values. No store is asked. The cluster's stores are expected to be called as ours, vault, awssecrets and awsssm, each
with its region behind it where a reference names one; --store gives another name.
"""

from __future__ import annotations

import re
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path

from terrace.cli import _options
from terrace.errors import ExitCode, UsageError

_DURATION = re.compile(r"0|([0-9]+(ms|s|m|h))+")
_STORE = re.compile(r"(vault|awssecrets|awsssm)(-[a-z0-9-]+)?=[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("service", metavar="SERVICE", nargs="?", help="default: every service")
    parser.add_argument("--env", metavar="ENV", required=True, help="the environment whose references are meant")
    parser.add_argument("--tenant", metavar="TENANT", help="what that tenant's services get")
    parser.add_argument("--out", metavar="DIR", type=Path, help="a file for each there, not standard output")
    parser.add_argument("--namespace", metavar="NAME", type=_namespace, help="default: not said")
    parser.add_argument("--refresh", metavar="TIME", type=_duration, default="1h", help="as 30m; default: 1h")
    parser.add_argument(
        "--store", metavar="OURS=NAME", type=_store, action="append", default=[], help="as vault=company-vault"
    )
    parser.add_argument("--cluster-store", action="store_true", help="the stores are of the kind ClusterSecretStore")


def run(args: Namespace) -> int:
    """Look, and write."""
    made = _made(args)
    if args.out is None:
        sys.stdout.write("---\n".join(made.values()))
        return ExitCode.CLEAN
    try:
        args.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write {args.out}: {error.strerror}") from error
    for name, text in made.items():
        _options.write_file(str(args.out / f"{name}.yaml"), text)
        sys.stdout.write(f"{args.out / name}.yaml\n")
    return ExitCode.CLEAN


def _made(args: Namespace) -> dict[str, str]:
    from terrace import load
    from terrace.model.closest import named
    from terrace.secrets.manifests import Options, manifests
    from terrace.source import open_source

    source = open_source(_options.folder_of(args))
    tree = load.Tree(source, only=load.folder_of_tenant(source, args.tenant))
    repository = load.common(tree)
    tenant = next(load.tenants(tree, tree.tenants), None)
    named(args.env, repository.environments, "environment")
    if args.service:
        named(args.service, repository.contracts, "service")
    kind = "ClusterSecretStore" if args.cluster_store else "SecretStore"
    options = Options(args.namespace or "", args.refresh, kind, dict(args.store))
    made = dict(manifests(repository, args.env, tenant, args.service or "", options))
    if not made:
        what = f"{args.service} has" if args.service else "there are"
        hint = "Values of secrets files are not fetched: the application opens them."
        raise UsageError(f"{what} no references in {args.env}", hint=hint)
    return made


def _duration(text: str) -> str:
    if not _DURATION.fullmatch(text):
        raise ArgumentTypeError(f"{text!r} is no time: write 30m, or 1h30m")
    return text


def _namespace(text: str) -> str:
    if not _NAMESPACE.fullmatch(text):
        raise ArgumentTypeError(f"{text!r} is no name of a namespace")
    return text


def _store(text: str) -> tuple[str, str]:
    if not _STORE.fullmatch(text):
        raise ArgumentTypeError(f"{text!r} names no store: write vault=NAME, or awssecrets-eu-west-1=NAME")
    ours, _, name = text.partition("=")
    return ours, name
