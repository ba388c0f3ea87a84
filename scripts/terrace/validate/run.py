"""A whole run: what changed since the last one is judged, the rest is taken from the verdicts that were kept.

Tenants are judged one at a time, in one process or several; nothing of a tenant is kept but its verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from terrace import load
from terrace.validate.found import Found

if TYPE_CHECKING:
    from terrace.layering import Layering
    from terrace.model.entities import Repository, Tenant
    from terrace.model.layers import EffectiveConfig, Target
    from terrace.model.service import Contract
    from terrace.source import Entry, Source
    from terrace.validate.engine import CrossCheck, Engine
    from terrace.validate.given import Witness
    from terrace.validate.rule import Rule
    from terrace.validate.verdicts import Verdicts

_ENOUGH = 300
"""With fewer tenants a second process costs more than it saves."""

_CHUNK = 100
_WHOLE = "*"
_FLAGS = "flags"
"""The names under which the verdicts on all configuration, and on flags, are kept, beside those on tenants' folders."""


class Checked(NamedTuple):
    """A repository that was judged: everything that was found, and how many targets were looked at."""

    found: list[Found]
    targets: int


class Taker(Protocol):
    """Somebody who takes each effective config as it is judged, perhaps in another process."""

    def open(self, repository: Repository) -> None:
        """Called once, before the first config is judged."""

    def take(self, config: EffectiveConfig, tenant: Tenant | None, layering: Layering) -> object:
        """What becomes of a config, as a value that can be sent to the first process."""

    def keep(self, target: Target, taken: object) -> None:
        """Called in the first process with what `take` gave, in the order of tenants."""


class Verdict(NamedTuple):
    """What was found of one tenant, how many targets it has, and what was taken of its configs."""

    folder: str
    found: list[Found]
    targets: int
    taken: tuple[tuple[Target, object], ...] = ()


class Memory(Protocol):
    """Somebody who remembers verdicts with all that was taken, for as long as nothing they depend on is another."""

    def recall(self, tree: load.Tree, today: date) -> Mapping[str, Verdict]:
        """The verdicts on tenants' folders that would be reached again."""

    def keep(self, verdict: Verdict) -> None:
        """Called with each verdict that was reached."""


Progress = Callable[[Iterator[Verdict], int], Iterable[Verdict]]
"""Passes verdicts on as they come, told how many there will be: room for somebody who shows how far we are."""


CrossChecks = Callable[[Mapping[str, "Contract"], dict[str, Any]], Mapping[str, "CrossCheck"]]
"""The rules across fields of contracts, given what was learned of each in earlier runs, which it adds to."""


def without_progress(verdicts: Iterator[Verdict], total: int) -> Iterator[Verdict]:
    """Nobody is shown anything."""
    return verdicts


def check(
    source: Source,
    *,
    today: date,
    cross_checks: Mapping[str, CrossCheck] | None = None,
    rules: Sequence[Rule] | None = None,
    stale: Iterable[str] = (),
    seen: Witness | None = None,
) -> list[Found]:
    """Everything that is wrong in a source: what all tenants share, each tenant, and the generated files at `stale`."""
    given = None if cross_checks is None else dict(cross_checks)
    checks = None if given is None else lambda _contracts, _answers: given
    tree = load.Tree(source)
    return run(tree, today, cross_checks=checks, rules=rules, stale=stale, cached=False, seen=seen).found


def run(
    tree: load.Tree,
    today: date,
    *,
    cross_checks: CrossChecks | None = None,
    rules: Sequence[Rule] | None = None,
    stale: Iterable[str] = (),
    jobs: int = 1,
    cached: bool = True,
    taker: Taker | None = None,
    memory: Memory | None = None,
    progress: Progress = without_progress,
    seen: Witness | None = None,
    flags: load.Tree | None = None,
) -> Checked:
    """Every rule over the shared part of a repository, over each of its tenants, and over flags.

    Of a part of a repository no flags are judged, unless `flags` is the whole.

    `cross_checks` gives the contracts' own rules; without it only their schemas are asked. `seen` is what Git's history
    says of secrets; a verdict that it is part of is not kept, for it follows from more than files.
    """
    cached = cached and seen is None
    verdicts, keys, whole = _known(tree, today, "contracts" if cross_checks else "schemas") if cached else _NOTHING
    engine: Engine | None = None

    def judging() -> Engine:
        nonlocal engine
        if engine is None:
            from terrace.validate.engine import Engine

            repository = load.common(tree)
            checks = cross_checks(repository.contracts, verdicts.answers if verdicts else {}) if cross_checks else {}
            engine = Engine(repository, today=today, cross_checks=checks, rules=rules, taker=taker, seen=seen)
        return engine

    kept = verdicts.get(_WHOLE, whole) if verdicts else None
    checked = Checked(*kept) if kept else _configuration(
        judging(), tree, verdicts, keys, whole,
        stale=stale, unjudged=not cross_checks, jobs=jobs, taker=taker, memory=memory, progress=progress,
    )  # fmt: skip
    of_flags = flags or (None if tree.is_part else tree)
    in_flags = _in_flags(of_flags, judging, verdicts) if of_flags else []
    if verdicts and engine:
        verdicts.save()
    return Checked(checked.found + in_flags, checked.targets)


def _configuration(
    engine: Engine,
    tree: load.Tree,
    verdicts: Verdicts | None,
    keys: Mapping[str, str],
    whole: str,
    *,
    stale: Iterable[str],
    unjudged: bool,
    jobs: int,
    taker: Taker | None,
    memory: Memory | None,
    progress: Progress,
) -> Checked:
    """Everything but flags: the shared part, and the tenants whose verdicts are not known."""
    repository = engine.repository
    if taker:
        taker.open(repository)
    found = (
        engine.common(targets=not tree.is_part)
        + (engine.unjudged() if unjudged else [])
        + engine.generated([*([] if tree.is_part else load.stale_schemas(tree, repository)), *stale])
    )
    _keep(taker, engine.taken())
    targets = 0 if tree.is_part else sum(1 for _ in engine.layering.targets(None))
    known = {folder: verdicts.get(folder, key) for folder, key in keys.items()} if verdicts else {}
    for earlier in known.values():
        found += earlier[0] if earlier else []
        targets += earlier[1] if earlier else 0
    missing = [folder for folder in tree.tenants if not known.get(folder)]
    remembered = memory.recall(tree, engine.today) if memory else {}
    judged = judge(engine, tree, [folder for folder in missing if folder not in remembered], jobs=jobs)
    verdicts_now = (remembered.get(folder) or next(judged) for folder in missing)
    for verdict in progress(verdicts_now, len(missing)):
        found += verdict.found
        targets += verdict.targets
        _keep(taker, verdict.taken)
        if memory:
            memory.keep(verdict)
        if verdicts:
            verdicts.put(verdict.folder, keys[verdict.folder], verdict.found, verdict.targets)
    settled = engine.settle(found, repository.files)
    if verdicts:
        verdicts.put(_WHOLE, whole, settled, targets)
    return Checked(settled, targets)


def _in_flags(tree: load.Tree, judging: Callable[[], Engine], verdicts: Verdicts | None) -> list[Found]:
    """What is wrong with flags. They depend on tenants only where one of their conditions does."""
    files = [*tree.flags, *tree.flag_types]
    if not files:
        return []
    if verdicts:
        kept = verdicts.get(_FLAGS, _key_of_flags(files)) or verdicts.get(_FLAGS, _key_of_flags(files, tree))
        if kept:
            return kept[0]
    from terrace.load_flags import Rosters, load_flags
    from terrace.validate import flagged

    rosters = Rosters(tree)
    found = flagged.judge(judging(), load_flags(tree), rosters)
    if verdicts:
        verdicts.put(_FLAGS, _key_of_flags(files, tree if rosters.were_asked else None), found, 0)
    return found


def _key_of_flags(files: Iterable[Entry], tree: load.Tree | None = None) -> str:
    from terrace.validate.verdicts import key_of

    own = [entry for entries in tree.tenants.values() for entry in entries] if tree else []
    return key_of([*files, *(entry for entry in own if load.name_of(entry.path) == load.TENANT_FILE)], _FLAGS)


_NOTHING: tuple[None, dict[str, str], str] = (None, {}, "")


def _known(tree: load.Tree, today: date, ran: str) -> tuple[Verdicts, dict[str, str], str]:
    """The verdicts that were kept, what those on each tenant depend on now, and what that on the whole does."""
    from hashlib import sha256

    from terrace.validate.verdicts import Verdicts, key_of

    verdicts = Verdicts.of(str(tree.source.root), tree.shared, today.isoformat(), ran)
    keys = {folder: key_of(entries) for folder, entries in tree.tenants.items()}
    whole = sha256("".join(keys.values()).encode()).hexdigest() if all(keys.values()) else ""
    return verdicts, keys, whole


def _keep(taker: Taker | None, taken: Iterable[tuple[Target, object]]) -> None:
    for target, item in taken:
        if taker:
            taker.keep(target, item)


def judge(engine: Engine, tree: load.Tree, folders: Sequence[str], *, jobs: int = 1) -> Iterator[Verdict]:
    """The verdict on each tenant of `folders`, in their order. `engine.common()` has run already."""
    if jobs < 2 or len(folders) < _ENOUGH:
        yield from _judge(engine, tree, folders)
        return
    from multiprocessing import get_context

    global _inherited  # what a forked process finds in its memory need not be sent to it
    _inherited = (engine, tree)
    chunks = [folders[start : start + _CHUNK] for start in range(0, len(folders), _CHUNK)]
    with get_context("fork").Pool(jobs) as pool:
        for verdicts in pool.imap(_judge_chunk, chunks):
            yield from verdicts


_inherited: tuple[Engine, load.Tree] | None = None


def _judge_chunk(folders: Sequence[str]) -> list[Verdict]:
    if _inherited is None:
        raise RuntimeError("not forked from a run")
    return list(_judge(*_inherited, folders))


def _judge(engine: Engine, tree: load.Tree, folders: Iterable[str]) -> Iterator[Verdict]:
    for tenant in load.tenants(tree, folders):
        targets = sum(1 for _ in engine.layering.targets(tenant))
        found = engine.tenant(tenant)
        yield Verdict(tenant.folder, found, targets, engine.taken())
