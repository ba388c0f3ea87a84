"""The contract of the loyalty service."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from terrace.contract import service


class Points(BaseModel):
    model_config = ConfigDict(extra="forbid")

    silver_from: Annotated[int, Field(gt=0)] = 100
    gold_from: Annotated[int, Field(gt=0)] = 500

    @model_validator(mode="after")
    def _gold_is_above_silver(self) -> "Points":
        if self.gold_from <= self.silver_from:
            raise ValueError("gold_from must be larger than silver_from")
        return self


class Config(BaseModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra=service(tenancy="pooled", owner="loyalty", version="1.0.0")
    )

    points: Points = Points()
