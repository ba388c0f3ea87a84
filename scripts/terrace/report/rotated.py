"""What a rotation did, or would do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from shlex import quote

from terrace.model.rotation import Policy, is_rotating
from terrace.report.cells import wrap
from terrace.report.style import PLAIN, Style
from terrace.secrets.plan import NO_POLICY, Planned
from terrace.secrets.renewing import Done
from terrace.secrets.standing import Standing


def planned_text(planned: Sequence[Planned], style: Style = PLAIN) -> str:
    """The steps of each rotation, before any is taken."""
    if not planned:
        return "Nothing is due.\n"
    return "".join(_block(each, list(_steps(each)), style) for each in planned)


def done_text(planned: Planned, done: Done, style: Style = PLAIN) -> str:
    """What became of one secret."""
    said = []
    if done.revoked:
        said.append("the value before is revoked")
    if done.renewed and not done.skipped:
        said.append("it has a new value" + (f"; the one before is valid until {done.until}" if done.until else ""))
    if done.pinned:
        said.append("its references name the version in use now: commit and deploy that, then run this again")
    if done.skipped:
        said.append(f"left as it is: it {done.skipped}")
    return _block(planned, said, style)


def _block(each: Planned, lines: Sequence[str], style: Style) -> str:
    head = f"{style.paint('strong', each.standing.path)}  {style.paint('dim', each.standing.file)}"
    said = [line for text in lines for line in wrap(text, style.width - 2, indent=2)]
    return "".join(f"{line}\n" for line in (head, *(f"  {line}" for line in said)))


def _steps(each: Planned) -> Iterator[str]:
    policy = each.standing.policy or NO_POLICY
    hook = f"tell the system: {' '.join(map(quote, policy.hook))}" if policy.hook else ""
    if each.action == "hand":
        yield "a person has to renew it:"
        yield each.why
        return
    if each.action == "revoke" or each.standing.state == "revoke" or each.standing.previous_until:
        yield f"revoke the value before, which was valid until {each.standing.previous_until}"
    if each.action == "renew":
        yield f"make a new value: {_generator(policy)}"
        if hook:
            yield hook
        yield from _written(each.standing) if each.standing.reference else ["write it, and the day into the ledger"]
        if is_rotating(each.standing.field) and policy.overlap:
            yield f"keep the value before valid for {policy.overlap}"


def _written(each: Standing) -> Iterator[str]:
    yield f"write it as a new version to the store: {each.reference}"
    yield f"name the version in {each.file} where it names one, and the day in the ledger"


def _generator(policy: Policy) -> str:
    if policy.generator == "command":
        return f"the output of {' '.join(map(quote, policy.options['run']))}"
    options = ", ".join(f"{name} {value}" for name, value in policy.options.items() if name != "alphabet")
    return policy.generator + (f" ({options})" if options else "")
