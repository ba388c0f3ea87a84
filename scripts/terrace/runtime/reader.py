"""From a source to a revision: read, open, override, judge; what did not change is not done again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from terrace.bundle.manifest import FACTS, config_name
from terrace.bundle.reader import Bundle
from terrace.errors import ConfigError, Problem, TerraceError, UsageError
from terrace.model.layers import leaves
from terrace.model.merge import merge
from terrace.model.secret import Secret
from terrace.model.service import Contract
from terrace.model.source import Pointer, dotted, json_pointer, parse_path
from terrace.model.typed import nest
from terrace.runtime.asked import TENANT, Asked
from terrace.runtime.opened import Secrets
from terrace.runtime.pinned import pinned
from terrace.runtime.revision import Judged, Revision
from terrace.runtime.variables import Overrides, overrides
from terrace.runtime.verdict import built, thawed

M = TypeVar("M", bound=BaseModel)


class Reader(Generic[M]):
    """Reads revisions for one process. Not for several threads at once, but for `Revision.for_tenant`."""

    def __init__(self, model: type[M], asked: Asked) -> None:
        self.model = model
        self.asked = asked
        self.secrets = Secrets(asked)
        self.renewals = 0
        self._schema = ""
        self._contract: Contract | None = None
        self._at_start: Contract | None = None
        self._overrides: tuple[object, Overrides] | None = None

    def revision(self, bundle: Bundle, before: Revision[M] | None = None, *, age: float | None = None) -> Revision[M]:
        """The revision that `bundle` gives; with `before`, as one that follows it in a running process.

        Raises `ConfigError` with everything that is wrong.
        """
        contract = self._contract_of(bundle)
        said = self._said(contract, bundle)
        if self._at_start is None:
            self._at_start = contract
        names = {dotted(pointer): name for pointer, name in said.names.items()}
        made: Revision[M] = Revision(
            bundle, _tenant(bundle, self.asked), self._judge(contract, said), before=before,
            overridden=names, noticed=said.noticed, age=age,
        )  # fmt: skip
        if before is None:
            _refuse_thawed(made.config)
        return made

    def _said(self, contract: Contract, bundle: Bundle) -> Overrides:
        """What the variables say. They are those of the start: a process that changes its own changes nothing here."""
        of = (bundle.manifest.schema_sha256, bundle.facts)
        if self._overrides is None or self._overrides[0] != of:
            self._overrides = of, overrides(contract, bundle.facts, self.asked.environ)
        return self._overrides[1]

    def patched(self, revision: Revision[M], tenant: str, patch: Mapping[str, Any]) -> Revision[M]:
        """`revision` with `patch` merged into the configuration of one tenant, or of no tenant."""
        contract = self._contract_of(revision.bundle)
        for pointer, _ in leaves(patch):
            if contract.field(pointer) is None:
                raise UsageError(f"there is no {dotted(pointer)} in {revision.service}")
        judged = revision.judged[tenant]
        values = merge(judged.values, _hidden(patch, contract))
        try:
            config = built(self.model, values, contract, lambda _: "the test").config
        except ConfigError as error:
            raise _told(error, revision.bundle, tenant) from None
        return revision.with_judged(tenant, judged._replace(config=config, values=values))

    def _contract_of(self, bundle: Bundle) -> Contract:
        sha256 = bundle.manifest.schema_sha256
        if self._contract is None or sha256 != self._schema:
            self._contract, self._schema = Contract(bundle.ref.service, bundle.schema), sha256
        return self._contract

    def _judge(self, contract: Contract, said: Overrides) -> Callable[[Bundle, str, Judged[M] | None], Judged[M]]:
        shared: dict[tuple[tuple[object, ...], int], Judged[M]] = {}

        def judge(bundle: Bundle, tenant: str, before: Judged[M] | None) -> Judged[M]:
            content = (*_content(bundle, tenant), self.renewals)
            if before is not None and before.content == content:
                return before
            # Tenants that change nothing share one object.
            key = (content, id(before))
            if key not in shared:
                try:
                    shared[key] = self._judged(bundle, tenant, before, contract, said, content)
                except ConfigError as error:
                    raise _told(error, bundle, tenant) from None
            return shared[key]

        return judge

    def _judged(
        self,
        bundle: Bundle,
        tenant: str,
        before: Judged[M] | None,
        contract: Contract,
        said: Overrides,
        content: tuple[object, ...],
    ) -> Judged[M]:
        plain = bundle.values(tenant or None)
        sealed, files, problems = self.secrets.merged(bundle, tenant, contract)
        values: dict[str, Any] = said.over(merge(plain, sealed))
        stand_for, unresolved = self.secrets.resolved(bundle, tenant, contract, values)
        values = merge(values, stand_for)
        changed: tuple[Pointer, ...] = ()
        waiting: tuple[Pointer, ...] = ()
        if before is not None:
            assert self._at_start is not None
            values, changed, waiting = pinned(values, before.values, self._at_start, all_live=not self.asked.live_only)
        origin = _Origins(bundle, tenant, files, said.names)
        unopened = [
            *said.problems,
            *problems,
            *(each._replace(origin=origin(parse_path(each.path))) for each in unresolved),
        ]
        made = built(self.model, values, contract, origin, unopened=unopened)
        return Judged(made.config, values, content, changed, waiting, made.unknown)


def _hidden(patch: Mapping[str, Any], contract: Contract) -> dict[str, Any]:
    """`patch` with its secrets as `Secret`."""
    return nest({
        pointer: Secret(value) if (field := contract.field(pointer)) and field.secret else value
        for pointer, value in leaves(patch)
    })  # fmt: skip


class _Origins:
    """Where values were set: asked only when something is wrong."""

    def __init__(
        self, bundle: Bundle, tenant: str, files: Mapping[Pointer, str], variables: Mapping[Pointer, str]
    ) -> None:
        self._bundle, self._tenant = bundle, tenant
        self._files, self._variables = files, variables
        self._plain: dict[str, str] | None = None

    def __call__(self, pointer: Pointer) -> str:
        for end in range(len(pointer), 0, -1):
            part = pointer[:end]
            if part in self._variables:
                return f"the variable {self._variables[part]}"
            found = self._files.get(part) or self._set_at().get(json_pointer(part))
            if found:
                return found
        return ""

    def _set_at(self) -> Mapping[str, str]:
        if self._plain is None:
            try:
                shared = self._bundle.origins()
                self._plain = {**shared, **self._bundle.origins(self._tenant)} if self._tenant else shared
            except TerraceError:
                # Nothing hangs on it: what is wrong is said with or without the place.
                self._plain = {}
        return self._plain


def _content(bundle: Bundle, tenant: str) -> tuple[object, ...]:
    """What a slice is made of. Whose it is matters only where the tenant has values of its own, as references."""
    files, part = bundle.manifest.files, bundle.slice(tenant or None)
    own = tenant if part.config != config_name(None) else ""
    secrets = tuple((layer, files[name].sha256) for layer, name in part.secrets)
    facts = files[FACTS].sha256
    return own, files[part.config].sha256, secrets, bundle.manifest.schema_sha256, facts


def _tenant(bundle: Bundle, asked: Asked) -> str:
    if asked.tenant is None and bundle.manifest.tenancy == "dedicated":
        raise ConfigError(
            f"{bundle.ref.service} has a process for each tenant, and nothing says whose this is",
            hint=f"Set {TENANT} or give tenant=; set to nothing, it means no tenant.",
        )
    return asked.tenant or ""


def _refuse_thawed(config: BaseModel) -> None:
    open_to_change = list(dict.fromkeys(thawed(config)))
    if open_to_change:
        some = ", ".join(open_to_change[:5]) + (" ..." if len(open_to_change) > 5 else "")
        raise ConfigError(
            f"the model {type(config).__name__} is not frozen, so anyone could change what was validated: {some}",
            hint="Give these models model_config = ConfigDict(frozen=True).",
        )


def _told(error: ConfigError, bundle: Bundle, tenant: str) -> ConfigError:
    return ConfigError(error.message or not_right(bundle, tenant, error.problems), error.problems, hint=error.hint)


def not_right(bundle: Bundle, tenant: str, problems: Sequence[Problem]) -> str:
    """The first line of an error that lists what is wrong with a configuration."""
    whose = f" for {tenant}" if tenant else ""
    things = "1 thing is" if len(problems) == 1 else f"{len(problems)} things are"
    return f"the configuration of {bundle.ref.service} in {bundle.ref.environment}{whose} is not right: {things} wrong"
