"""What a rule is, and what a rule can look at: the values it is given are in `validate/given.py`.

A rule is one file in `validate/rules/`. Its docstring is its page in the documentation, `GOOD` and `BAD` are examples
that a test runs, and one decorated function finds mistakes:

    @rule("LEAK010", "loopback address in production", on="value", values="localhost|127")
    def check(leaf: Leaf) -> Iterator[Hit]: ...

`on` says what the function is given, and so how often it runs:

    repository   a `Repository`: the part that all tenants share                       once
    tenant       a `TenantView`: one tenant and the repository                         per tenant
    document     a `LayerFile`: one plain file of a layer                              per file
    secrets      a `LayerFile`: one secrets file                                       per file
    files        a `FilesView`: the files of a tenant, or those that all share         per tenant
    overlay      an `Overlay`: one leaf of an overlay, and what it lies over           per leaf
    value        a `Leaf`: one value (no number but 0 and 1) of one file; the finding stands only where the
                 value wins in a target of kind production                             per leaf
    schema       a `SchemaProblem`: what the JSON Schema found, in a file or in an
                 effective config                                                      per problem
    target       a `TargetView`: one effective config with its layers                  per target
    across       a `Family`: one service and tenant in all its environments            per tenant and service
    reader       a `Finding` of the reader, which knows the text better than we do     per such finding
    suppression  a `SuppressionView`: a comment that lets findings stand               per comment
    unjudged     an `Unjudged`: a contract whose own rules are not run at a revision      per such contract
    generated    a `Generated`: a generated file that is not as it should be           per such file
    exposed      an `Exposure`: a private key in a file of any kind                     per such key
    flags        a `FlagsView`: all flags, and what they may name                       once
    flag         a `TriedFlag`: a test of a flag that is sound, and what came of it     per test

Rules in `rules/keyed/` run with keys only, and are given opened secrets (`validate/opened.py`):

    tried        a `Tried`: a secrets file on which the keys at hand were tried         per file
    opened       an `OpenedSecret`: one value of an opened secrets file                 per value
    unfit        an `Unfit`: what a contract finds in an effective config with its
                 secrets                                                                per problem
    alike        an `Alike`: the places of one value in opened secrets files            per value that repeats

Rules do no I/O, read no clock, and import no other rule: the same input gives the same findings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

from terrace.model.findings import Finding, Fix, Related, Severity
from terrace.model.private_keys import Exposure
from terrace.model.source import Location, Pointer
from terrace.validate.given import (
    NOTHING,
    Below,
    Family,
    FilesView,
    FlagsView,
    Generated,
    LayerFile,
    Leaf,
    Overlay,
    SchemaProblem,
    TargetView,
    TenantView,
    TriedFlag,
    Unjudged,
    supply,
)

if TYPE_CHECKING:
    from terrace.model.tried import Scalar, Trial
    from terrace.source import Unreadable

# All that the file of a rule needs comes from here, so that writing one begins with one import.
__all__ = [
    "NOTHING", "Below", "Check", "Example", "Exposure", "Family", "FilesView", "FlagsView", "Generated", "Hit",
    "LayerFile", "Leaf", "On", "Overlay", "Rule", "SchemaProblem", "TargetView", "TenantView", "TriedFlag", "Unjudged",
    "as_read", "rule", "supply",
]  # fmt: skip

On = Literal[
    "repository", "tenant", "document", "secrets", "files", "overlay", "value", "schema",
    "target", "across", "reader", "suppression", "generated", "unjudged", "exposed", "flags", "flag",
    "tried", "opened", "unfit", "alike",
]  # fmt: skip


class Hit(NamedTuple):
    """What a rule found: everything of a finding but its code and the targets it reaches.

    `severity` is None where it is that of the rule.
    """

    message: str
    location: Location
    pointer: Pointer | None = None
    hint: str = ""
    related: tuple[Related, ...] = ()
    fix: Fix | None = None
    severity: Severity | None = None


Check = Callable[[Any], Iterable[Hit]]


class Rule(NamedTuple):
    """One rule, as its file declares it.

    `values` and `keys` are patterns in lower case: a rule on values sees the leaves whose value, and whose last key,
    match them when written in lower case. `about` is the marker of the only fields that a rule on targets or families
    looks at, or `presence` if it only asks whether something is there: a tenant whose overlays say nothing of such a
    field, or remove nothing and add no section, is judged as its environment is.
    """

    code: str
    title: str
    severity: Severity
    on: On
    check: Check
    module: ModuleType | None = None
    values: str = ""
    keys: str = ""
    about: str = ""

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

    `at` is `path:line` of the finding that a BAD example must give (`path` alone for a whole file), `pointer` its place
    as a dotted path. `also` names the codes of other findings that such files cannot but give. `stale` names generated
    files that are not as their contracts would have them. `python` False: no contract's
    Python is run, as at a revision. `opened` holds the values of opened secrets files, by path and dotted path;
    `tried` what else came of trying keys on a file. `seen` is what Git says of secrets: by secrets file and dotted
    path, the day.
    """

    files: Mapping[str, str | bytes | Unreadable | None]
    at: str = ""
    pointer: str = ""
    also: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    python: bool = True
    seen: Mapping[str, Mapping[str, str]] = MappingProxyType({})
    opened: Mapping[str, Mapping[str, Scalar]] = MappingProxyType({})
    tried: Mapping[str, Trial] = MappingProxyType({})


Function = TypeVar("Function", bound=Check)


def rule(
    code: str,
    title: str,
    *,
    on: On,
    severity: Severity = Severity.ERROR,
    values: str = "",
    keys: str = "",
    about: str = "",
) -> Callable[[Function], Function]:
    """Declare the decorated function a rule. The registry finds it under its module's `check`."""

    def declare(check: Function) -> Function:
        check.__dict__["rule"] = Rule(code, title, severity, on, check, values=values, keys=keys, about=about)
        return check

    return declare


def as_read(finding: Finding) -> Hit:
    """The reader's own finding: it knows the text better than a rule could."""
    return Hit(finding.message, finding.location, finding.pointer, finding.hint, finding.related, finding.fix)
