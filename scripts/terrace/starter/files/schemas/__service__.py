"""The contract of `__service__`: what it understands, and who may set what.

Start from your own settings: rename, remove, add. `terrace schemas` then makes `schemas/generated/` anew, and
`terrace validate` says which files no longer fit. A service in another language writes the same as a JSON Schema, in
`schemas/<service>.schema.json`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from terrace.contract import EnvVar, Identifies, Live, MustDiffer, Owner, RequiredIn, Secret, SetBy, Unit, service

# A type that several fields share says its constraint once. `Identifies` marks values that name one thing in the
# world, so that a development host is found wherever it turns up in production.
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$", max_length=253), Identifies("host")]
Url = Annotated[str, Field(pattern=r"^https?://[^\s/]+(/\S*)?$"), Identifies("url")]
Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[int, Field(ge=1, le=3600), Unit("seconds")]


class Section(BaseModel):
    """What all sections have in common: no unknown keys, no guessing of types, no change after loading."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Server(Section):
    """How the process listens, and the address the world knows it by."""

    # Production has to say this itself, and may not say what development says.
    public_url: Annotated[
        Url,
        RequiredIn("production"),
        MustDiffer(),
        Field(description="Address in links that we send out.", examples=["https://orders.internal"]),
    ]
    # A field with a default may be left out everywhere. PORT may override this one, in production too.
    port: Annotated[Port, EnvVar("PORT"), Field(description="Port to listen on.")] = 8080
    # `Live`: a running process takes a new value. All other fields need a restart.
    request_timeout: Annotated[Seconds, Live(), Field(description="A request is cut off after this.")] = 15
    debug: Annotated[bool, Field(description="Stack traces in responses; never where customers are.")] = False


class Database(Section):
    """Where the data is."""

    host: Annotated[
        Host, RequiredIn("production"), MustDiffer(), EnvVar("DATABASE_HOST"), Field(description="Host of the primary.")
    ]
    port: Annotated[Port, Field(description="Port of the primary.")] = 5432
    name: Annotated[str, Field(min_length=1, max_length=63, description="Name of the database.")]
    user: Annotated[str, Field(min_length=1, max_length=63, description="Role to log in as.")]
    # A secret stands only in environments/<environment>/__service__.secrets.yaml, encrypted with SOPS. Once each
    # environment has one, take `| None` and the default away: then none can be forgotten.
    password: Annotated[SecretStr | None, Secret(), Field(description="Password of that role.")] = None
    pool_size: Annotated[int, Field(ge=1, le=200, description="Connections kept open."), Live()] = 10


class Display(Section):
    """What customers see. A tenant may set these, and nothing above."""

    title: Annotated[str, Field(min_length=1, max_length=60, description="Name at the top of each page.")]
    language: Annotated[Literal["en", "de", "fr", "es"], Field(description="Language of pages and mails.")] = "en"


class Config(Section):
    """Configuration of __service__."""

    # tenancy: "none" (no customer has a configuration of its own), "pooled" (one process serves all tenants) or
    # "dedicated" (a process for each).
    model_config = ConfigDict(json_schema_extra=service(tenancy="pooled", owner="__service__", version="1.0.0"))

    # `SetBy` says who, beside environments/base, may set a section; `Owner` says who answers for it.
    server: Annotated[Server, SetBy("environment"), Field(description="How the process listens.")]
    database: Annotated[Database, SetBy("environment"), Owner("data"), Field(description="Where the data is.")]
    display: Annotated[Display, SetBy("environment", "group", "tenant"), Field(description="What customers see.")]
