"""A secret value shows itself only to whoever asks for it."""

from __future__ import annotations

import copy
import json
import pickle
import traceback

import orjson
import pytest

from terrace.model.secret import Secret


def test_it_is_hidden_wherever_it_is_printed() -> None:
    secret = Secret("s3cret")
    shown = f"{secret} {secret!r} {secret:>10} {[secret]} {{'a': {secret}}} %s" % secret
    assert "s3cret" not in shown
    assert json.dumps({"a": secret}, default=str) == '{"a": "********"}'
    assert secret.reveal() == "s3cret"


@pytest.mark.parametrize("copier", [json.dumps, orjson.dumps, pickle.dumps, hash, bool, vars])
def test_what_would_copy_it_elsewhere_fails(copier: object) -> None:
    secret = Secret("-".join(("s3", "cret")))
    with pytest.raises(TypeError) as refused:
        copier(secret)  # type: ignore[operator]
    assert "s3-cret" not in "".join(traceback.format_exception(refused.value))


def test_equal_secrets_are_equal_and_types_count() -> None:
    assert Secret("a") == Secret("a")
    assert Secret(1) != Secret(True)
    assert Secret("a") != "a"
    assert copy.deepcopy({"x": Secret("a")}) == {"x": Secret("a")}
