"""What JsonLogic can come to for every context there is, when little of the context is known.

The answer is never too small: what it leaves out cannot happen. It may be too large, as where two conditions exclude
each other in a way that is not seen here. Operators are flagd's own, called on every combination of what their
arguments can be; those that a value nobody knows reaches are described one by one below. Contexts hold what JSON can
say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import product
from typing import Any, Literal, NamedTuple

from terrace.flags.spans import OPERATORS, Span

END_OF_TIME = 253_402_300_799
"""The last second that a date can say, in Unix time. Nothing is promised of later ones."""

_MOST = 64
"""Of more values than this, or more combinations, it is only said that there may be any."""

_MOST_WEIGHT = 2**31 - 1
_FAILURES = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
_COMPARISONS = frozenset({"==", "!=", "===", "!==", "<", "<=", ">", ">=", "!", "!!", "in"})
"""Operators that come to true or false whatever they are given, and never fail for what JSON can say."""

_OF_TEXT = frozenset({"starts_with", "ends_with", "sem_ver"})
"""Such that also come to null: for what is no text, or no version."""


class Outcomes(NamedTuple):
    """What an expression can come to: one of `values`; a whole number in `span`; or, with neither, anything.

    `text`: whatever it is, it is text. `true`: JsonLogic takes it for true. `fails`: it may also end in an error, and
    then the application's default counts.
    """

    values: tuple[Any, ...] | None = None
    span: Span | None = None
    text: bool = False
    true: bool = False
    fails: bool = False

    def failing(self, fails: bool = True) -> Outcomes:
        """The same, which may fail where `fails` says so."""
        return self._replace(fails=self.fails or fails)


class Known(NamedTuple):
    """What is known of every context: attributes that are the same in all, the first moment, and what all have.

    Those in `given` have some value or other that is true to JsonLogic.
    """

    attributes: Mapping[str, Any]
    now: int
    given: frozenset[str] = frozenset()


ANYTHING = Outcomes()
EITHER = Outcomes((True, False))


def outcomes(logic: Any, known: Known) -> Outcomes:
    """Everything that `logic` can come to from `known.now` on."""
    if isinstance(logic, list):
        return _joined(logic, [outcomes(each, known) for each in logic])
    if not isinstance(logic, dict) or len(logic) != 1:
        return Outcomes((logic,))
    ((operator, written),) = logic.items()
    arguments = written if isinstance(written, list) else [written]
    special = _SPECIAL.get(operator)
    if special:
        return special(arguments, known)
    return _applied(operator, [outcomes(each, known) for each in arguments])


def _joined(logic: Sequence[Any], parts: Sequence[Outcomes]) -> Outcomes:
    """A list whose items are each known, or one that is not."""
    fails = any(each.fails for each in parts)
    if all(each.values is not None and len(each.values) == 1 for each in parts):
        return Outcomes(([each.values[0] for each in parts if each.values],), fails=fails)
    return ANYTHING.failing(fails)


def _if(arguments: Sequence[Any], known: Known) -> Outcomes:
    found: list[Outcomes] = []
    fails = False
    for at in range(0, len(arguments) - 1, 2):
        condition = outcomes(arguments[at], known)
        fails |= condition.fails
        yes, no = _truth(condition)
        if yes:
            found.append(outcomes(arguments[at + 1], known))
        if not no:
            return _any_of(found).failing(fails)
    last = outcomes(arguments[-1], known) if len(arguments) % 2 else Outcomes((None,))
    return _any_of([*found, last]).failing(fails)


def _and(arguments: Sequence[Any], known: Known) -> Outcomes:
    return _until(arguments, known, stop=False)


def _or(arguments: Sequence[Any], known: Known) -> Outcomes:
    return _until(arguments, known, stop=True)


def _until(arguments: Sequence[Any], known: Known, *, stop: bool) -> Outcomes:
    """The first argument whose truth is `stop`, else the last one."""
    found: list[Outcomes] = []
    fails = False
    for at, each in enumerate(arguments, 1):
        current = outcomes(each, known)
        fails |= current.fails
        yes, no = _truth(current)
        if at == len(arguments):
            found.append(current)
        elif yes if stop else no:
            found.append(_of_truth(current, stop))
        if not (no if stop else yes):
            break
    return _any_of(found or [Outcomes((None,))]).failing(fails)


def _var(arguments: Sequence[Any], known: Known) -> Outcomes:
    # What is written as a name and not computed; a fallback counts only where the attribute is missing.
    name = arguments[0] if arguments else ""
    if name == "$flagd.timestamp":
        return Outcomes(span=(known.now, END_OF_TIME))
    if isinstance(name, str) and known.attributes.get(name) is not None:
        return Outcomes((known.attributes[name],))
    if name in known.given:
        return Outcomes(true=True)
    return ANYTHING.failing(any(outcomes(each, known).fails for each in arguments) or not isinstance(name, str))


def _cat(arguments: Sequence[Any], known: Known) -> Outcomes:
    return _applied("cat", [outcomes(each, known) for each in arguments])._replace(text=True)


def _fractional(arguments: Sequence[Any], known: Known) -> Outcomes:
    """A variant that has, or may have, a share; null where the subject may lack what it is told apart by."""
    shorthand = not arguments or isinstance(arguments[0], list)
    subject = ANYTHING if shorthand else outcomes(arguments[0], known)
    if not shorthand and not _is_no_list(subject):
        # A list that comes to be the subject is taken for the first of the shares.
        return ANYTHING.failing()
    found: list[Outcomes] = []
    least = most = 0
    for share in arguments if shorthand else arguments[1:]:
        if not isinstance(share, list) or not 1 <= len(share) <= 2:
            return ANYTHING.failing()
        variant, weight = outcomes(share[0], known), _weight(share, known)
        if weight is None or variant.values is None or variant.fails:
            return ANYTHING.failing()
        least, most = least + weight[0], most + weight[1]
        if weight[1] > 0:
            found.append(variant)
    nobody = shorthand or (not subject.text and None in (subject.values or ()))
    if nobody or least <= 0 or most > _MOST_WEIGHT:
        found.append(Outcomes((None,)))
    return _any_of(found).failing(subject.fails)


def _is_no_list(subject: Outcomes) -> bool:
    values = subject.values
    return subject.text or (values is not None and not any(isinstance(each, list) for each in values))


def _weight(share: Sequence[Any], known: Known) -> Span | None:
    """The least and the most that a share can be; None where it may be no whole number."""
    if len(share) == 1:
        return 1, 1
    weight = outcomes(share[1], known)
    span = _span(weight)
    return None if span is None or weight.fails else (max(0, span[0]), max(0, span[1]))


def _unread(arguments: Sequence[Any], known: Known) -> Outcomes:
    """Operators over lists give each item as the context: nothing is said of them."""
    return ANYTHING.failing()


def _applied(operator: str, arguments: Sequence[Outcomes]) -> Outcomes:
    """What an operator comes to that takes values only."""
    fails = any(each.fails for each in arguments)
    if operator not in _operators() or operator in ("log", "missing", "missing_some"):
        return ANYTHING.failing()
    known = [each.values for each in arguments]
    # Of what is no version, flagd writes a traceback into the log.
    if operator != "sem_ver" and all(each is not None for each in known):
        found = _computed(operator, [each for each in known if each is not None])
        if found is not None:
            return found.failing(fails)
    spans = [_span(each) for each in arguments]
    if spans and operator in OPERATORS and all(each is not None for each in spans):
        said = OPERATORS[operator]([each for each in spans if each is not None])
        if said is not None:
            return _of_span(said).failing(fails)
    if operator in _OF_TEXT:
        return Outcomes((True, False, None), fails=fails)
    if operator in _COMPARISONS:
        return EITHER.failing(fails)
    return ANYTHING.failing(fails or operator != "cat")


def _of_span(said: Span | bool | Literal["either"]) -> Outcomes:
    if said == "either":
        return EITHER
    return Outcomes((said,)) if isinstance(said, bool) else Outcomes(span=said)


def _computed(operator: str, arguments: Sequence[tuple[Any, ...]]) -> Outcomes | None:
    """What flagd's operator says for every combination of what its arguments can be; None where there are too many."""
    count = 1
    for each in arguments:
        count *= len(each)
    # Lists are compared by identity, which is another one here.
    if count > _MOST or (
        operator in ("==", "!=") and any(isinstance(v, list | dict) for each in arguments for v in each)
    ):
        return None
    found: list[Any] = []
    fails = False
    for combination in product(*arguments):
        try:
            found.append(_operators()[operator](None, *combination))
        except _FAILURES:
            fails = True
    return Outcomes(_distinct(found), fails=fails) if found else ANYTHING.failing()


@cache
def _operators() -> Mapping[str, Callable[..., Any]]:
    from openfeature.contrib.tools.flagd.core.targeting.targeting import OPERATORS

    operators: Mapping[str, Callable[..., Any]] = OPERATORS
    return operators


def _span(found: Outcomes) -> Span | None:
    if found.span is not None:
        return found.span
    if found.values and all(type(each) is int for each in found.values):
        return min(found.values), max(found.values)
    return None


def _truth(found: Outcomes) -> tuple[bool, bool]:
    """Whether it can be true, and whether it can be false, as JsonLogic takes it."""
    if found.values is not None:
        truths = [bool(_operators()["!!"](None, each)) for each in found.values]
        return any(truths), not all(truths)
    if found.span is not None:
        low, high = found.span
        return (low, high) != (0, 0), low <= 0 <= high
    return True, not found.true


def _of_truth(found: Outcomes, truth: bool) -> Outcomes:
    """What it can come to, where that is true, or where it is not."""
    if found.values is None:
        return found._replace(true=found.true or truth)
    return found._replace(values=tuple(each for each in found.values if bool(_operators()["!!"](None, each)) == truth))


def _any_of(found: Sequence[Outcomes]) -> Outcomes:
    """What one of them can come to."""
    fails = any(each.fails for each in found)
    text, true = all(_is_text(each) for each in found), not any(_truth(each)[1] for each in found)
    if all(each.values is not None for each in found):
        return Outcomes(_distinct([value for each in found for value in each.values or ()]), fails=fails)
    spans = [_span(each) for each in found]
    if all(each is not None for each in spans):
        whole = [each for each in spans if each is not None]
        return Outcomes(span=(min(each[0] for each in whole), max(each[1] for each in whole)), fails=fails)
    return Outcomes(text=text, true=true, fails=fails)


def _is_text(found: Outcomes) -> bool:
    return found.text or (found.values is not None and all(isinstance(each, str) for each in found.values))


def _distinct(values: Sequence[Any]) -> tuple[Any, ...]:
    kept: list[Any] = []
    for each in values:
        if not any(type(each) is type(one) and each == one for one in kept):
            kept.append(each)
    return tuple(kept)


_SPECIAL: dict[str, Callable[[Sequence[Any], Known], Outcomes]] = {
    "if": _if, "?:": _if, "and": _and, "or": _or, "var": _var, "cat": _cat, "fractional": _fractional,
    **dict.fromkeys(("filter", "map", "reduce", "all", "some", "none"), _unread),
}  # fmt: skip
