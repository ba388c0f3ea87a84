"""The door to the process that follows a repository: a real process, a real repository, real commits."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from terrace.server.problems import ProblemError
from tests.server.conftest import eventually
from tests.server.counter import Counter, answers, counter, kitchen, process_of
from tests.toggle.conftest import PATH, alone

__all__ = ["alone"]


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Counter]:
    with counter(kitchen(tmp_path / "kitchen")) as found:
        yield found


def test_what_flags_there_are_is_told_in_words(there: Counter) -> None:
    said = there.ask("list")
    assert (said["commit"], said["follows"]) == (there.repo.git("rev-parse", "HEAD"), "main")
    flag = next(each for each in said["flags"] if each["key"] == "checkout-v2")
    assert (flag["owner"], flag["at"], list(flag["environments"])) == (
        "team-payments", f"{PATH}:6:5", ["development", "staging", "production"],
    )  # fmt: skip
    states = {name: state["state"] for name, state in flag["environments"].items()}
    assert states == {"development": "on", "staging": "absent", "production": "mixed"}
    assert flag["environments"]["production"]["protected"]
    one = there.ask("show", flag="checkout-v2")
    assert [rule["words"] for rule in one["environments"]["production"]["rules"]] == [
        "on for staff", "20 % on / 80 % off for the rest",
    ]  # fmt: skip
    assert [each["name"] for each in one["segments"]] == ["staff"]
    assert [each["expect"] for each in one["tests"]] == ["on"]
    assert there.ask("show", flag="nothing")["status"] == 404


def test_a_toggle_is_a_commit_in_the_callers_name_and_is_released_with_the_answer(there: Counter) -> None:
    said = there.toggle("on", base=there.ask("list")["commit"])
    assert (said["status"], said["changed"], said["proposed"]) == (200, True, False)
    eventually(lambda: there.released()["checkout-v2"]["defaultVariant"] == "on")
    log = there.repo.git("log", "-1", "--format=%H|%an|%ae|%cn|%B", "main")
    oid, author, email, committer, message = log.split("|")
    assert (oid, author, email, committer) == (said["commit"], "Grace Hopper", "grace-hopper@terrace.invalid", "Ada")
    assert message.endswith("because\n\nFlag: checkout-v2\nEnvironment: staging\nRequested-by: Grace Hopper")
    assert there.repo.git("status", "--porcelain") == ""
    again = there.toggle("on")
    assert (again["status"], again["changed"], again["commit"]) == (200, False, said["commit"])
    assert [(each["outcome"], each["actor"], each["verb"]) for each in there.audit] == [
        ("committed", "Grace Hopper", "on"), ("unchanged", "Grace Hopper", "on"),
    ]  # fmt: skip


def test_what_changed_since_somebody_looked_is_shown_and_nothing_is_done(there: Counter) -> None:
    base = there.ask("list")["commit"]
    there.toggle("on", flag="limit", base=base)
    first = there.toggle("on", base=base)
    assert first["status"] == 200, "another flag changed, which is nobody's concern"
    said = there.toggle("off", base=base)
    assert (said["status"], said["commit"]) == (409, first["commit"])
    assert "+" in said["difference"]
    assert there.repo.git("rev-parse", "main") == first["commit"]
    assert there.toggle("off", base=first["commit"])["changed"]
    assert there.audit[2]["outcome"] == "conflict"


def test_a_protected_environment_gets_a_branch_and_a_kill_gets_through(there: Counter) -> None:
    said = there.toggle("off", environment="production")
    assert (said["status"], said["proposed"], said["released"]) == (200, True, False)
    assert there.repo.git("rev-parse", said["branch"]) == said["commit"]
    assert there.released("production")["checkout-v2"]["state"] == "ENABLED"
    kill = there.toggle("kill", environment="production", reason="payments fail")
    assert (kill["proposed"], kill["branch"]) == (False, "main")
    eventually(lambda: there.released("production")["checkout-v2"]["state"] == "DISABLED")


REFUSED: list[tuple[str, dict[str, object], int, str]] = [
    ("on", {"environment": "eu"}, 403, "releases nothing to eu"),
    ("on", {"flag": "nothing"}, 404, "no flag"),
    ("set", {"variant": "purple"}, 422, "purple"),
    ("kill", {"reason": ""}, 422, "needs a reason"),
    ("explode", {}, 422, "Verb"),
    ("on", {"base": "HEAD~1"}, 422, "base"),
    ("restore", {"revision": "main"}, 422, "Revision"),
    ("on", {"reason": ["x"]}, 422, "Reason"),
    ("set", {"rule": "staff", "rollout": {"on": 1.5}}, 422, "Rollout"),
]


def test_what_makes_no_sense_is_refused_and_audited(there: Counter) -> None:
    before = there.repo.git("rev-parse", "main")
    for verb, more, status, says in REFUSED:
        said = there.toggle(verb, **more)  # type: ignore[arg-type]  # that is the point
        assert (said["status"], says in said["detail"]) == (status, True), said
    assert there.repo.git("rev-parse", "main") == before
    assert [each["outcome"] for each in there.audit] == ["forbidden", "unknown", *["refused"] * 7]


def test_an_edit_that_brings_an_error_names_the_finding(there: Counter) -> None:
    said = there.toggle("set", flag="limit", variant="large")
    assert said["status"] == 200
    text = there.repo.git("show", f"main:{PATH}")
    test = "  - {flag: limit, environment: staging, context: {}, expect: large}"
    there.repo.commit("A test", **{PATH: f"{text}\n{test}\n"})
    said = there.toggle("set", flag="limit", variant="small")
    assert said["status"] == 422
    assert [each["code"] for each in said["findings"]] == ["FLG013"]


def test_history_tells_what_each_commit_did_and_what_it_was_is_brought_back(there: Counter) -> None:
    start = there.repo.git("rev-parse", "HEAD")
    on = there.toggle("on")["commit"]
    there.toggle("set", flag="limit", variant="large")
    off = there.toggle("off", reason="orders are lost")["commit"]
    commits = there.ask("history", flag="checkout-v2", limit=10)["commits"]
    assert [each["commit"] for each in commits] == [off, on, start]
    assert commits[0] == {
        "commit": off, "before": commits[0]["before"], "time": commits[0]["time"], "author": "Grace Hopper",
        "subject": "flags: turn off checkout-v2 in staging", "reason": "orders are lost", "revertible": True,
        "environments": {"staging": {"before": "on for everybody", "after": "not enabled: off for everybody"}},
    }  # fmt: skip
    assert not commits[-1]["revertible"]
    assert len(there.ask("history", flag="checkout-v2", limit=1)["commits"]) == 1
    assert there.ask("history", flag="checkout-v2", environment="production", limit=9)["commits"][0]["commit"] == start
    back = there.toggle("restore", revision=f"{off}^")
    assert back["status"] == 200
    eventually(lambda: there.released()["checkout-v2"]["defaultVariant"] == "on")
    gone = there.toggle("restore", revision=start)
    assert gone["status"] == 200
    assert there.repo.git("show", f"main:{PATH}").count("staging") == 1, "as at the start: only the other flag names it"


def test_the_way_is_its_owners_and_as_long_as_it_likes(tmp_path: Path) -> None:
    deep = tmp_path / ("deep-" * 20) / ("deeper-" * 20)
    with counter(kitchen(deep / "kitchen")) as there:
        assert there.ask("show", flag="limit")["status"] == 200
        assert stat.S_IMODE(there.own.stat().st_mode) == 0o700


def test_a_process_that_was_killed_is_said_to_be_away_until_another_is_there(there: Counter) -> None:
    os.kill(process_of(there), signal.SIGKILL)
    with pytest.raises(ProblemError) as told:
        there.ask("show", flag="limit")
    assert told.value.status == 503
    eventually(lambda: answers(there), 60)
    assert there.toggle("on")["changed"]
    eventually(lambda: there.released()["checkout-v2"]["defaultVariant"] == "on")


def test_a_work_tree_is_committed_to_where_it_is(tmp_path: Path) -> None:
    with counter(kitchen(tmp_path / "kitchen"), "") as there:
        said = there.toggle("off", environment="development")
        assert (said["changed"], said["branch"]) == (True, "main")
        assert "enabled: false" in (there.repo.path / PATH).read_text()
        (there.repo.path / PATH).write_text((there.repo.path / PATH).read_text() + "# mine\n")
        assert there.toggle("on", environment="development")["status"] == 422
