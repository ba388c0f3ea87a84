"""Secrets of slices in the open, in memory only: files opened once, references asked for and renewed."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from terrace.bundle.reader import Bundle
from terrace.errors import Problem, TerraceError
from terrace.model.layers import leaves
from terrace.model.merge import merge
from terrace.model.reference import Reference, is_reference, parse
from terrace.model.secret import Secret
from terrace.model.service import Contract
from terrace.model.source import Pointer, dotted
from terrace.model.typed import nest, typed
from terrace.opening import Keyholder, Scalar
from terrace.runtime.asked import Asked

if TYPE_CHECKING:
    from terrace.refs.resolve import Renewal, Resolver


class Secrets:
    """Opens what slices carry. Each encrypted file is opened once, whatever number of slices and releases take it."""

    def __init__(self, asked: Asked) -> None:
        program = os.path.basename(sys.argv[0]) or "python"  # noqa: PTH119 - pathlib has no say here
        self._keys = Keyholder(f"terrace.runtime in {program}", asked.reason, asked.environ)
        self._environ = asked.environ
        self._files: dict[str, dict[str, Any]] = {}
        self._resolver: Resolver | None = None
        self._facts: object = None

    def merged(
        self, bundle: Bundle, tenant: str, contract: Contract
    ) -> tuple[dict[str, Any], dict[Pointer, str], list[Problem]]:
        """The values that a slice's secrets files hold, the file of each, and what could not be opened."""
        values: dict[str, Any] = {}
        origins: dict[Pointer, str] = {}
        problems: list[Problem] = []
        for layer, name in bundle.slice(tenant or None).secrets:
            try:
                opened = self._file(bundle, layer, name)
            except TerraceError as error:
                problems.append(Problem(layer, _whole(error).removeprefix(f"{layer}: ")))
                continue
            mine = {section: inner for section, inner in opened.items() if section in contract.sections}
            origins.update({pointer: layer for pointer, _ in leaves(mine)})
            values = merge(values, mine)
        return values, origins, problems

    def resolved(
        self, bundle: Bundle, tenant: str, contract: Contract, values: Mapping[str, Any]
    ) -> tuple[dict[str, Any], list[Problem]]:
        """What references among `values` stand for, nested, and those that stand for nothing now."""
        found: dict[Pointer, Secret[Scalar]] = {}
        problems: list[Problem] = []
        for pointer, text in _references(values, ()):
            reference = parse(text)
            try:
                if not isinstance(reference, Reference):
                    raise TerraceError("the reference is not well formed")
                value = self._ask(bundle, reference, tenant, pointer)
                field = contract.field(pointer)
                found[pointer] = typed(value, field, pointer) if field is not None else Secret(value)
            except TerraceError as error:
                problems.append(Problem(dotted(pointer), _whole(error)))
        return nest(found), problems

    def renew(self) -> Renewal | None:
        """Ask again for every reference that was resolved; None where there are none."""
        return self._resolver.renew() if self._resolver is not None else None

    def keep(self, bundle: Bundle) -> None:
        """Forget files that `bundle` does not carry."""
        carried = {bundle.manifest.files[name].sha256 for name in bundle.manifest.files}
        self._files = {sha256: values for sha256, values in self._files.items() if sha256 in carried}

    def warnings(self) -> list[str]:
        """What went wrong beside an opening since this was asked last: a sink of the audit log that is away."""
        found, self._keys.problems[:] = list(self._keys.problems), []
        return found

    def _file(self, bundle: Bundle, layer: str, name: str) -> dict[str, Any]:
        sha256 = bundle.manifest.files[name].sha256
        known = self._files.get(sha256)
        if known is None:
            text = bundle.read(name).decode("utf-8")
            known = self._files[sha256] = self._keys.values(layer, text, str(bundle.provenance.get("commit", "")))
        return known

    def _ask(self, bundle: Bundle, reference: Reference, tenant: str, pointer: Pointer) -> str:
        from terrace.refs.policy import Policy
        from terrace.refs.resolve import Resolver, stores_of

        facts = bundle.facts
        policy = Policy(bundle.ref.environment, facts.protected, facts.references)
        if self._resolver is None or self._facts != facts:
            root = os.getcwd()  # noqa: PTH109 - relative files begin where the process does
            self._resolver, self._facts = Resolver(stores_of(self._environ, root), policy), facts
        # Which layer a reference stands in was judged when the bundle was sealed; here, what any may name.
        owner = tenant if policy.refuses(reference) and tenant else ""
        commit = str(bundle.provenance.get("commit", ""))
        give = partial(self._given, self._resolver, reference, owner, pointer)
        return str(self._keys.release(str(reference), give, commit)[pointer])

    @staticmethod
    def _given(resolver: Resolver, reference: Reference, owner: str, pointer: Pointer) -> dict[Pointer, Scalar]:
        return {pointer: resolver.resolve(reference, tenant=owner).value}


def _references(values: Mapping[str, Any], pointer: Pointer) -> Iterator[tuple[Pointer, str]]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _references(value, (*pointer, key))
        elif isinstance(value, str) and is_reference(value):
            yield (*pointer, key), value


def _whole(error: TerraceError) -> str:
    return f"{error.message}. {error.hint}" if error.hint else error.message
