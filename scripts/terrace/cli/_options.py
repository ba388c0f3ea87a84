"""Options that mean the same in every command."""

from __future__ import annotations

import os
import stat
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from terrace.errors import SourceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from terrace.bundle.keys import SigningKey
    from terrace.bundle.signers import Signers
    from terrace.deploy.destination import Destination
    from terrace.model.release import Stream
    from terrace.report.style import Style
    from terrace.validate.run import Verdict
    from terrace.views import View


def add_format(parser: ArgumentParser, formats: Iterable[str], default: str = "text") -> None:
    """`--format` and `--output`."""
    parser.add_argument("--format", choices=list(formats), default=default, help=f"default: {default}")
    parser.add_argument("-o", "--output", metavar="FILE", help="write the result there instead of standard output")


def add_at(parser: ArgumentParser) -> None:
    """`--at REV`."""
    parser.add_argument("--at", metavar="REV", help="read a Git revision or a date (2026-11-01), not the work tree")


def add_target(parser: ArgumentParser, *, path: str = "") -> None:
    """SERVICE, PATH if there is one, `--env` and `--tenant`."""
    parser.add_argument("service", metavar="SERVICE")
    if path:
        parser.add_argument("path", metavar="PATH", nargs=None if path == "1" else path, help="as database.pool_size")
    parser.add_argument("--env", metavar="ENV", help="default: TERRACE_ENV, or a marker of the platform")
    parser.add_argument("--tenant", metavar="TENANT")


def add_environments(parser: ArgumentParser) -> None:
    """`--env`, several times, or `--all`."""
    parser.add_argument("--env", action="append", default=[], metavar="ENV", help="may be given several times")
    parser.add_argument("--all", action="store_true", help="every environment, in promotion order")


def add_only(parser: ArgumentParser) -> None:
    """`--only config|flags`."""
    parser.add_argument("--only", choices=["config", "flags"], help="that stream alone; secrets go with configuration")


def streams(args: Namespace) -> tuple[Stream, ...]:
    """The streams that were asked for: all, or the one of `--only`."""
    from terrace.model.release import STREAMS

    return (args.only,) if args.only else STREAMS


def warn_of_rules_not_run(folder: Path, at: str | None) -> None:
    """Say which contracts' rules across fields are not run for another revision."""
    from terrace.views import contracts_of

    names = [name for name, contract in contracts_of(folder, at=at).items() if contract.has_rules] if at else []
    if names:
        sys.stderr.write(f"terrace: not checked at {at}: the rules across fields of {', '.join(names)}\n")


def environments(args: Namespace) -> list[str]:
    """The environments that were named; none stands for all, and is only given when it was asked for."""
    if args.all == bool(args.env):
        raise UsageError("say which environments: --env NAME, or --all")
    names: list[str] = args.env
    return names


def destination(args: Namespace) -> Destination:
    """The destination of the one environment that was named."""
    from terrace import delivery

    return delivery.destination(folder_of(args), args.env)


def actor() -> str:
    """Who does this, for the release log: TERRACE_ACTOR, the forge's word for it, or the user and the machine."""
    import getpass
    import socket

    named = os.environ.get("TERRACE_ACTOR") or os.environ.get("GITHUB_ACTOR") or os.environ.get("GITLAB_USER_LOGIN")
    if named:
        return named
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (OSError, KeyError):
        return socket.gethostname()


@contextmanager
def scratch(beside: Path) -> Iterator[Path]:
    """A folder on the same file system as `beside`, gone when we are done."""
    import shutil
    import tempfile

    try:
        beside.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{beside.name}-", dir=beside.parent))
    except (FileExistsError, NotADirectoryError) as error:
        raise UsageError(f"cannot write below {beside.parent}: that is a file, not a folder") from error
    except OSError as error:
        raise UsageError(f"cannot write to {beside.parent}: {error.strerror}") from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def put(folder: Path, place: Path) -> None:
    """`folder` in the place of what stood there."""
    import shutil

    place.parent.mkdir(parents=True, exist_ok=True)
    if place.exists():
        shutil.rmtree(place)
    folder.rename(place)


def environment(args: Namespace, folder: Path) -> str:
    """The environment that was named, or detected; never a guess."""
    from terrace.detect import detect
    from terrace.model.entities import KINDS
    from terrace.views import kinds

    named = args.env if isinstance(args.env, str) else None
    if named:
        return named
    return detect(None, os.environ, kinds=kinds(folder, at=args.at) or dict(zip(KINDS, KINDS, strict=True))).environment


def view_of(args: Namespace) -> View:
    """The effective config of the target that the options name."""
    from terrace.views import view

    folder = folder_of(args)
    return view(folder, args.service, environment(args, folder), args.tenant, at=args.at)


def value(text: str) -> object:
    """A value written on the command line as in YAML: 40, true, [a, b], {a: 1}; what is none of these is text."""
    from terrace import yamlio

    found, findings = yamlio.load(text)
    if findings:
        raise UsageError(f"{text!r} is not a value: {findings[0].message}", hint="Quote it as in YAML.")
    return found


def folder_of(args: Namespace) -> Path:
    """The repository's folder: the one that was named, else the nearest upwards that holds `environments/`."""
    if args.repo:
        folder = Path(args.repo)
        if not folder.is_dir():
            hint = "Name the folder of a repository, or start one: terrace init DIR"
            raise SourceError(f"{args.repo} is not a folder", hint=hint)
        if not (folder / "environments").is_dir() and not getattr(args, "at", None):
            hint = "Start a repository there: terrace init DIR"
            raise SourceError(f"{args.repo} is no repository: it holds no environments/", hint=hint)
        return folder
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "environments").is_dir():
            return folder
    raise SourceError(
        f"no repository here: neither {here} nor a folder above it holds environments/",
        hint="Go to a repository, name one with -C DIR, or start one: terrace init DIR",
    )


def write(args: Namespace, text: str, *, private: bool = False) -> None:
    """The result of a command, to standard output or the file that was asked for, a private one only for its owner."""
    if getattr(args, "output", None):
        (write_private if private else write_file)(args.output, text)
    else:
        sys.stdout.write(text)


def write_file(path: str, text: str) -> None:
    """`text` as the file at `path`."""
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from error


def add_wait(parser: ArgumentParser) -> None:
    """`--wait [SECONDS]`."""
    parser.add_argument(
        "--wait", nargs="?", type=float, const=60.0, default=None, metavar="SECONDS",
        help="until every configz that environment.yaml names reports it, at most so long (default: 60)",
    )  # fmt: skip


def add_sign(parser: ArgumentParser) -> None:
    """`--sign FILE` and `--sign-passphrase FILE`."""
    parser.add_argument("--sign", metavar="FILE", help="the private key that signs; default: TERRACE_SIGNING_KEY")
    parser.add_argument("--sign-passphrase", metavar="FILE", help="a file with the passphrase of that key")


def signing_key(args: Namespace) -> SigningKey | None:
    """The key that was named, by an option or a variable; None where nothing is to be signed."""
    from terrace.bundle.keys import in_variables, read_private

    if args.sign:
        return read_private(Path(args.sign), Path(args.sign_passphrase) if args.sign_passphrase else None)
    if args.sign_passphrase:
        raise UsageError("--sign-passphrase is for a key, and none is named", hint="--sign FILE")
    return in_variables()


def add_signers(parser: ArgumentParser) -> None:
    """`--signers FILE`."""
    parser.add_argument(
        "--signers", action="append", default=[], metavar="FILE",
        help="public keys, one of which must have signed; several times: any of them; default: TERRACE_SIGNERS",
    )  # fmt: skip


def signers(args: Namespace) -> Signers:
    """Those who were named, by options or the variable; none where no signature is wanted."""
    from terrace.bundle.signers import VARIABLE, in_variable, signers_of

    if args.signers:
        return signers_of(args.signers, "--signers")
    return in_variable(os.environ[VARIABLE]) if VARIABLE in os.environ else ()


def write_private(path: str, text: str) -> None:
    """`text` as the file at `path`, which nobody else can read, not even while it is written."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with open(descriptor, "w", encoding="utf-8", newline="") as stream:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                os.fchmod(descriptor, 0o600)
                os.ftruncate(descriptor, 0)
            stream.write(text)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from error


def progress(verdicts: Iterator[Verdict], total: int) -> Iterator[Verdict]:
    """The verdicts as they come, with a bar where a person waits."""
    from terrace.report.progress import progress as bar

    return bar(verdicts, total, "Checking tenants")


def style(args: Namespace) -> Style:
    """How the result should look: for the terminal, or plain for a file."""
    from terrace.report.style import PLAIN, style_for

    return PLAIN if getattr(args, "output", None) else style_for(sys.stdout, os.environ)


def paths_in(folder: Path, files: Sequence[str], *, must_exist: bool = False) -> tuple[str, ...]:
    """Files named on the command line, as paths in the repository. One outside of it is wrong use.

    With `must_exist` so is one that is not there: nothing would be found in it, and that would look like success.
    """
    paths = []
    top = folder.absolute()
    for file in files:
        path = os.path.relpath(Path(file).absolute(), top)
        if path.startswith(".."):
            raise UsageError(f"{file} is not in the repository {folder}")
        if must_exist and not os.path.lexists(file):
            raise UsageError(f"there is no file {file}")
        paths.append(path.replace(os.sep, "/"))
    return tuple(paths)
