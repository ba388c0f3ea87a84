"""What `make run` prints at its end."""

from __future__ import annotations

from terrace.report.cells import width
from terrace.report.style import Style
from terrace.report.summary import EnvironmentSummary, ServiceSummary, change, deploy_summary


def digest(digit: str) -> str:
    return "sha256:" + digit * 64


PRODUCTION = EnvironmentSummary(
    "production",
    40,
    (
        ServiceSummary("backend", 1612, 14, digest("a"), digest("b"), 3, secrets=True),
        ServiceSummary("worker", 9, 1, digest("c"), digest("c")),
    ),
    "var/destinations/production",
    12,
    protected=True,
)
DEVELOPMENT = EnvironmentSummary(
    "development", 10, (ServiceSummary("backend", 1, 1, digest("1")),), "var/destinations/development", 1
)
REFUSED = EnvironmentSummary(
    "production-eu",
    50,
    (),
    "var/destinations/production-eu",
    problem="3 files have uncommitted changes, and a protected environment is released from a commit only",
)


def test_environments_stand_in_promotion_order_with_their_bundles_aligned() -> None:
    assert (
        deploy_summary((PRODUCTION, DEVELOPMENT), seconds=1.26)
        == """\
development  release 1 -> var/destinations/development
  backend      1 target    1 config   111111111111  first release

production  release 12, protected -> var/destinations/production
  backend  1,612 targets  14 configs  aaaaaaaaaaaa  3 values, secrets changed
  worker       9 targets   1 config   cccccccccccc  no change

3 bundles for 1,622 targets released to 2 environments in 1.3 s.
"""
    )


def test_an_environment_that_was_not_released_says_why() -> None:
    text = deploy_summary((DEVELOPMENT, REFUSED))
    assert "production-eu\n  not released: 3 files have uncommitted changes, and a protected" in text
    assert text.endswith("1 bundle for 1 target released to 1 environment; 1 environment not released.\n")
    assert max(map(width, text.splitlines())) <= 80


def test_what_changed_is_said_in_words() -> None:
    bundle = ServiceSummary("backend", 1, 1, digest("a"), digest("b"))
    assert change(bundle._replace(leaves=1)) == "1 value changed"
    assert change(bundle._replace(secrets=True)) == "secrets changed"
    assert change(bundle) == "schema or files changed"
    assert change(bundle._replace(previous=bundle.digest)) == "no change"
    assert change(bundle._replace(previous="")) == "first release"


def test_colours_do_not_move_anything() -> None:
    import re

    colored = deploy_summary((PRODUCTION, REFUSED), Style(color=True))
    assert "\x1b[" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == deploy_summary((PRODUCTION, REFUSED))
