"""Read YAML files strictly, and nothing else: for editors and hooks.

Every syntax problem of each file is reported; no layer is merged and no contract is asked. Exit code 1 means findings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from terrace import yamlio
from terrace.errors import ExitCode, SourceError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from terrace.model.findings import Finding


def configure(parser: ArgumentParser) -> None:
    """Add the options."""
    from terrace.report import format_names

    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--format", choices=format_names(), default="text", help="default: text")
    parser.add_argument("-o", "--output", metavar="FILE", help="write the result there instead of standard output")


def run(args: Namespace) -> int:
    """Read each file; report only if there is something to report."""
    return _lint(args.files, args.format, args.output)


def quick(files: list[str]) -> int:
    """The same without options, and without the cost of parsing any."""
    return _lint(files, "text", None)


def _lint(files: list[str], form: str, output: str | None) -> int:
    texts: dict[str, bytes] = {}
    findings: list[Finding] = []
    for path in files:
        try:
            with open(path, "rb") as file:
                texts[path] = file.read()
        except OSError as error:
            raise SourceError(f"cannot read {path}: {error.strerror}") from error
        findings += yamlio.read(path, texts[path])[1]
    if findings or form != "text":
        _report(findings, texts, form, output)
    return ExitCode.FINDINGS if findings else ExitCode.CLEAN


def _report(findings: list[Finding], texts: dict[str, bytes], form: str, output: str | None) -> None:
    from argparse import Namespace

    from terrace.cli import _options
    from terrace.model.findings import Report
    from terrace.report import renderer

    def text(path: str) -> str | None:
        sealed = path.endswith(".secrets.yaml")
        return None if sealed or path not in texts else texts[path].decode("utf-8", errors="replace")

    ordered = tuple(sorted(findings, key=lambda finding: finding.order))
    report = Report(ordered, files=tuple(texts), texts=text)
    args = Namespace(output=output)
    _options.write(args, renderer(form)(report, style=_options.style(args)))
