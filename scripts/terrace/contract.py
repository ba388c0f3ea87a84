"""The markers a contract is written with, and their `x-terrace-*` form in JSON Schema.

A contract is a pydantic model in `schemas/<service>.py`. What no type can say is said with markers:

    class Database(BaseModel):
        host: Annotated[str, Identifies("host"), RequiredIn("production"), MustDiffer()]
        password: Annotated[str, Secret()]
        pool_size: Annotated[int, Field(gt=0, le=200), Live(), SetBy("environment", "tenant")] = 10

A service written in another language gives a JSON Schema that uses the same `x-terrace-*` keywords by hand.
Nothing here imports pydantic: an application's contract costs what its own imports cost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

if TYPE_CHECKING:
    from terrace.rotating import Rotating as Rotating

LayerKindName = Literal["environment", "group", "tenant"]
EnvironmentKind = Literal["development", "test", "staging", "production"]
Identity = Literal["host", "url", "email", "bucket", "account", "key_id"]
Tenancy = Literal["none", "pooled", "dedicated"]

PREFIX = "x-terrace-"


class Marker:
    """A fact about a field that goes into the JSON Schema as `x-terrace-<keyword>`."""

    keyword: ClassVar[str]

    def __init__(self, value: Any = True) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.value!r})"

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and isinstance(other, Marker) and self.value == other.value

    def __hash__(self) -> int:
        return hash((type(self), repr(self.value)))

    def __get_pydantic_json_schema__(self, core_schema: Any, handler: Any) -> dict[str, Any]:
        schema: dict[str, Any] = handler(core_schema)
        # A marker on a section stands beside its $ref: the section's own definition is shared with other fields.
        schema[PREFIX + self.keyword] = self.value
        return schema


class Secret(Marker):
    """The value is a credential: set only in secrets files, or as a reference to a secret manager."""

    keyword = "secret"

    def __init__(self) -> None:
        super().__init__(True)


class SetBy(Marker):
    """Which kinds of layer may set the field, beside `base`. Holds for everything below a section; default: all."""

    keyword = "set-by"

    def __init__(self, *kinds: LayerKindName) -> None:
        super().__init__(list(kinds))


class EnvVar(Marker):
    """The environment variable that may override the field, in protected environments too."""

    keyword = "env-var"

    def __init__(self, name: str) -> None:
        super().__init__(name)


class RequiredIn(Marker):
    """Environments of these kinds must set the field themselves: a default or a shared layer does not count."""

    keyword = "required-in"

    def __init__(self, *kinds: EnvironmentKind) -> None:
        super().__init__(list(kinds))


class MustDiffer(Marker):
    """The effective value may not be the same in environments of different kinds."""

    keyword = "must-differ"

    def __init__(self) -> None:
        super().__init__(True)


class Identifies(Marker):
    """The value names one thing in the world: a host, URL, e-mail, bucket, account or key id."""

    keyword = "identifies"

    def __init__(self, what: Identity) -> None:
        super().__init__(what)


class Live(Marker):
    """A running process takes a new value without a restart. Fields without this marker need one."""

    keyword = "live"

    def __init__(self) -> None:
        super().__init__(True)


class Unit(Marker):
    """The unit of a number: `seconds`, `bytes`, `requests/minute`."""

    keyword = "unit"

    def __init__(self, unit: str) -> None:
        super().__init__(unit)


class Owner(Marker):
    """The team that answers for the field, and for everything below a section."""

    keyword = "owner"

    def __init__(self, team: str) -> None:
        super().__init__(team)


class Since(Marker):
    """The version of the contract that brought the field."""

    keyword = "since"

    def __init__(self, version: str) -> None:
        super().__init__(version)


class DeprecatedBy(Marker):
    """The dotted path of the field to use instead."""

    keyword = "deprecated-by"

    def __init__(self, path: str) -> None:
        super().__init__(path)


class Rotation(Marker):
    """How old a secret may be, and how it is renewed: see docs/secrets-rotation.md."""

    keyword = "rotation"

    def __init__(
        self,
        *,
        max_age: str = "",
        overlap: str = "",
        generate: str | dict[str, dict[str, Any]] = "",
        hook: list[str] | None = None,
    ) -> None:
        said = {"max_age": max_age, "overlap": overlap, "generate": generate, "hook": hook}
        super().__init__({name: value for name, value in said.items() if value})


def service(*, tenancy: Tenancy, owner: str, version: str, description: str = "") -> dict[str, Any]:
    """`json_schema_extra` for the model of a service: how many tenants a process serves, who answers, which version."""
    return {
        PREFIX + "tenancy": tenancy,
        PREFIX + "owner": owner,
        PREFIX + "version": version,
        **({"description": description} if description else {}),
    }


def __getattr__(name: str) -> Any:
    # `Rotating` is a model: pydantic is imported by contracts that have one, which import it anyway.
    if name != "Rotating":
        raise AttributeError(name)
    from terrace.rotating import Rotating

    return Rotating
