"""A source for pydantic-settings."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from terrace.errors import ConfigError
from terrace.runtime.settings import BundleSource
from terrace.runtime.values import Values
from tests.runtime.conftest import HOST, PASSWORD, World


def settings_of(world: World) -> type[BaseSettings]:
    class Settings(BaseSettings):
        database: dict[str, Any]
        switch: bool = Field(validation_alias="debug")
        mine: str = "of the application"

        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, **_: Any
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return init_settings, BundleSource(settings_cls, environ=world.environ)

    return Settings


def test_settings_take_their_values_from_a_bundle(world: World) -> None:
    world.deploy(debug=True)
    settings: Any = settings_of(world)()
    assert (settings.database["host"], settings.switch, settings.mine) == (HOST, True, "of the application")
    assert SecretStr(settings.database["password"]).get_secret_value() == PASSWORD


def test_what_is_wrong_with_the_bundle_is_said_as_ever(world: World) -> None:
    world.deploy()
    world.environ["SOPS_AGE_KEY_FILE"] = "/nonexistent"
    with pytest.raises(ConfigError, match="no identity at hand"):
        settings_of(world)()


def test_the_values_between_do_not_print() -> None:
    values = Values({"password": PASSWORD})
    assert PASSWORD not in f"{values} {values!r}"
