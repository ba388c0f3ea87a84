"""What a rule is, and what it is given to look at.

A rule is one file in `validate/rules/`. Its docstring is its page in the documentation, `GOOD` and `BAD` are examples
that a test runs, and one decorated function finds mistakes:

    @rule("LEAK010", "loopback address in production", on="value", values="localhost|127")
    def check(leaf: Leaf) -> Iterator[Hit]: ...

`on` says what the function is given, and so how often it runs:

    repository   a `Repository`: the part that all tenants share                       once
    tenant       a `TenantView`: one tenant and the repository                         per tenant
    document     a `LayerFile`: one plain file of a layer                              per file
    secrets      a `LayerFile`: one secrets file                                       per file
    value        a `Leaf`: one value of one file; the finding stands only where the
                 value wins in a target of kind production                             per leaf
    schema       a `SchemaProblem`: what the JSON Schema found, in a file or in an
                 effective config                                                      per problem
    target       a `TargetView`: one effective config with its layers                  per target
    across       a `Family`: one service and tenant in all its environments            per tenant and service
    reader       a `Finding` of the reader, which knows the text better than we do     per such finding
    suppression  a `SuppressionView`: a comment that lets findings stand               per comment

Rules do no I/O, read no clock, and import no other rule: the same input gives the same findings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from types import ModuleType
from typing import Any, Literal, NamedTuple, TypeVar

from terrace.model.entities import Environment, Repository, Tenant
from terrace.model.findings import Finding, Fix, Related, Severity
from terrace.model.layers import EffectiveConfig
from terrace.model.service import Contract, Field
from terrace.model.source import Document, Location, Pointer

On = Literal[
    "repository", "tenant", "document", "secrets", "value", "schema", "target", "across", "reader", "suppression"
]


class Hit(NamedTuple):
    """What a rule found: everything of a finding but its code, severity and the targets it reaches."""

    message: str
    location: Location
    pointer: Pointer | None = None
    hint: str = ""
    related: tuple[Related, ...] = ()
    fix: Fix | None = None


Check = Callable[[Any], Iterable[Hit]]


class Rule(NamedTuple):
    """One rule, as its file declares it. `values` and `keys` say which leaves a rule on values wants to see."""

    code: str
    title: str
    severity: Severity
    on: On
    check: Check
    module: ModuleType | None = None
    values: str = ""
    keys: str = ""

    @property
    def page(self) -> str:
        """The rule's page in the documentation, in Markdown."""
        import inspect

        return inspect.cleandoc((self.module.__doc__ if self.module else "") or "")


    @property
    def summary(self) -> str:
        """The page's first sentence after its title."""
        paragraphs = self.page.split("\n\n")
        return " ".join(paragraphs[1].split()) if len(paragraphs) > 1 else self.title


class Example(NamedTuple):
    """A few files laid over the example repository of `validate/examples.py`; None removes a file.

    `at` is `path:line` of the finding that a BAD example must give, `pointer` its place as a dotted path.
    """

    files: Mapping[str, str | None]
    at: str = ""
    pointer: str = ""


Function = TypeVar("Function", bound=Check)


def rule(
    code: str, title: str, *, on: On, severity: Severity = Severity.ERROR, values: str = "", keys: str = ""
) -> Callable[[Function], Function]:
    """Declare the decorated function a rule. The registry finds it under its module's `check`."""

    def declare(check: Function) -> Function:
        check.__dict__["rule"] = Rule(code, title, severity, on, check, values=values, keys=keys)
        return check

    return declare


def as_read(finding: Finding) -> Hit:
    """The reader's own finding: it knows the text better than a rule could."""
    return Hit(finding.message, finding.location, finding.pointer, finding.hint, finding.related, finding.fix)


class LayerFile(NamedTuple):
    """One file of a layer: what it says, for which service and environment, and who may write it.

    `kind` is base, environment, group, tenant or local; `service` is `shared` for a shared.yaml, and `contracts` are
    those the file reaches. `environment` is None where all environments share the file.
    """

    document: Document
    kind: str
    service: str
    environment: str | None
    owner: str
    contracts: tuple[Contract, ...]
    repository: Repository


class Leaf(NamedTuple):
    """One scalar of a layer's file (or an item of a list, or a default of the schema), on its way to production."""

    value: Any
    pointer: Pointer
    field: Field | None
    location: Location

    @property
    def name(self) -> str:
        """The last key on the way: `host` of `database.host`, `origins` of `cors.origins[0]`."""
        return next((part for part in reversed(self.pointer) if isinstance(part, str)), "")


class TenantView(NamedTuple):
    """One tenant with the repository around it."""

    tenant: Tenant
    repository: Repository


class TargetView(NamedTuple):
    """One effective config, its environment and contract, and the day it is judged on."""

    config: EffectiveConfig
    contract: Contract
    environment: Environment
    tenant: Tenant | None
    repository: Repository
    today: date

    @property
    def production(self) -> bool:
        """Whether the target's environment is of kind production."""
        return self.environment.kind == "production"

    def supply(self, pointer: Pointer) -> Location:
        """Where a value for `pointer` should be written: in the file of the target's own environment."""
        folder = f"environments/{self.config.target.environment}"
        path = f"{folder}/{self.config.target.service}.yaml"
        document = self.repository.files.documents.get(path)
        return document.at(pointer) if document else Location(path)


class Family(NamedTuple):
    """The effective configs of one service and tenant (None: no tenant), by environment."""

    service: str
    tenant: Tenant | None
    configs: Mapping[str, EffectiveConfig]
    repository: Repository

    @property
    def contract(self) -> Contract:
        """The service's contract."""
        return self.repository.contracts[self.service]

    def kind(self, environment: str) -> str:
        """The kind of an environment."""
        return self.repository.environments[environment].kind


class SchemaProblem(NamedTuple):
    """One thing a JSON Schema found wrong.

    `keyword` is the schema's keyword (`type`, `additionalProperties`, `minimum`, ...), `pointer` the place of the
    value, `name` the key that is too much or missing. `target` is None for a problem of a single file.
    """

    keyword: str
    message: str
    pointer: Pointer
    value: Any
    expected: Any
    name: str
    field: Field | None
    known: tuple[str, ...]
    location: Location
    target: TargetView | None = None
