"""A run of the engine over many tenants, in one process or several; nothing of a tenant is kept but its verdict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from terrace.load import Tree, common, tenants
from terrace.source import Source
from terrace.validate.engine import CrossCheck, Engine
from terrace.validate.found import Found
from terrace.validate.rule import Rule

_ENOUGH = 300
"""With fewer tenants a second process costs more than it saves."""

_CHUNK = 100


def check(
    source: Source,
    *,
    today: date,
    cross_checks: Mapping[str, CrossCheck] | None = None,
    rules: Sequence[Rule] | None = None,
    stale: Iterable[str] = (),
) -> list[Found]:
    """Everything that is wrong in a source: what all tenants share, each tenant, and the generated files at `stale`."""
    tree = Tree(source)
    repository = common(tree)
    engine = Engine(repository, today=today, cross_checks=cross_checks, rules=rules)
    found = engine.common() + engine.generated(stale)
    for verdict in _judge(engine, tree, tree.tenants):
        found += verdict.found
    return engine.settle(found, repository.files)


class Verdict(NamedTuple):
    """What was found of one tenant, and how many targets it has."""

    folder: str
    found: list[Found]
    targets: int


def judge(engine: Engine, tree: Tree, folders: Sequence[str], *, jobs: int = 1) -> Iterator[Verdict]:
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


_inherited: tuple[Engine, Tree] | None = None


def _judge_chunk(folders: Sequence[str]) -> list[Verdict]:
    if _inherited is None:
        raise RuntimeError("not forked from a run")
    return list(_judge(*_inherited, folders))


def _judge(engine: Engine, tree: Tree, folders: Iterable[str]) -> Iterator[Verdict]:
    for tenant in tenants(tree, folders):
        targets = sum(1 for _ in engine.layering.targets(tenant))
        yield Verdict(tenant.folder, engine.tenant(tenant), targets)
