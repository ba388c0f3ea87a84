"""# Flag that is on in production before it was tried

A flag is on for somebody in a protected environment, and off for everybody in the one before it in the order of
promotion.

**Why.** What was switched on nowhere else was tried nowhere else.

**Fix.** Switch it on in the environment before, too.

**Exceptions.** Flags of other kinds than `release` and `experiment`: what a customer may use, and how the system is run,
is a matter of each environment.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.flags.states import named_for
from terrace.model.entities import Environment
from terrace.model.findings import Severity
from terrace.model.flag import Flag, FlagState
from terrace.validate.flag_places import reach
from terrace.validate.flag_text import area, in_production
from terrace.validate.rule import Example, FlagsView, Hit, rule

_ORDER = {
    "environments/staging/environment.yaml": "kind: staging\norder: 10\nreferences: [vault://shop/]\n",
    "environments/production/environment.yaml": "kind: production\norder: 20\nprotected: true\nreferences: [vault://shop/]\n",
}
GOOD = (
    Example({**_ORDER, **area("    environments:\n      staging: {default: on}\n      production: {default: on}\n")}),
    Example({**_ORDER, **in_production("default: off")}),
    Example(
        {
            **_ORDER,
            **area("    kind: permission\n    environments:\n      production: {rules: [{when: {a: b}, serve: on}]}\n"),
        }
    ),
)
BAD = (
    Example(
        {**_ORDER, **in_production("rules:", "  - {when: {tenant: acme}, serve: on}")},
        "flags/shop.yaml:11",
        "flags.new-menu.environments.production",
    ),
    Example(
        {**_ORDER, **area("    environments:\n      staging: {kill: true}\n      production: {default: on}\n")},
        "flags/shop.yaml:12",
        "flags.new-menu.environments.production",
    ),
)


@rule("FLG010", "flag that is on in production before it was tried", on="flags", severity=Severity.WARNING)
def check(view: FlagsView) -> Iterator[Hit]:
    """Every state that switches a flag on in a protected environment, and none before it does."""
    environments = view.repository.environments
    before = {name: _before(each, list(environments.values())) for name, each in environments.items()}
    for flag in view.flags:
        if flag.kind not in ("release", "experiment"):
            continue
        for name, state in flag.states.items():
            reached = reach(view, flag, name)
            if name not in reached or not environments[name].protected or not _is_on(flag, state):
                continue
            earlier = before[name]
            if earlier and not any(_is_on(flag, _state(view, flag, each)) for each in earlier):
                pointer = (*flag.pointer, "environments", name)
                where = ", ".join(each.name for each in earlier)
                message = f"flag '{flag.key}' is on in {name} and off in {where}"
                hint = f"Try it in {earlier[0].name} first."
                yield Hit(message, flag.document.at(pointer, key=True), pointer, hint)


def _before(environment: Environment, others: list[Environment]) -> list[Environment]:
    """The environments that come directly before one."""
    lower = [each for each in others if each.order < environment.order]
    nearest = max((each.order for each in lower), default=0)
    return [each for each in lower if each.order == nearest]


def _state(view: FlagsView, flag: Flag, environment: Environment) -> FlagState | None:
    return flag.states.get(named_for(flag, environment.name, view.repository.environments))


def _is_on(flag: Flag, state: FlagState | None) -> bool:
    """Whether anybody gets, or will get, another variant than the off variant."""
    if state is None or state.kill:
        return False
    parts = [state, *(later for _, later in state.schedule)]
    return any(_gives_more(flag, each) for each in parts if each.enabled)


def _gives_more(flag: Flag, state: FlagState) -> bool:
    variants = {state.default, *(rule_.serve for rule_ in state.rules if rule_.serve)}
    variants.update(name for rule_ in state.rules for name in rule_.rollout)
    if state.progress:
        variants.add(state.progress.variant)
    return bool(state.targeting) or not variants <= {flag.off_variant, None}
