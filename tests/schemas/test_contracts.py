"""From a contract's file to its schema: what is found, how it is run, and what stops it."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from terrace.errors import TerraceError
from terrace.model.service import Contract
from terrace.model.source import Pointer
from terrace.schemas import contract_schema, export, locate_field, problems, services, write

Write = Callable[..., Path]
SERVICE = 'model_config = {"json_schema_extra": service(tenancy="pooled", owner="me", version="1")}'


def test_markers_stand_in_the_schema_beside_the_reference_to_a_section(contract: Write) -> None:
    root = contract(
        f"""
class Section(BaseModel):
    pool: Annotated[int, Field(gt=0), Live(), Unit("connections")] = 3
    key: Annotated[SecretStr | None, Secret()] = None

class Config(BaseModel):
    {SERVICE}
    first: Annotated[Section, SetBy("environment"), Owner("data")]
    second: Annotated[Section | None, SetBy("tenant")] = None
    many: Annotated[dict[str, Section], SetBy("group")] = Field(default_factory=dict)
"""
    )
    read = Contract("app", contract_schema(root, "app"))
    assert read.tenancy == "pooled"
    fields = {field.pointer: field for field in read.root.walk()}
    assert fields["first",].set_by == {"environment"}
    assert fields["first",].owner == "data"
    assert fields["second",].set_by == {"tenant"}
    assert fields["second",].nullable
    assert fields["many",].default == {}
    pool = read.field(("many", "any", "pool"))
    assert pool is not None
    assert (pool.live, pool.unit, pool.set_by) == (True, "connections", {"group"})
    key = fields["first", "key"]
    assert (key.secret, key.nullable, key.types) == (True, True, {"string"})


def test_sections_are_closed_even_where_the_model_is_not(contract: Write) -> None:
    root = contract(f"class A(BaseModel):\n    x: int = 1\nclass Config(BaseModel):\n    {SERVICE}\n    a: A = A()\n")
    schema = contract_schema(root, "app")
    assert schema["additionalProperties"] is False
    assert schema["$defs"]["A"]["additionalProperties"] is False


HEAD_LINES = 4


@pytest.mark.parametrize(
    ("text", "place", "why"),
    [
        ("import no_such_package\n", f":{HEAD_LINES + 1}:", "ModuleNotFoundError"),
        ("x = 1\nclass Config(BaseModel:\n    pass\n", f":{HEAD_LINES + 2}:", "SyntaxError"),
        ("def f():\n    raise LookupError('gone')\nf()\n", f":{HEAD_LINES + 2}:", "LookupError: gone"),
        ("class Config(BaseModel):\n    x: 'NoSuchType'\n", ":", "not fully defined"),
        ("class Configuration(BaseModel):\n    x: int\n", ":1:", "no pydantic model named Config"),
        ("class Config:\n    x: int\n", ":1:", "no pydantic model named Config"),
    ],
)
def test_a_contract_that_cannot_be_used_is_told_by_its_line(contract: Write, text: str, place: str, why: str) -> None:
    with pytest.raises(TerraceError) as error:
        export(contract(text))
    assert error.value.message.startswith(f"schemas/app.py{place}")
    assert why in error.value.message
    assert error.value.hint


def test_a_contract_leaves_no_trace_in_the_interpreter(contract: Write) -> None:
    root = contract(f"class Config(BaseModel):\n    {SERVICE}\n    x: int = 1\n")
    path = list(sys.path)
    assert contract_schema(root, "app")["properties"]["x"]["default"] == 1
    contract(f"class Config(BaseModel):\n    {SERVICE}\n    x: int = 2\n")
    assert contract_schema(root, "app")["properties"]["x"]["default"] == 2
    assert not [name for name in sys.modules if name.startswith("_terrace_contract")]
    assert sys.path == path
    assert sorted(file.name for file in (root / "schemas").iterdir()) == ["app.py"]


def test_broken_json_is_told_by_its_line(contract: Write) -> None:
    root = contract('{\n  "type": "object",\n  "properties": {,}\n}\n', "app.schema.json")
    with pytest.raises(TerraceError, match=r"^schemas/app.schema.json:3: not JSON"):
        export(root)


def test_json_that_is_no_contract_is_refused(contract: Write) -> None:
    with pytest.raises(TerraceError, match="not the schema of an object"):
        export(contract("[]", "app.schema.json"))


def test_a_service_has_one_contract(contract: Write) -> None:
    contract("class Config(BaseModel):\n    x: int\n")
    root = contract('{"properties": {}}', "app.schema.json")
    with pytest.raises(TerraceError, match="service 'app' has two contracts"):
        services(root)


def test_reserved_names_are_no_services(contract: Write) -> None:
    with pytest.raises(TerraceError, match="no service can be called 'tenant'"):
        services(contract("", "tenant.py"))


def test_files_that_begin_with_an_underscore_are_no_contracts(contract: Write) -> None:
    assert services(contract("", "_notes.py")) == []


BAD = [
    ("x: int | None = 3", "allows null but does not default to it"),
    ("x: int | None", "allows null but does not default to it"),
    ("x: list[Annotated[str, Secret()]] = []", "a secret inside a list"),
    ("x: Annotated[str, Secret()] = 'hunter2'", "a secret with a default"),
    ("x: Annotated[str, Secret(), Field(examples=['abc'])]", "a secret with an example"),
    ("x: SecretStr", "SecretStr that is not marked as a secret"),
    ("x: Annotated[int, DeprecatedBy('a.b')] = 1", "deprecated by 'a.b'"),
    ("x: Annotated[int, SetBy('customer')] = 1", "x-terrace-set-by of 'x' cannot be ['customer']"),
    ("x: Annotated[int, RequiredIn('prod')] = 1", "x-terrace-required-in of 'x' cannot be ['prod']"),
    ("x: Annotated[int, Identifies('planet')] = 1", "x-terrace-identifies of 'x' cannot be 'planet'"),
    ("x: Annotated[int, Field(json_schema_extra={'x-terrace-lively': True})] = 1", "x-terrace-lively of 'x'"),
    ("x: __import__('pydantic').AnyUrl", "does not keep the value as it was written"),
    ("x: __import__('datetime').timedelta", "does not keep the value as it was written"),
    ("x: Annotated[int, Field(alias='y')] = 1", "has an alias"),
    ("sops: int = 1", "cannot be called 'sops'"),
]


@pytest.mark.parametrize(("line", "why"), BAD, ids=[line for line, _ in BAD])
def test_a_contract_that_promises_too_much_is_a_finding_at_the_field(contract: Write, line: str, why: str) -> None:
    root = contract(f"class Config(BaseModel):\n    {SERVICE}\n    good: int = 1\n    {line}\n")
    found = problems(root)
    assert [why in finding.message for finding in found] == [True]
    assert found[0].code == "SCH008"
    assert str(found[0].location) == f"schemas/app.py:{HEAD_LINES + 4}:5"


def test_a_contract_says_its_tenancy(contract: Write) -> None:
    (finding,) = problems(contract("class Config(BaseModel):\n    x: int = 1\n"))
    assert "pooled or dedicated" in finding.message
    assert str(finding.location) == f"schemas/app.py:{HEAD_LINES + 1}:1"


def test_a_model_that_asks_for_unknown_keys_is_a_finding(contract: Write) -> None:
    lines = '    model_config = {"extra": "allow"}\n    x: int = 1\n'
    root = contract(f"class A(BaseModel):\n{lines}class Config(BaseModel):\n    {SERVICE}\n    a: A = A()\n")
    assert ["'a' allows keys" in finding.message for finding in problems(root)] == [True]


def test_types_that_keep_their_values_are_no_findings(contract: Write) -> None:
    root = contract(
        f"""
import datetime, enum
class Size(enum.StrEnum):
    small = "small"
class Config(BaseModel):
    {SERVICE}
    a: datetime.date | None = None
    b: Size = Size.small
    c: dict[str, list[int]] = {{}}
    d: Literal["x", 1] = "x"
    e: Annotated[SecretStr | None, Secret()] = None
    f: Annotated[Annotated[str, Field(pattern="^x")], Field(max_length=3)] = "x"
    g: str | int = 1
"""
    )
    assert problems(root) == []


JSON = """\
{
  "x-terrace-tenancy": "none",
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "name": {"const": "say \\"key\\": {"},
    "peers": {"type": "object", "additionalProperties": {"$ref": "#/$defs/Peer"}}
  },
  "$defs": {
    "Peer": {
      "type": "object",
      "additionalProperties": false,
      "properties": {
        "keys": {"type": "array", "items": {
          "type": "string", "x-terrace-secret": true
        }}
      }
    }
  }
}
"""


@pytest.mark.parametrize(
    ("pointer", "place"),
    [((), "1:1"), (("name",), "6:5"), (("peers",), "7:5"), (("peers", "a", "keys"), "14:9"), (("nothing",), "1:1")],
)
def test_a_field_is_found_in_a_hand_written_schema(contract: Write, pointer: Pointer, place: str) -> None:
    root = contract(JSON, "app.schema.json")
    assert str(locate_field(root, "app", pointer)) == f"schemas/app.schema.json:{place}"


def test_a_hand_written_schema_is_checked_alike(contract: Write) -> None:
    (finding,) = problems(contract(JSON, "app.schema.json"))
    assert "'peers.*.keys[0]' is a secret inside a list" in finding.message
    assert str(finding.location) == "schemas/app.schema.json:14:35"


@pytest.mark.parametrize(
    ("pointer", "line"),
    [(("a", "x"), 2), (("many", "m", "y"), 4), (("a", "nothing"), 7), (("nothing",), 5)],
)
def test_a_field_is_found_in_the_class_that_declares_it(contract: Write, pointer: Pointer, line: int) -> None:
    root = contract(
        """\
class Base(BaseModel):
    x: int = 1
class A(Base):
    y: int = 2
class Config(BaseModel):
    z: int = 3
    a: A = A()
    many: dict[str, A] = {}
"""
    )
    span = locate_field(root, "app", pointer).span
    assert span is not None
    assert span.line == HEAD_LINES + line


def test_what_is_stale_is_named_and_brought_up_to_date(contract: Write) -> None:
    root = contract(f"class Config(BaseModel):\n    {SERVICE}\n    x: int = 1\n")
    made = write(root, check=False)
    assert "schemas/generated/app.layer.json" in made
    assert write(root, check=True) == []
    contract(f"class Config(BaseModel):\n    {SERVICE}\n    x: int = 2\n")
    (root / "schemas/generated/gone.schema.json").write_text("{}")
    stale = ["app.layer", "app.schema", "gone.schema", "shared.layer"]
    assert write(root, check=True) == [f"schemas/generated/{name}.json" for name in stale]
    assert (root / "schemas/generated/gone.schema.json").exists()
    write(root, check=False)
    assert write(root, check=True) == []
    assert not (root / "schemas/generated/gone.schema.json").exists()


def test_a_generated_file_says_what_it_was_made_from(contract: Write) -> None:
    root = contract(f"class Config(BaseModel):\n    {SERVICE}\n    x: int = 1\n")
    text = export(root)["schemas/generated/app.schema.json"].decode()
    assert re.search(r'"\$comment": "Generated from schemas/app.py \(sha256:[0-9a-f]{16}\) by `terrace schemas`', text)
    assert text.endswith("}\n")
    assert export(root) == export(root)


def test_markers_that_would_not_be_read_are_a_finding(contract: Write) -> None:
    text = JSON.replace('"additionalProperties": {"$ref": "#/$defs/Peer"}', '"patternProperties": {"^a": {}}')
    (finding,) = problems(contract(text, "app.schema.json"))
    assert "'peers' has patternProperties" in finding.message
