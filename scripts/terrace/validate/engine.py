"""Rules over a repository: once over the part that all tenants share, then one tenant at a time.

A finding is at the place that must change, however many targets it reaches. So what is wrong with a *file* is found
once, kept as a candidate, and each target only says whether the leaf wins there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from terrace.layering import Layering, environment_folders, tenant_folders
from terrace.model.entities import Files, Repository, Tenant
from terrace.model.findings import Finding, Severity
from terrace.model.layers import EffectiveConfig, Layer, Target, contribution, leaves
from terrace.model.sealed_files import main_of
from terrace.model.service import MARKERS, Contract
from terrace.model.source import Document, Location, Pointer
from terrace.validate.descriptors import descriptor_schema
from terrace.validate.facts import Facts
from terrace.validate.found import Found, merge
from terrace.validate.mend import mended
from terrace.validate.overlays import Overlays
from terrace.validate.places import is_descriptor, layer_file, plain_documents
from terrace.validate.registry import keyed_codes
from terrace.validate.registry import rules as all_rules
from terrace.validate.rule import (
    Family,
    FilesView,
    Generated,
    Hit,
    LayerFile,
    Leaf,
    On,
    Rule,
    SchemaProblem,
    TargetView,
    TenantView,
    Unjudged,
)
from terrace.validate.scan import Scan
from terrace.validate.schema import Compiled, Problem, schemas_of
from terrace.validate.suppress import Marks

if TYPE_CHECKING:
    from terrace.validate.given import Witness
    from terrace.validate.run import Taker

_NONE: list[Finding] = []
_ALL = frozenset((*MARKERS, "presence"))

CrossCheck = Callable[[dict[str, Any]], Iterable[tuple[Pointer, str]]]
"""A contract's rules across fields, run by its own model: the values of a target to (place, message) of each fault."""


class Engine:
    """One run of the rules over a repository. `taker` is given each effective config as it is judged."""

    def __init__(
        self,
        repository: Repository,
        *,
        today: date,
        cross_checks: Mapping[str, CrossCheck] | None = None,
        rules: Sequence[Rule] | None = None,
        taker: Taker | None = None,
        seen: Witness | None = None,
    ) -> None:
        self.repository = repository
        self._seen = seen or {}
        self.layering = Layering(repository)
        self.facts = Facts(self.layering)
        self.today = today
        self._cross_checks = cross_checks or {}
        self._taker = taker
        self._taken: list[tuple[Target, object]] = []
        self._rules: dict[On, list[Rule]] = {}
        for rule in all_rules() if rules is None else rules:
            self._rules.setdefault(rule.on, []).append(rule)
        self._schemas = {name: schemas_of(contract) for name, contract in repository.contracts.items()}
        self._scan = Scan(self._rules.get("value", []))
        # What is wrong with a file, and with leaves of it if they win in a target of kind production.
        self._candidates: dict[str, list[Finding]] = {}
        self._leaves: dict[tuple[str, str], list[Finding]] = {}
        self._defaults: dict[str, list[Finding]] = {}
        self._valid: dict[Target, bool] = {}
        self._clean: set[tuple[str, object]] = set()
        self._environments: dict[tuple[str, str], list[Finding]] = {}
        self._overlays = Overlays(self.layering)
        self._broken = _broken(repository.files)
        # Without an environment.yaml, be it a broken one, a folder may be a typing error.
        paths = frozenset(repository.files.paths)
        self._described = {name for name in repository.environments if f"environments/{name}/environment.yaml" in paths}

    def common(self, *, targets: bool = True) -> list[Found]:
        """What is wrong with the part that all tenants share, and the targets without a tenant that it reaches.

        To be called before any tenant is judged. Without `targets` only the files are.
        """
        found = [Found(finding) for finding in self.run("repository", self.repository)]
        found += self._files(self.repository.files, None)
        if targets:
            found += self._targets(None)
        return found

    def tenant(self, tenant: Tenant) -> list[Found]:
        """What is wrong with one tenant, and which of the shared files' mistakes reach its targets."""
        shared, self._broken = self._broken, self._broken | _broken(tenant.files)
        found = [Found(finding) for finding in self.run("tenant", TenantView(tenant, self.repository))]
        found += self._files(tenant.files, tenant)
        found += self._targets(tenant)
        self._broken = shared
        self.layering.forget(tenant)
        for path in tenant.files.documents:
            self._candidates.pop(path, None)
            for service in self.repository.contracts:
                self._leaves.pop((path, service), None)
        return self.settle(found, tenant.files)

    def taken(self) -> tuple[tuple[Target, object], ...]:
        """What the taker made of the configs since this was last asked."""
        taken, self._taken = tuple(self._taken), []
        return taken

    def generated(self, paths: Iterable[str]) -> list[Found]:
        """What is wrong with generated files, given the `paths` of those that are not what the contracts lead to."""
        return [Found(finding) for path in paths for finding in self.run("generated", Generated(path))]

    def unjudged(self) -> list[Found]:
        """The contracts whose rules across fields are not run: their Python is not ours to run."""
        contracts = self.repository.contracts.values()
        return [Found(finding) for contract in contracts for finding in self.run("unjudged", Unjudged(contract))]

    def settle(self, found: Iterable[Found], files: Files) -> list[Found]:
        """`found` with equal findings made one, and the suppressions that stand in `files` applied."""
        merged = merge(found)
        marks = Marks(files)
        if not marks:
            return merged
        settled = []
        for item in merged:
            if not item.suppressed:
                finding, reason = marks.judge(item.finding, self.today)
                item = Found(finding, item.targets, reason)
            settled.append(item)
        for view in marks.views(keyed_codes()):
            settled += [Found(finding) for finding in self.run("suppression", view)]
        return settled

    # Files

    def _files(self, files: Files, tenant: Tenant | None) -> Iterator[Found]:
        for finding in files.findings:
            yield from map(Found, self.run("reader", finding, only=finding.code))
        for exposure in files.exposed:
            yield from map(Found, self.run("exposed", exposure))
        for path, document in files.documents.items():
            if is_descriptor(path, tenant):
                yield from map(Found, self._descriptor(document))
        plain = tuple(layer_file(document, self.repository, tenant) for document in plain_documents(files))
        sealed = tuple(layer_file(document, self.repository, tenant) for document in files.secrets.values())
        ledgers = tuple(layer_file(document, self.repository, tenant) for document in files.ledgers.values())
        view = FilesView(files, plain, sealed, tenant, self.repository, self.today, ledgers, self._seen)
        yield from map(Found, self.run("files", view))
        for file in plain:
            if file.kind != "stray":
                findings = [*self.run("document", file), *self._layer_schema(file)]
                self._candidates[file.document.path] = findings
                yield from map(Found, findings)
        for file in sealed:
            yield from map(Found, self.run("secrets", file))

    def _descriptor(self, document: Document) -> Iterator[Finding]:
        schema = descriptor_schema(document.path.rsplit("/", 1)[-1])
        for problem in schema.problems(document.value):
            yield from self._problem(problem, document.at, known=tuple(schema.schema["properties"]))

    def _layer_schema(self, file: LayerFile) -> Iterator[Finding]:
        for contract in file.contracts:
            schemas = self._schemas[contract.service]
            if file.service == "shared":
                for section in contract.sections & file.document.value.keys():
                    part = {section: file.document.value[section]}
                    yield from self._file_problems(schemas.section(section), part, file, contract.service)
            else:
                yield from self._file_problems(schemas.layer, file.document.value, file, contract.service)

    def _file_problems(
        self, schema: Compiled, value: dict[str, Any], file: LayerFile, service: str
    ) -> Iterator[Finding]:
        problems = [*schema.problems(value), *_floats_for_integers(value, self.repository.contracts[service], file)]
        for problem in problems:
            yield from self._problem(problem, file.document.at, service=service)

    # Targets

    def _targets(self, tenant: Tenant | None) -> Iterator[Found]:
        families: dict[str, dict[str, EffectiveConfig]] = {}
        for target in self.layering.targets(tenant):
            if target.environment not in self._described:
                continue
            config = self.layering.effective(target, tenant)
            families.setdefault(target.service, {})[target.environment] = config
            if self._taker:
                self._taken.append((target, self._taker.take(config, tenant, self.layering)))
        for service, configs in families.items():
            family = Family(service, tenant, configs, self.repository, self.facts)
            touched = self._touched(family)
            for config in configs.values():
                for finding in self._target(config, tenant, touched):
                    yield Found(finding, (str(config.target),))
            for finding in self._family(family, touched):
                yield Found(finding, tuple(str(config.target) for config in configs.values()))
            if self._rules.get("overlay"):
                for overlay, targets in self._overlays.of(family):
                    yield from (Found(finding, targets) for finding in self.run("overlay", overlay))

    def _touched(self, family: Family) -> frozenset[str]:
        """The markers of fields that a tenant's overlays may decide otherwise than its environments do."""
        if not family.tenant or family.tenant.files.secrets:
            return _ALL
        own = [config for config in family.configs.values() if config.beneath]
        if not all(config.refines for config in own):
            return _ALL
        layers = dict.fromkeys(layer for config in own for layer in config.overlays)
        return frozenset().union(*(family.contract.markers(layer.values) for layer in layers))

    def _target(self, config: EffectiveConfig, tenant: Tenant | None, touched: frozenset[str]) -> Iterable[Finding]:
        key = (config.target.service, config.target.environment)
        if tenant is None:
            self._environments[key] = list(self._judge(config, None, touched))
            return self._environments[key]
        shared = self.layering.effective(Target(*key))
        if config.values is not shared.values:
            return self._judge(config, tenant, touched)
        if key not in self._environments:
            self._environments[key] = list(self._judge(shared, None, touched))
        return self._environments[key]

    def _judge(self, config: EffectiveConfig, tenant: Tenant | None, touched: frozenset[str]) -> Iterator[Finding]:
        service = config.target.service
        environment = self.repository.environments[config.target.environment]
        production = environment.kind == "production"
        for index, layer in enumerate(config.layers):
            for finding in self._of(layer, service, production=production):
                if finding.pointer is None or _wins(finding.pointer, config.layers[index + 1 :]):
                    yield finding
        contract = self.repository.contracts[service]
        view = TargetView(config, contract, environment, tenant, self.repository, self.today, self.facts)
        if production:
            for finding in self._of_defaults(service, view):
                if finding.pointer is None or _wins(finding.pointer, config.layers):
                    yield finding
        whole = not self._broken or self._is_whole(config.target, tenant)
        yield from self._effective_schema(view, whole=whole)
        if whole:
            yield from self._with_fields("target", view, config.target._replace(tenant=None), tenant, touched)

    def _family(self, family: Family, touched: frozenset[str]) -> Iterator[Finding]:
        return self._with_fields("across", family, family.service, family.tenant, touched)

    def _with_fields(
        self, on: On, subject: Any, shared: object, tenant: Tenant | None, touched: frozenset[str]
    ) -> Iterator[Finding]:
        """What rules find that may look at some fields only: skipped where nothing of these is the tenant's own.

        `shared` names what the tenant shares: what a rule found nothing wrong with when it was judged without a tenant.
        """
        for rule in self._rules.get(on, ()):
            key = (rule.code, shared)
            if rule.about and rule.about not in touched and key in self._clean:
                continue
            found = list(findings_of(rule, subject))
            if tenant is None and not found:
                self._clean.add(key)
            yield from found

    def _is_whole(self, target: Target, tenant: Tenant | None) -> bool:
        """Whether every file of the target could be read: what is missing may stand in the one that was not."""
        folders = list(environment_folders(self.repository, target.environment))
        if tenant:
            folders += tenant_folders(self.repository, target.environment, tenant)
        names = [f"{name}{kind}.yaml" for name in ("shared", target.service) for kind in ("", ".secrets")]
        return self._broken.isdisjoint(f"{folder.path}/{name}" for folder in folders for name in names)

    def _of(self, layer: Layer, service: str, *, production: bool) -> list[Finding]:
        """What is wrong with a layer: with its file, and for production its leaves that rules on values object to."""
        wrong = self._candidates.get(layer.path, _NONE)
        if not production:
            return wrong
        key = (layer.path, service)
        if key not in self._leaves:
            self._leaves[key] = list(self._values(service, layer.values, layer.document.at))
        leaves = self._leaves[key]
        return [*wrong, *leaves] if wrong else leaves

    def _of_defaults(self, service: str, view: TargetView) -> list[Finding]:
        if service not in self._defaults:
            found = self._values(service, view.contract.fill({}), view.supply)
            self._defaults[service] = [
                finding._replace(message=f"{finding.message} (the schema's default)") for finding in found
            ]
        return self._defaults[service]

    def _values(self, service: str, values: dict[str, Any], at: Callable[[Pointer], Location]) -> Iterator[Finding]:
        contract = self.repository.contracts[service]
        for rule, pointer, value in self._scan.leaves(values):
            field = contract.field(pointer)
            if field is None or not field.secret:
                yield from findings_of(rule, Leaf(value, pointer, field, at, values))

    def _effective_schema(self, view: TargetView, *, whole: bool) -> Iterator[Finding]:
        service = view.config.target.service
        values = view.config.values
        problems = [] if self._is_surely_valid(view) else list(self._schemas[service].effective.problems(values))
        if not view.tenant:
            self._valid[view.config.target] = not problems
        if not problems and service in self._cross_checks:
            said = self._cross_checks[service](values)
            problems = [Problem("cross-field", message, pointer, None, None) for pointer, message in said]
        for problem in problems:
            if whole or problem.keyword != "required":
                yield from self._problem(problem, mended(view, problem), service=service, view=view)

    def _is_surely_valid(self, view: TargetView) -> bool:
        """Whether a tenant's config suits the schema because its environment's and its overlays each do."""
        target = view.config.target
        shared = target._replace(tenant=None)
        if not (view.tenant and self._valid.get(shared) and self._schemas[target.service].judges_by_parts):
            return False
        return view.config.refines and not any(self._candidates.get(layer.path) for layer in view.config.overlays)

    def _problem(
        self,
        problem: Problem,
        at: Callable[..., Location],
        *,
        service: str = "",
        known: tuple[str, ...] = (),
        view: TargetView | None = None,
    ) -> Iterator[Finding]:
        field = self.repository.contracts[service].field(problem.pointer) if service else None
        if field is not None and not known:
            known = tuple(field.properties)
        missing = problem.keyword == "required"
        place = (*problem.pointer, problem.name) if problem.name and not missing else problem.pointer
        location = at(place, key=problem.keyword == "additionalProperties")
        yield from self.run(
            "schema",
            SchemaProblem(*problem[:6], field=field, known=known or problem.known, location=location, target=view),
        )

    # Rules

    def has(self, on: On) -> bool:
        """Whether there is a rule of a kind."""
        return on in self._rules

    def run(self, on: On, subject: Any, *, only: str = "") -> Iterator[Finding]:
        """What the rules of one kind find in a subject; of one code only, if it is named."""
        for rule in self._rules.get(on, ()):
            if not only or rule.code == only:
                yield from findings_of(rule, subject)


def _floats_for_integers(value: dict[str, Any], contract: Contract, file: LayerFile) -> Iterator[Problem]:
    """Numbers like 8080.0 where a whole number belongs: JSON Schema takes them for one, most programs do not."""
    if ".0" not in file.document.text:
        return
    for pointer, leaf in leaves(value):
        items = (
            [(pointer, leaf)] if not isinstance(leaf, list) else [((*pointer, i), each) for i, each in enumerate(leaf)]
        )
        for place, each in items:
            field = contract.field(place) if isinstance(each, float) and each.is_integer() else None
            if field is not None and field.types == {"integer"}:
                yield Problem("type", "not a whole number", place, each, ["integer"])


def findings_of(rule: Rule, subject: Any, *, tells_why: bool = True) -> Iterator[Finding]:
    """What a rule finds in a subject. The reason why one could not run is left out where it might hold a secret."""
    try:
        hits = list(rule.check(subject))
    except Exception as error:  # noqa: BLE001 - a rule that fails is a finding; the others still run
        why = f": {error}" if tells_why else ""
        message = f"rule {rule.code} could not run: {type(error).__name__}{why}"
        yield Finding(rule.code, Severity.ERROR, message, Location("."), hint="This is a bug of Terrace.")
        return
    for hit in hits:
        yield finding_of(rule, hit)


def finding_of(rule: Rule, hit: Hit) -> Finding:
    """What a rule found, as a finding of that rule."""
    severity = hit.severity or rule.severity
    return Finding(rule.code, severity, hit.message, hit.location, hit.pointer, hit.hint, hit.related, fix=hit.fix)


def _wins(pointer: Pointer, stronger: Sequence[Layer]) -> bool:
    """Whether none of the stronger layers says anything of `pointer`."""
    path = tuple(part for part in pointer if isinstance(part, str))
    return all(contribution(layer, path) is None for layer in stronger)


def _broken(files: Files) -> frozenset[str]:
    """The paths of files that hold something, only not readable; for a proposal that of the file it lies above."""
    return frozenset(
        main_of(finding.location.path)
        for finding in files.findings
        if not any(finding.location.path in read for read in (files.documents, files.secrets, files.ledgers))
    )
