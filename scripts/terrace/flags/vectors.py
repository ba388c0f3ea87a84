"""Which way of putting subjects into buckets an evaluator has: found out by asking it.

There are two questions to ask. The vectors prove it, over splits of every kind, and need their own flags loaded
(`vector_flags`). Probes need nothing loaded: they ask for flags that the evaluator has, with subjects for whom the two
ways differ, and so tell which of the two it is in a few questions, as long as one of the flags splits anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Literal, NamedTuple

from terrace.flags.bucketing import variant_by
from terrace.model.flag import ALGORITHM

Ask = Callable[[str, Mapping[str, Any]], str | None]
"""Asks an evaluator for the variant of a flag in a context. None: it gave none."""

_SUBJECTS = 200
_PER_FLAG = 3
_MOST_PROBES = 60


class Vector(NamedTuple):
    """A flag and a context, and the variant by each of the two ways."""

    key: str
    context: Mapping[str, Any]
    v2: str
    v3: str

    @property
    def ours(self) -> str:
        """The variant that our evaluator gives."""
        return self.v3 if ALGORITHM == "v3" else self.v2


class Disagreement(NamedTuple):
    """An answer that is not the one of our evaluator. None: no answer."""

    vector: Vector
    found: str | None


class Report(NamedTuple):
    """What an evaluator answered: the way it splits, how often it was asked and agreed, and where not with ours.

    `neither`: its answers fit none of the two; also where it gave none, or was asked nothing.
    """

    algorithm: Literal["v2", "v3", "neither"]
    asked: int
    answered: int
    agreed: Mapping[str, int]
    disagreements: tuple[Disagreement, ...]

    @property
    def agrees(self) -> bool:
        """Whether it gives everybody the variant that our evaluator gives."""
        return self.algorithm == ALGORITHM


def run(ask: Ask, vectors: Iterable[Vector] | None = None) -> Report:
    """What the evaluator behind `ask` does with `vectors`: those that are shipped, or probes."""
    answers = [(each, ask(each.key, each.context)) for each in (shipped() if vectors is None else vectors)]
    agreed = {way: sum(getattr(each, way) == found for each, found in answers) for way in ("v2", "v3")}
    whole: Literal["v2", "v3", "neither"] = "neither"
    # Where the two ways never differ, the answers tell nothing.
    if agreed["v2"] != agreed["v3"] and len(answers) in agreed.values():
        whole = "v3" if agreed["v3"] == len(answers) else "v2"
    return Report(
        whole,
        len(answers),
        sum(found is not None for _, found in answers),
        agreed,
        tuple(Disagreement(each, found) for each, found in answers if found != each.ours),
    )


@cache
def _file() -> dict[str, Any]:
    import json

    loaded: dict[str, Any] = json.loads(Path(__file__).with_name("bucketing.json").read_text("utf-8"))
    return loaded


def shipped() -> Iterator[Vector]:
    """The vectors that come with us: the flags are those of `vector_flags`."""
    for key, subject, v2, v3 in _file()["cases"]:
        yield Vector(key, {"targetingKey": subject, "tenant": subject}, v2, v3)


def vector_flags() -> dict[str, Any]:
    """The flagd definition of the flags that the vectors ask for, for any algorithm, to be loaded beside others."""
    return {"flags": dict(_file()["flags"]), "metadata": {"flagSetId": "bucketing-vectors"}}


def probes(definition: Mapping[str, Any]) -> tuple[Vector, ...]:
    """Questions about flags of `definition` to an evaluator that has them: only such as the two ways answer otherwise.

    None, if no flag splits subjects. A server that decides the tenant itself answers for that one, and is to be asked
    with the probes of `definition` that do not split by tenant.
    """
    found = (vector for key, flag in definition["flags"].items() for vector in islice(_of(key, flag), _PER_FLAG))
    return tuple(islice(found, _MOST_PROBES))


def _of(key: str, flag: Mapping[str, Any]) -> Iterator[Vector]:
    targeting = flag.get("targeting")
    if flag.get("state") != "ENABLED" or not isinstance(targeting, dict) or not _splits(targeting):
        return
    attributes = {"targetingKey", *_attributes(targeting)}
    for number in range(_SUBJECTS):
        context = _context(attributes, f"probe-{number}")
        v2, v3 = (variant_by(way, key, flag, context) for way in ("v2", "v3"))
        if v2 != v3 and v2 is not None and v3 is not None:
            yield Vector(key, context, v2, v3)


def _splits(logic: object) -> bool:
    if isinstance(logic, list):
        return any(map(_splits, logic))
    return isinstance(logic, dict) and ("fractional" in logic or any(map(_splits, logic.values())))


def _attributes(logic: object) -> Iterator[str]:
    """What the keys to split by are made of."""
    if isinstance(logic, list):
        for each in logic:
            yield from _attributes(each)
    elif isinstance(logic, dict):
        for operator, said in logic.items():
            first = said[0] if isinstance(said, list) and said else said
            if operator == "fractional":
                yield from _asked(first)
            yield from _attributes(said)


def _asked(logic: object) -> Iterator[str]:
    if isinstance(logic, list):
        for each in logic:
            yield from _asked(each)
    elif isinstance(logic, dict):
        for operator, said in logic.items():
            first = said[0] if isinstance(said, list) and said else said
            if operator == "var" and isinstance(first, str) and first and not first.startswith("$flagd"):
                yield first
            yield from _asked(said)


def _context(attributes: Iterable[str], subject: str) -> dict[str, Any]:
    context: dict[str, Any] = {}
    for attribute in sorted(attributes):
        *outer, last = attribute.split(".")
        place = context
        for name in outer:
            inner = place.setdefault(name, {})
            place = inner if isinstance(inner, dict) else {}
        place[last] = subject
    return context
