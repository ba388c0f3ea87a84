"""Effective configs judged with their secrets in the open: by the whole schema, and by the contract's own rules.

What is wrong without any secret is found without a key and not said again. A message comes from the contract alone, and
a problem stands at the secret that has to do with it, in the file that gave it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from typing import Any, NamedTuple

from terrace.layering import Layering
from terrace.model.entities import Repository, Tenant
from terrace.model.layers import EffectiveConfig, Target, leaves, value_at
from terrace.model.merge import merge
from terrace.model.reference import is_reference
from terrace.model.secret import Secret
from terrace.model.service import Contract
from terrace.model.source import Document, Pointer
from terrace.model.tried import Scalar, Tried
from terrace.validate.engine import CrossCheck
from terrace.validate.opened import Unfit
from terrace.validate.schema import Compiled, Problem, Schemas
from terrace.validate.sealed import is_wanted

Origins = dict[Pointer, Document]


class _Whole(NamedTuple):
    """An effective config with its secrets. `origins` has the file of each; `complete` says whether all were opened."""

    config: EffectiveConfig
    contract: Contract
    values: dict[str, Any]
    origins: Origins
    complete: bool


class Judge:
    """Judges the targets of a repository with what was opened. What a tenant shares with others is judged once."""

    def __init__(self, repository: Repository, tried: Iterable[Tried], checks: Mapping[str, CrossCheck]) -> None:
        self._layering = Layering(repository)
        self._contracts = repository.contracts
        self._opened = {each.document.path: each.values for each in tried if each.values is not None}
        self._checks = checks
        self._whole = {name: Compiled(contract.schema) for name, contract in repository.contracts.items()}
        self._plain = {name: Schemas(contract).effective for name, contract in repository.contracts.items()}
        self._shared: dict[Target, list[Unfit]] = {}

    def targets(self, tenants: Iterable[Tenant]) -> Iterator[tuple[Target, list[Unfit]]]:
        """Every target that has an opened secret, with what is wrong with it."""
        for tenant in (None, *tenants):
            for target in self._layering.targets(tenant):
                yield target, self._judged(target, tenant)
            if tenant:
                self._layering.forget(tenant)

    def _judged(self, target: Target, tenant: Tenant | None) -> list[Unfit]:
        shared = target._replace(tenant=None)
        if tenant and not tenant.files.secrets:
            config = self._layering.effective(target, tenant)
            if config.values is self._layering.effective(shared).values:
                return self._shared[shared]
        found = list(self._problems(target, tenant))
        if tenant is None:
            self._shared[target] = found
        return found

    def _problems(self, target: Target, tenant: Tenant | None) -> Iterator[Unfit]:
        whole = self._with_secrets(target, tenant)
        if not whole.origins:
            return
        plain = opened(whole.values)
        problems = [each for each in self._whole[target.service].problems(plain) if _is_of_secrets(each, whole)]
        if any(each.pointer not in whole.origins for each in problems):
            known = {_key(each) for each in self._plain[target.service].problems(whole.config.values)}
            problems = [each for each in problems if _key(each) not in known]
        if not problems and whole.complete and target.service in self._checks:
            problems = list(_of_rules(self._checks[target.service], plain, whole))
        for problem in problems:
            pointer = _nearest(problem, whole.origins)
            location = whole.origins[pointer].at(pointer)
            yield Unfit(problem.keyword, problem.expected, problem.name, _words(problem), pointer, location)

    def _with_secrets(self, target: Target, tenant: Tenant | None) -> _Whole:
        contract = self._contracts[target.service]
        config = self._layering.effective(target, tenant)
        values: Any = config.values
        origins: Origins = {}
        complete = True
        for document, _ in self._layering.secrets(target, tenant):
            secrets = self._opened.get(document.path)
            complete = complete and secrets is not None
            for pointer, secret in (secrets or {}).items():
                if pointer and pointer[0] in contract.sections:
                    origins.pop(pointer, None)  # the strongest layer's come last
                    origins[pointer] = document
                    values = merge(values, _nested(pointer, secret))
        return _Whole(config, contract, values, origins, complete)


def opened(values: Any) -> Any:
    """Values without anything around secrets, as JSON can hold them. Whoever calls this answers for where they go."""
    if isinstance(values, dict):
        return {name: opened(inner) for name, inner in values.items()}
    if isinstance(values, list):
        return [opened(inner) for inner in values]
    return _for_json(values.reveal()) if isinstance(values, Secret) else values


def _for_json(value: Any) -> Any:
    """A scalar that JSON can hold; what it cannot is text, and so of the wrong type."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, int) and value.bit_length() > 63:
        return str(value)
    return str(value) if isinstance(value, float) and not isfinite(value) else value


def _nested(pointer: Pointer, secret: Secret[Scalar]) -> Any:
    value: Any = secret
    for part in reversed(pointer):
        value = {part: value}
    return value


def _is_of_secrets(problem: Problem, whole: _Whole) -> bool:
    """Whether a problem may come from secrets, is not found without a key, and is sure with what was opened."""
    contract, pointer = whole.contract, problem.pointer
    field = contract.field(pointer)
    secret = field is not None and field.secret and not field.is_section
    if pointer in whole.origins or secret:
        # What is no secret, and a secret in a plain file, are found where they stand.
        return pointer in whole.origins and secret
    if not whole.complete:
        return False
    if problem.name:
        below = (*pointer, problem.name)
        missing = below in contract.required_secrets and is_wanted(contract, whole.config.values, below)
        unknown = any(origin[: len(below)] == below for origin in whole.origins)
        return not missing and not unknown  # both are found by their names
    return not _holds_reference(value_at(whole.values, pointer))


def _holds_reference(value: Any) -> bool:
    """Whether a secret is given as a reference somewhere: its own value is not known here."""
    return any(is_reference(leaf) for _, leaf in leaves(value))


def _of_rules(check: CrossCheck, values: dict[str, Any], whole: _Whole) -> Iterator[Problem]:
    """What a contract's own rules say of values with secrets, and do not say without."""
    said = dict.fromkeys(check(values))
    known = set(check(whole.config.values)) if said else set()
    for pointer, message in said:
        field = whole.contract.field(pointer)
        # Without secrets something is made up in their place: what is said of that was never told to anybody.
        if (pointer, message) not in known or (field is not None and field.secret):
            yield Problem("cross-field", message, pointer, None, None)


def _nearest(problem: Problem, origins: Origins) -> Pointer:
    """The secret that has to do with a problem: at its place, or below; one that the message names comes first.

    Of several it is the one that was set last, by the strongest layer: it came to the others.
    """
    start = problem.pointer
    while not (below := [pointer for pointer in reversed(origins) if pointer[: len(start)] == start]):
        start = start[:-1]
    said = set(re.findall(r"\w+", problem.message)) if problem.keyword == "cross-field" else set()
    return next((pointer for pointer in below if pointer[-1] in said), below[0])


def _words(problem: Problem) -> str:
    """The words of a contract's own rule; those of the schema's library hold the value."""
    return problem.message if problem.keyword == "cross-field" else ""


def _key(problem: Problem) -> tuple[str, Pointer, str]:
    return problem.keyword, problem.pointer, problem.name
