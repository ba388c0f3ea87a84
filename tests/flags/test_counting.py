"""Counts are exact whatever counts them, bounded whatever is sent, and each process's own."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from terrace.flags.counting import OTHER, Counts, Series, since

ONE = ("production", "a", "on", "acme", "STATIC")


def test_threads_lose_no_count() -> None:
    counts = Counts()
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [
            threading.Thread(target=lambda: [counts.count(*ONE) for _ in range(20_000)] and None) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert counts.now == {Series(*ONE): 80_000}


def test_tenants_past_the_limit_are_counted_as_one() -> None:
    counts = Counts(tenants=2)
    for tenant in ("acme", "globex", "bolt", "initech", "acme", ""):
        counts.count("production", "a", "on", tenant, "STATIC")
    assert {series.tenant: number for series, number in counts.now.items()} == {"acme": 2, "globex": 1, OTHER: 2, "": 1}


@pytest.mark.parametrize("name", ["ann@example.com", "Ann Smith", "a" * 64, "../x", "a\nb", "é"])
def test_what_is_no_tenants_name_is_not_kept(name: str) -> None:
    counts = Counts()
    counts.count("production", "a", "on", name, "STATIC")
    assert [series.tenant for series in counts.now] == [OTHER]


def test_series_past_the_limit_are_counted_as_one() -> None:
    counts = Counts(series=3)
    for number in range(1000):
        counts.count("production", f"flag-{number}", "on", "acme", "STATIC")
    found = counts.now
    assert len(found) == 4
    assert sum(found.values()) == 1000
    assert found[Series("production", OTHER, "", OTHER, "STATIC")] == 997


def test_what_is_new_since_a_reading() -> None:
    counts = Counts()
    counts.count(*ONE)
    before = counts.now
    counts.count(*ONE)
    counts.count("production", "b", "on", "", "STATIC")
    assert since(before, counts.now) == {Series(*ONE): 1, Series("production", "b", "on", "", "STATIC"): 1}
    assert since(counts.now, counts.now) == {}


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_counts_its_own_also_where_the_lock_was_held() -> None:
    counts = Counts()
    counts.count(*ONE)
    holding, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with counts._lock:
            holding.set()
            let_go.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    holding.wait()
    child = os.fork()
    if child == 0:
        counts.count(*ONE)
        os._exit(0 if counts.now == {Series(*ONE): 1} else 1)
    let_go.set()
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert counts.now == {Series(*ONE): 1}
