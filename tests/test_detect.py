"""Environment detection: an answer with its reason, or an error that lists what was tried."""

from __future__ import annotations

from pathlib import Path

import pytest

from terrace.detect import DEVELOPMENT_MARKERS, Detected, detect
from terrace.errors import TerraceError

KINDS = {"development": "development", "staging": "staging", "production": "production", "eu": "production"}
NOWHERE = "/nonexistent"


def found(explicit: str | None = None, marker_file: str = NOWHERE, **environ: str) -> Detected:
    return detect(explicit, environ, kinds=KINDS, marker_file=marker_file)


def test_the_option_wins_over_everything() -> None:
    assert found("staging", TERRACE_ENV="production") == Detected("staging", "the option --env")


def test_terrace_env_wins_over_a_platform_marker() -> None:
    assert found(TERRACE_ENV="development", VERCEL_ENV="staging").environment == "development"


def test_the_opentelemetry_attribute_is_a_marker() -> None:
    attributes = "service.name=shop, deployment.environment.name=staging"
    assert found(OTEL_RESOURCE_ATTRIBUTES=attributes).environment == "staging"


def test_a_file_on_the_machine_is_a_marker(tmp_path: Path) -> None:
    marker = tmp_path / "environment"
    marker.write_text("eu\n")
    assert found(marker_file=str(marker)) == Detected("eu", str(marker))


def test_not_knowing_is_an_error_that_lists_what_was_tried() -> None:
    with pytest.raises(TerraceError, match="none is assumed") as caught:
        found()
    assert "TERRACE_ENV" in caught.value.hint
    assert NOWHERE in caught.value.hint
    assert "production, eu" in caught.value.hint


def test_an_unknown_name_gets_a_suggestion() -> None:
    with pytest.raises(TerraceError, match="no environment 'prodution'") as caught:
        found(TERRACE_ENV="prodution")
    assert "'production'" in caught.value.hint


@pytest.mark.parametrize(("one", "other"), [("production", "staging"), ("staging", "production")])
def test_markers_that_disagree_about_production_are_refused(one: str, other: str) -> None:
    with pytest.raises(TerraceError, match=f"{one}.*{other}"):
        found(TERRACE_ENV=one, VERCEL_ENV=other)


@pytest.mark.parametrize("marker", DEVELOPMENT_MARKERS)
def test_production_with_a_marker_of_development_is_refused(marker: str) -> None:
    value = DEVELOPMENT_MARKERS[marker] or "anything"
    with pytest.raises(TerraceError, match=marker):
        found("production", **{marker: value})
    assert found("staging", **{marker: value}).environment == "staging"
