"""# Tenant that is not there

A condition names a tenant, group or ring that there is not; or a rule names a tenant that is not in the environment.

**Why.** The rule is for nobody, and whoever wrote it believes that the customer has the feature.

**Fix.** Correct the name (the finding suggests the closest one), or add the environment to the tenant's `tenant.yaml`.

**Exceptions.** A tenant that exists, in another environment, is a warning: the flag does what it says.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.flags.named import Named, named
from terrace.model.closest import closest
from terrace.model.findings import Severity
from terrace.model.flag import Flag, Roster
from terrace.validate.flag_places import Condition, conditions, reach
from terrace.validate.flag_text import in_production
from terrace.validate.rule import Example, FlagsView, Hit, rule

_RULE = "flags.new-menu.environments.production.rules[0]"
GOOD = (
    Example(in_production("rules:", "  - {when: {tenant: [acme], group: gold}, serve: on}")),
    Example({"flags/people.yaml": "segments:\n  pilot: {when: {any: [{tenant: acme}, {group: gold}]}}\n"}),
)
BAD = (
    Example(in_production("rules:", "  - {when: {tenant: [acme, acmee]}, serve: on}"), "flags/shop.yaml:13", f"{_RULE}.when.tenant[1]"),
    Example(in_production("rules:", "  - {when: {group: silver}, serve: on}"), "flags/shop.yaml:13", f"{_RULE}.when.group"),
    Example(in_production("rules:", "  - {when: {not: {ring: canary}}, serve: on}"), "flags/shop.yaml:13", f"{_RULE}.when.not.ring"),
    Example({"flags/people.yaml": "segments:\n  pilot: {when: {tenant: acne}}\n"}, "flags/people.yaml:2", "segments.pilot.when.tenant"),
    Example(
        {
            "tenants/zen/tenant.yaml": "services: [app]\nenvironments: [staging]\n",
            **in_production("rules:", "  - {when: {tenant: zen}, serve: on}"),
        },
        "flags/shop.yaml:13",
        f"{_RULE}.when.tenant",
    ),
)  # fmt: skip


@rule("FLG007", "tenant that is not there", on="flags")
def check(view: FlagsView) -> Iterator[Hit]:
    """Every tenant, group and ring that there is not, and every tenant that a rule's environment has not."""
    for condition in conditions(view):
        for each in named(condition.when):
            if each.kind not in ("tenant", "group", "ring"):
                continue
            known = _known(view.rosters.everybody, each)
            pointer = (*condition.pointer, *each.pointer)
            if each.name not in known:
                close = closest(each.name, known)
                hint = f"Did you mean '{close}'?" if close else _there_are(sorted(known))
                yield Hit(f"there is no {each.kind} '{each.name}'", condition.document.at(pointer), pointer, hint)
            elif each.kind == "tenant" and condition.flag and not _is_in(view, condition, condition.flag, each.name):
                message = f"tenant '{each.name}' is not in {condition.environment}"
                hint = f"Its tenant.yaml names other environments. Add {condition.environment} there, or take it out."
                at = condition.document.at(pointer)
                yield Hit(message, at, pointer, hint, severity=Severity.WARNING)


def _known(everybody: Roster, each: Named) -> frozenset[str]:
    if each.kind == "tenant":
        return everybody.tenants
    return frozenset(everybody.groups if each.kind == "group" else everybody.rings)


def _there_are(names: list[str]) -> str:
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return f"There are: {', '.join(names[:12]) or 'none'}{more}."


def _is_in(view: FlagsView, condition: Condition, flag: Flag, tenant: str) -> bool:
    """Whether a tenant is in an environment that the state is for: those that extend its environment take it too."""
    names = reach(view, flag, condition.environment)
    return not names or any(tenant in view.rosters.of(name).tenants for name in names)
