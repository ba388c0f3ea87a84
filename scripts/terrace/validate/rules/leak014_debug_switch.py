"""# Debug switch on in production

A production target would run with a switch that is for developers: `debug: true`, `FLASK_ENV: development`, a profiler
or `pprof`, hot reload, echoed SQL, a debugger that waits for a connection.

**Why.** Debug modes show stack traces, settings and queries to whoever asks, accept code from the network in the worst
case, and are slow.

**Fix.** Turn it off in the production environment's file; better still, let `base` turn it off and only development on.

**Exceptions.** Continuous profiling that is made for production (`profiling_enabled`) is not meant. A debug *port*,
*level* or *image* that is only named is not a switch. Log levels are LEAK015's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from terrace.model.source import dotted
from terrace.validate.later import later
from terrace.validate.rule import Example, Hit, Leaf, rule
from terrace.validate.words import is_document, is_prose, keys, word_set, words

GOOD = (
    Example(
        {
            "environments/development/app.yaml": "server:\n  public_url: http://d:1\n  debug: true\ndatabase:\n  host: d\n"
        }
    ),
    Example(
        {
            "environments/base/app.yaml": """\
server:
  debug: false
branding:
  labels:
    disable_debug: "true"
    debug_port: "5005"
    profiling_enabled: "true"
    config_reload: "true"
    environment: production
    echo: "true"
    developer: "true"
    NODE_ENV: production
    debug_symbols: "1"
"""
        }
    ),
)
BAD = (
    Example({"environments/base/app.yaml": "server:\n  debug: true\n"}, "environments/base/app.yaml:2", "server.debug"),
    Example(
        {"environments/base/app.yaml": 'branding:\n  labels:\n    APP_DEBUG: "1"\n'},
        "environments/base/app.yaml:3",
        "branding.labels.APP_DEBUG",
    ),
    Example(
        {"environments/base/app.yaml": "branding:\n  labels:\n    NODE_ENV: development\n"},
        "environments/base/app.yaml:3",
        "branding.labels.NODE_ENV",
    ),
    Example(
        {"environments/base/app.yaml": 'branding:\n  labels:\n    enablePprof: "true"\n'},
        "environments/base/app.yaml:3",
        "branding.labels.enablePprof",
    ),
    Example(
        {
            "environments/base/app.yaml": "branding:\n  labels:\n    JAVA_OPTS: -Xmx1g -agentlib:jdwp=transport=dt_socket\n"
        },
        "environments/base/app.yaml:3",
        "branding.labels.JAVA_OPTS",
    ),
)

_ON = word_set("true 1 yes on enable enabled always *")
_DEVELOPMENT = word_set("dev devel develop development local debug")
_FILLING = word_set("active activate allow enable enabled flag is mode on show turn use with")
_NOT = word_set("block disable disabled hide no not off skip suppress without")
_SWITCHES = (
    "debug", "debugger", "debugging", "pprof", "profiler", "dev", "developer", "development", "hot reload",
    "live reload", "auto reload", "autoreload", "livereload", "hotreload", "hmr", "echo sql", "sql echo", "show sql",
    "log sql", "log queries", "sql debug", "debug toolbar", "debug endpoints", "debug endpoint", "debug routes",
    "debug server", "debug logging", "debug logs", "debug log", "debug output", "display errors", "stack traces",
    "stack trace", "stacktrace", "stacktraces", "expose stack traces", "include stacktrace", "include stack trace",
    "template debug", "graphiql", "werkzeug debugger",
)  # fmt: skip
_NAMES = frozenset(tuple(name.split()) for name in _SWITCHES)
_ONLY_WITH_MODE = frozenset([("dev",), ("developer",), ("development",)])
_WHERE = frozenset(
    [("node", "env"), ("rails", "env"), ("rack", "env"), ("app", "env"), ("flask", "env"), ("mix", "env"),
     ("aspnetcore", "environment"), ("dotnet", "environment"), ("spring", "profiles", "active"), ("env",),
     ("environment",), ("app", "environment"), ("symfony", "env"), ("django", "env"), ("go", "env"), ("gin", "mode"),
     ("environment", "name"), ("env", "name"), ("deploy", "env"), ("deployment", "environment")]
)  # fmt: skip
_IN_VALUE = later(
    r"-agentlib:jdwp|-Xrunjdwp|(?<![\w-])-Xdebug\b|(?<![\w-])--inspect(?:-brk)?(?![\w-])"
    r"|(?<![\w-])--(?:debug|reload)(?:=true)?(?![\w=-])",
    re.I,
)


@rule(
    "LEAK014",
    "debug switch on in production",
    on="value",
    values=r"^\s*(true|1|yes|on|enabled?|always|dev|devel|develop|development|local|debug)\s*$|\*|jdwp|-xdebug|--inspect|--debug|--reload",
)
def check(leaf: Leaf) -> Iterator[Hit]:
    """A switch for developers that is on, an environment that says it is development, or an option of that kind."""
    if is_prose(leaf.name) or is_document(leaf.text):
        return
    match = _IN_VALUE.search(leaf.text)
    if match:
        yield _hit(leaf, f"has {match[0]} in production", "Remove the option.")
    elif words(leaf.name) in _WHERE and leaf.text.strip().lower() in _DEVELOPMENT:
        yield _hit(leaf, f"is {leaf.text.strip()} in production", "Name the environment it is.")
    elif _is_on(leaf) and _is_switch(leaf):
        yield _hit(leaf, "is on in production", "Turn it off here, or in a stronger layer of production.")


def _hit(leaf: Leaf, says: str, hint: str) -> Hit:
    return Hit(f"{dotted(leaf.pointer)} {says}", leaf.location, leaf.pointer, hint)


def _is_on(leaf: Leaf) -> bool:
    value = leaf.text.strip().lower()
    return value in _ON or (words(leaf.name) == ("debug",) and "*" in value)


def _is_switch(leaf: Leaf) -> bool:
    """Whether the key, or the section whose `enabled` it is, names a switch for developers."""
    said = words(leaf.name)
    if set(said) <= {"enabled", "enable", "active"}:
        said = words(next(iter(keys(leaf.pointer)[-2:-1]), ""))
    if _NOT.intersection(said):
        return False
    plain = tuple(word for word in said if word not in _FILLING)
    if plain in _ONLY_WITH_MODE:
        return "mode" in said
    if said == ("echo",):
        return bool(
            {"database", "db", "sql", "sqlalchemy"} & {word for key in keys(leaf.pointer) for word in words(key)}
        )
    return any(plain[start:] in _NAMES - _ONLY_WITH_MODE for start in range(len(plain)))
