"""Rules over opened secrets: files on which keys were tried, values, and effective configs with their secrets.

Who opens the files stands elsewhere: one opening of each, recorded, gives everything that is judged here.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from terrace.model.entities import Repository, Tenant
from terrace.model.findings import Finding
from terrace.model.tried import Tried
from terrace.validate.engine import CrossCheck, findings_of
from terrace.validate.found import Found, merge
from terrace.validate.opened import Alike, OpenedSecret, Unfit
from terrace.validate.places import layer_file
from terrace.validate.registry import by_code, keyed_codes, keyed_rules
from terrace.validate.rule import On, Rule
from terrace.validate.suppress import Marks
from terrace.validate.unfit import Judge


def judge(
    repository: Repository,
    tenants: Iterable[Tenant],
    tried: Sequence[Tried],
    *,
    today: date,
    key: bytes,
    cross_checks: Mapping[str, CrossCheck] | None = None,
    rules: Sequence[Rule] | None = None,
) -> list[Found]:
    """Everything that is wrong with opened secrets, the suppressions applied.

    `key` is random, and forgotten afterwards: equal values are found by fingerprints that nobody can make again.
    `cross_checks` are the contracts' own rules, whose messages show no secret.
    """
    run = _Run(keyed_rules() if rules is None else rules)
    tenants = list(tenants)
    secrets = list(_secrets(repository, tried))
    found = [Found(finding) for file in tried for finding in run.of("tried", file)]
    found += [Found(finding) for secret in secrets for finding in run.of("opened", secret)]
    found += [Found(finding) for alike in _alike(secrets, key) for finding in run.of("alike", alike)]
    judging = Judge(repository, tried, cross_checks or {})
    for target, problems in judging.targets(tenants):
        found += [Found(finding, (str(target),)) for problem in problems for finding in run.of("unfit", problem)]
    marks = [Marks(files) for files in (repository.files, *(tenant.files for tenant in tenants))]
    settled = list(_suppressed(merge(found), marks, today))
    return settled + list(_needless(marks, tried))


class _Run:
    """Rules by what they are given."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules: dict[On, list[Rule]] = {}
        for rule in rules:
            self._rules.setdefault(rule.on, []).append(rule)

    def of(self, on: On, subject: Tried | OpenedSecret | Unfit | Alike) -> Iterator[Finding]:
        """What the rules find in a subject. One that fails says its own name, and nothing of what it was given."""
        for rule in self._rules.get(on, ()):
            yield from findings_of(rule, subject, tells_why=False)


def _secrets(repository: Repository, tried: Iterable[Tried]) -> Iterator[OpenedSecret]:
    """Every opened value that a contract calls a secret; what stands there otherwise is found without a key."""
    for each in tried:
        file = layer_file(each.document, repository, each.tenant)
        environment = repository.environments[each.environment]
        for pointer, value in (each.values or {}).items():
            fields = (contract.field(pointer) for contract in file.contracts)
            field = next((field for field in fields if field is not None and field.secret), None)
            if field is not None:
                yield OpenedSecret(value, pointer, field, file, environment)


def _alike(secrets: Iterable[OpenedSecret], key: bytes) -> Iterator[Alike]:
    groups: dict[bytes, list[OpenedSecret]] = {}
    for secret in secrets:
        text = secret.text
        if text is not None:
            groups.setdefault(hmac.digest(key, text.encode(errors="surrogatepass"), "sha256"), []).append(secret)
    for group in groups.values():
        if len(group) > 1:
            yield Alike(tuple(sorted(group, key=_guard, reverse=True)))


def _guard(secret: OpenedSecret) -> tuple[bool, int, str, str]:
    return secret.environment.protected, secret.environment.order, secret.environment.name, secret.location.path


def _suppressed(found: Iterable[Found], marks: Sequence[Marks], today: date) -> Iterator[Found]:
    for item in found:
        finding, reason = item.finding, ""
        for mark in marks:
            if not reason:
                finding, reason = mark.judge(finding, today)
        yield Found(finding, item.targets, reason)


def _needless(marks: Iterable[Marks], tried: Iterable[Tried]) -> Iterator[Found]:
    """The suppressions of codes that were looked for here alone, and not found in a file that was opened."""
    paths = [each.document.path for each in tried if each.values is not None]
    rule = by_code("SUP001")
    for view in (view for each in marks if each for view in each.views()):
        mark = view.suppression
        if rule and any(mark.is_for(path) for path in paths):
            unasked = frozenset(mark.codes) - keyed_codes()
            yield from map(Found, findings_of(rule, view._replace(unasked=unasked)))
