"""Rules over flags: apart from those over configuration, for neither follows from the other.

First what is wrong with a file and its form, then what is wrong with flags of the right form, then the tests of those
with which nothing is wrong: one mistake is one finding. Every finding names the environments whose flags it reaches,
as `_flags/<environment>`: it stands in the way of these, and of no configuration.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from terrace.flags.registry import kept
from terrace.flags.shape import FLAGS_SCHEMA
from terrace.flags.states import reached
from terrace.load import FLAG_TYPES
from terrace.model.findings import Finding, Severity
from terrace.model.flag import STREAM
from terrace.validate.found import Found
from terrace.validate.places import layer_file
from terrace.validate.rule import FilesView, FlagsView, Generated, SchemaProblem
from terrace.validate.schema import Compiled

if TYPE_CHECKING:
    from datetime import date

    from terrace.load_flags import FlagFiles, Rosters
    from terrace.model.entities import Repository
    from terrace.model.flag import Area
    from terrace.model.source import Document, Pointer
    from terrace.validate.engine import Engine

_OF_FILES = ("REF005", "SYN017", "SYN018")
"""The rules on files that hold for those of flags too."""

_Entry = tuple[str, "Pointer"]
"""A flag, a segment or a test: the path of its file, and the beginning of the way to it."""


def judging(repository: Repository, today: date) -> Engine:
    """Who judges flags, where nobody judges configuration beside them."""
    from terrace.validate.engine import Engine
    from terrace.validate.registry import flag_rules, rules

    return Engine(repository, today=today, rules=(*rules(), *flag_rules()))


def judge(engine: Engine, given: FlagFiles, rosters: Rosters) -> list[Found]:
    """Everything that is wrong with flags."""
    found = [*_read(engine, given)]
    misshapen = [finding for area in given.flags.areas for finding in _shape(engine, area.document)]
    found += misshapen
    view = _view(engine, given, rosters, {_entry(finding) for finding in misshapen})
    found += engine.run("flags", view)
    if given.types is not None and kept(given.types, given.flags) != given.types:
        found += engine.run("generated", Generated(FLAG_TYPES))
    found += _tried(engine, view, found)
    placed = [Found(finding, _targets(engine, given, finding)) for finding in found]
    return [
        item if item.targets else item._replace(targets=_targets(engine, given, item.finding))
        for item in engine.settle(placed, given.files)
    ]


def _read(engine: Engine, given: FlagFiles) -> Iterator[Finding]:
    """What is wrong with files, whatever they say."""
    files = given.files
    for finding in files.findings:
        yield from engine.run("reader", finding, only=finding.code)
    for exposure in files.exposed:
        yield from engine.run("exposed", exposure)
    read = {area.document.path for area in given.flags.areas}
    strays = [each for each in (*files.documents.values(), *files.secrets.values()) if each.path not in read]
    plain = tuple(layer_file(document, engine.repository, None) for document in strays)
    view = FilesView(files, plain, (), None, engine.repository, engine.today)
    for code in _OF_FILES:
        yield from engine.run("files", view, only=code)


def _shape(engine: Engine, document: Document) -> Iterator[Finding]:
    """Where a file has not the form that its schema asks for."""
    for problem in _schema().problems(document.value):
        missing = problem.keyword == "required"
        place = (*problem.pointer, problem.name) if problem.name and not missing else problem.pointer
        location = document.at(place, key=problem.keyword == "additionalProperties")
        subject = SchemaProblem(*problem[:6], field=None, known=_known(problem.pointer), location=location)
        yield from engine.run("schema", subject)


@cache
def _schema() -> Compiled:
    return Compiled(FLAGS_SCHEMA)


def _known(pointer: Pointer) -> tuple[str, ...]:
    """The keys that may stand at a place."""
    shape: dict[str, Any] = FLAGS_SCHEMA
    for part in pointer:
        shape = _whole(shape)
        below = shape.get("items") if isinstance(part, int) else shape.get("properties", {}).get(part)
        shape = below if isinstance(below, dict) else shape.get("additionalProperties") or {}
    return tuple(_whole(shape).get("properties", ()))


def _whole(shape: dict[str, Any]) -> dict[str, Any]:
    """The schema that is meant by one that refers to it, or that a map has among others."""
    if "$ref" in shape:
        return _whole(FLAGS_SCHEMA["$defs"][shape["$ref"].rsplit("/", 1)[-1]])
    choices = [_whole(choice) for choice in shape.get("anyOf", ())]
    return next((choice for choice in choices if "properties" in choice), shape)


def _view(engine: Engine, given: FlagFiles, rosters: Rosters, misshapen: set[_Entry]) -> FlagsView:
    flags = given.flags
    return FlagsView(
        flags,
        tuple(each for each in flags.flags.values() if (each.document.path, each.pointer) not in misshapen),
        tuple(each for each in flags.segments.values() if (each.document.path, each.pointer) not in misshapen),
        _names(flags.areas, "flags"),
        _names(flags.areas, "segments"),
        {area.document.path for area in flags.areas} >= {path for path in given.files.paths if path.endswith(".yaml")},
        given.types,
        engine.repository,
        rosters,
        engine.today,
        frozenset(misshapen),
    )


def _names(areas: tuple[Area, ...], part: str) -> frozenset[str]:
    said = [area.document.value.get(part) for area in areas]
    return frozenset(name for names in said if isinstance(names, dict) for name in names)


def _tried(engine: Engine, view: FlagsView, found: list[Finding]) -> Iterator[Finding]:
    """The tests of flags with which nothing is wrong, nor with what they need."""
    tests = [test for area in view.every.areas for test in area.tests]
    wrong = {_entry(finding) for finding in found if finding.severity is Severity.ERROR and finding.pointer}
    if not tests or not engine.has("flag") or any(pointer[:1] == ("segments",) for _, pointer in wrong):
        return
    from terrace.validate.flag_tests import tried

    sound = {flag.key: flag for flag in view.flags if (flag.document.path, flag.pointer) not in wrong}
    for test in tried([test for test in tests if (test.document.path, test.pointer) not in wrong], sound, view):
        yield from engine.run("flag", test)


def _entry(finding: Finding) -> _Entry:
    return finding.location.path, (finding.pointer or ())[:2]


def _targets(engine: Engine, given: FlagFiles, finding: Finding) -> tuple[str, ...]:
    """The flags that a finding reaches: those of every environment, where it does not stand in the part of one."""
    environments = engine.repository.environments
    names = list(environments)
    pointer = finding.pointer or ()
    if pointer[:1] == ("flags",) and pointer[2:3] == ("environments",) and len(pointer) > 3:
        flag = given.flags.flags.get(str(pointer[1]))
        names = (reached(flag, str(pointer[3]), environments) if flag else []) or names
    elif pointer[:1] == ("tests",):
        at = [test for area in given.flags.areas for test in area.tests if test.pointer == pointer[:2]]
        names = [test.environment for test in at if test.document.path == finding.location.path] or names
    return tuple(f"{STREAM}/{name}" for name in names) or (f"{STREAM}/*",)
