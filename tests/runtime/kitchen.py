"""The contract of a small pooled service, as its application has it, in three versions."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from terrace.contract import EnvVar, Identifies, Live, Secret, service


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Database(Section):
    host: Annotated[str, EnvVar("DATABASE_HOST"), Identifies("host")]
    port: Annotated[int, Field(ge=1, le=65535)] = 5432
    pool_min: Annotated[int, Live()] = 1
    pool_max: Annotated[int, Field(ge=1, le=200), Live()] = 10
    password: Annotated[SecretStr, Field(min_length=8), Secret(), EnvVar("DATABASE_PASSWORD")]
    token: Annotated[SecretStr | None, Secret(), Live()] = None

    @model_validator(mode="after")
    def _pool_is_a_range(self) -> Self:
        if self.pool_min > self.pool_max:
            secret = self.password.get_secret_value()
            raise ValueError(f"pool_min is above pool_max, and a careless author says {secret}")
        return self


class Kitchen(Section):
    model_config = ConfigDict(json_schema_extra=service(tenancy="pooled", owner="kitchen", version="2.0.0"))

    database: Database
    origins: Annotated[list[str], Live()] = []
    limits: Annotated[dict[str, int], Live(), EnvVar("LIMITS")] = {}
    debug: Annotated[bool, Live(), EnvVar("DEBUG")] = False


class NewerDatabase(Database):
    replicas: list[str] = []


class NewerKitchen(Kitchen):
    """What the next version of the contract adds, which an application of today does not know."""

    model_config = ConfigDict(json_schema_extra=service(tenancy="pooled", owner="kitchen", version="3.0.0"))

    database: NewerDatabase
    greeting: str | None = None


class OlderKitchen(Section):
    """Before `limits`: an application of today requires more than this contract promises."""

    model_config = ConfigDict(json_schema_extra=service(tenancy="pooled", owner="kitchen", version="1.0.0"))

    database: Any = None
    origins: list[str] = []
    debug: bool = False
