"""JsonLogic that is put together means what its parts mean, whatever is folded away."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from json_logic import jsonLogic

from terrace.flags.logic import Logic, choose, every, negated, some

ASKED: st.SearchStrategy[Logic] = st.booleans() | st.sampled_from(["a", "b", "c"]).map(lambda name: {"var": name})
LOGIC: st.SearchStrategy[Logic] = st.recursive(
    ASKED | st.just({"===": [{"var": "a"}, True]}),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(every),
        st.lists(inner, max_size=3).map(some),
        inner.map(negated),
        st.builds(choose, inner, inner, inner),
    ),
    max_leaves=6,
)
CONTEXT = st.fixed_dictionaries({"a": st.booleans(), "b": st.booleans(), "c": st.booleans()})


def holds(logic: Logic, context: dict[str, bool]) -> bool:
    """Whether `logic` is truthy."""
    return bool(jsonLogic(logic, context))


@given(st.lists(LOGIC, max_size=4), CONTEXT)
def test_every_and_some_are_all_and_any(parts: list[Any], context: dict[str, bool]) -> None:
    assert holds(every(parts), context) == all(holds(part, context) for part in parts)
    assert holds(some(parts), context) == any(holds(part, context) for part in parts)


@given(LOGIC, CONTEXT)
def test_negated_is_not(logic: Logic, context: dict[str, bool]) -> None:
    assert holds(negated(logic), context) is not holds(logic, context)


@given(LOGIC, LOGIC, LOGIC, CONTEXT)
def test_choose_takes_one_or_the_other(asked: Logic, then: Logic, otherwise: Logic, context: dict[str, bool]) -> None:
    expected = holds(then, context) if holds(asked, context) else holds(otherwise, context)
    assert holds(choose(asked, then, otherwise), context) == expected


def test_what_is_joined_twice_is_flat() -> None:
    a, b, c = ({"var": name} for name in "abc")
    assert every([every([a, b]), c]) == {"and": [a, b, c]}
    assert some([a, some([b, c])]) == {"or": [a, b, c]}
    assert every([some([a, b]), c]) == {"and": [{"or": [a, b]}, c]}
