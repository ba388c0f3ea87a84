"""What is said of a bug of ours: where it happened, and no value, since a value may be a secret."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator

from terrace import __version__

_OPEN = ("terrace.model.secret", "terrace.sops.identities", "terrace.secrets.keyfile")
"""Modules without which no process of ours has a secret, or a private key, in the open."""


def confession(error: Exception, *, debug: bool) -> str:
    """The lines for a report. With `debug` the whole traceback follows, without messages where secrets may be open."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [
        f"terrace: this is a bug of ours: {type(error).__name__}\n",
        f"  terrace {__version__}, Python {sys.version.split()[0]}, {sys.platform}\n",
        *(f"    {os.path.basename(frame.filename)}:{frame.lineno} in {frame.name}\n" for frame in frames),  # noqa: PTH119
        "  Please report these lines and the command you ran; TERRACE_DEBUG=1 shows everything but secrets.\n",
    ]
    if debug:
        lines += _wordless(error) if any(name in sys.modules for name in _OPEN) else traceback.format_exception(error)
    return "".join(lines)


def _wordless(error: BaseException) -> Iterator[str]:
    """The traceback of an error, and of those that led to it, with lines of code and without what the errors say.

    What they say may be made of anything that was at hand, in any form: there is no searching it for values.
    """
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield from _wordless(before)
        yield "\nwhich led to:\n\n"
    yield from traceback.format_tb(error.__traceback__)
    yield f"{type(error).__qualname__}: (its message is not shown, for secrets were at hand)\n"
