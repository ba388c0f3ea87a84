"""# Verbose log level in production

A production target would log at `debug`, `trace` or a level as talkative.

**Why.** Verbose logs cost money and disk, bury what matters, and tend to hold what must not be logged: headers, tokens,
customers' data.

**Fix.** Use `info` or `warning` in production. To look into something for an hour, change the level for that hour, and
give the change an end: `# terrace: ignore[LEAK015] until=2027-01-31 looking into lost carts`.

**Exceptions.** Levels of anything but logs (`compression_level`), and choices that only offer `debug` in a list.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.findings import Severity
from terrace.model.source import dotted
from terrace.validate.rule import Example, Hit, Leaf, rule
from terrace.validate.words import keys, word_set, words

GOOD = (
    Example(
        {
            "environments/development/app.yaml": "server:\n  public_url: http://d:1\ndatabase:\n  host: d\nlogging:\n  level: debug\n"
        }
    ),
    Example(
        {
            "environments/base/app.yaml": """\
logging:
  level: warning
branding:
  labels:
    log_level: info
    mode: debug
    compression_level: all
    log_levels_offered: debug
    RUST_LOG: info,hyper=debug
    level_name: trace
"""
        }
    ),
)
BAD = (
    Example(
        {"environments/base/app.yaml": "logging:\n  level: debug\n"}, "environments/base/app.yaml:2", "logging.level"
    ),
    Example(
        {"environments/base/app.yaml": "branding:\n  labels:\n    LOGLEVEL: TRACE\n"},
        "environments/base/app.yaml:3",
        "branding.labels.LOGLEVEL",
    ),
    Example(
        {"environments/base/app.yaml": "branding:\n  labels:\n    RUST_LOG: debug,hyper=info\n"},
        "environments/base/app.yaml:3",
        "branding.labels.RUST_LOG",
    ),
)

_VERBOSE = word_set("debug trace verbose silly finest finer all dbg trc")
_SURE = word_set("debug trace verbose silly finest finer")
_LOGGING = word_set("log logger loggers logging logs verbosity")
_LEVELS = frozenset(
    [("loglevel",), ("log", "level"), ("logging", "level"), ("logger", "level"), ("verbosity",), ("log", "verbosity"),
     ("min", "log", "level"), ("rust", "log"), ("log", "min", "level"), ("root", "log", "level"), ("log", "threshold")]
)  # fmt: skip


@rule(
    "LEAK015",
    "verbose log level in production",
    on="value",
    severity=Severity.WARNING,
    values=r"^\s*(debug|trace|verbose|silly|finest|finer|all|dbg|trc)\s*($|,)",
)
def check(leaf: Leaf) -> Iterator[Hit]:
    """A log level that is made for looking into something."""
    level = leaf.text.strip().lower().partition(",")[0].strip()
    if level in _VERBOSE and _is_level(leaf, sure=level in _SURE):
        message = f"{dotted(leaf.pointer)} is {level} in production"
        yield Hit(message, leaf.location, leaf.pointer, "Use info or warning in production.")


def _is_level(leaf: Leaf, *, sure: bool) -> bool:
    """Whether the key names a log level. A lone `level` does when the value can be nothing else, or among logs."""
    said = words(leaf.name)
    if any(said[start:] in _LEVELS for start in range(len(said))):
        return True
    above = [words(key) for key in keys(leaf.pointer)[:-1]]
    around = {word for key in above for word in key}
    if said[-1:] == ("level",) and ((sure and len(said) == 1) or _LOGGING & (around | set(said))):
        return True
    levels = above[-1][-1:] if above else ()
    return levels in (("level",), ("levels",), ("loggers",)) and bool(_LOGGING & around)
