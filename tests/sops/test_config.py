"""`.sops.yaml` gives the recipients and the selector that SOPS takes from it."""

from __future__ import annotations

import os.path
from typing import Any

import pytest

from terrace.sops import config
from terrace.sops.errors import DamagedError
from tests.sops.vectors import all_are_here, table

ROWS = table("creation_rules")["rows"] if all_are_here() else []
# From elsewhere SOPS does not find the config file at all: that is not about rules.
HERE = [pytest.param(row, id=f"rule-{number}") for number, row in enumerate(ROWS) if row["cwd"] != "out"]


@pytest.mark.parametrize("row", HERE)
def test_a_rule_is_chosen_as_sops_chooses_it(row: dict[str, Any]) -> None:
    expected = row["real_sops"]["3.13.2"]
    folder = "/proj"
    path = os.path.normpath(f"/{row['cwd']}/{row['argument']}").removeprefix(f"{folder}/")
    if "recipients" not in expected:
        with pytest.raises((DamagedError, AssertionError)):
            assert config.rule_for(config.read(row["config"]), path)
        return
    rule = config.rule_for(config.read(row["config"]), path)
    assert rule is not None
    assert list(rule.recipients) == expected["recipients"]
    assert str(rule.selector) == expected["selector"]


RULES = """\
creation_rules:
  - path_regex: ^environments/production/
    age: age1a, age1b
    encrypted_regex: ^data$
  - path_regex: \\.secrets\\.yaml$
    age: [age1c]
"""


def test_the_first_rule_that_fits_wins() -> None:
    rules = config.read(RULES)
    first = config.rule_for(rules, "environments/production/app.secrets.yaml")
    second = config.rule_for(rules, "tenants/acme/app.secrets.yaml")
    assert first is not None
    assert second is not None
    assert (first.recipients, str(first.selector)) == (("age1a", "age1b"), "encrypted_regex: ^data$")
    assert (second.recipients, second.as_list, second.span.line) == (("age1c",), True, 5)
    assert config.rule_for(rules, "app.yaml") is None


@pytest.mark.parametrize("bad", ["- a\n", "[", "creation_rules:\n  - encrypted_regex: a\n    encrypted_suffix: b\n"])
def test_what_sops_would_not_take_is_refused_with_its_place(bad: str) -> None:
    with pytest.raises(DamagedError, match=r"\.sops\.yaml"):
        config.read(bad)


def test_an_expression_that_is_none_is_an_error() -> None:
    with pytest.raises(DamagedError, match="not valid RE2"):
        config.rule_for(config.read('creation_rules: [{path_regex: "(", age: age1a}]'), "a")
