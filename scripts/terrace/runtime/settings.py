"""For applications that have pydantic-settings: a source that reads a bundle.

    class Settings(BaseSettings):
        ...
        @classmethod
        def settings_customise_sources(cls, settings_cls, init_settings, **others):
            return init_settings, BundleSource(settings_cls, service="backend")

Other sources in that list would win over, or be laid under, what was validated and sealed: name no more than you need.
"""

from __future__ import annotations

from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from terrace.runtime.start import load
from terrace.runtime.values import Values


class BundleSource(PydanticBaseSettingsSource):
    """The values of a bundle. Takes what `terrace.runtime.load` takes, and raises `ConfigError` as that does.

    What the settings' class does not know is left out, for it is that class that judges the rest.
    """

    def __init__(self, settings_cls: type[BaseSettings], **asked: Any) -> None:
        super().__init__(settings_cls)
        self._values = load(Values, **asked).root

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The value of one field, its name, and that it is no text to be parsed."""
        name = field.validation_alias if isinstance(field.validation_alias, str) else field.alias or field_name
        return self._values.get(name), name, False

    def __call__(self) -> dict[str, Any]:
        """The values of all fields that the bundle has."""
        found = (self.get_field_value(field, name)[:2] for name, field in self.settings_cls.model_fields.items())
        return {name: value for value, name in found if name in self._values}
