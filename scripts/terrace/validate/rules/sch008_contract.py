"""# Contract that contradicts itself

A contract says what cannot hold: a field that may be null and has another default, a secret in a list or with a
default, a successor that does not exist, a marker with a value that nobody knows.

**Why.** Everything else goes by the contract. Null removes what was inherited, and then the default applies: a nullable
field with another default could never be set to null. A secret's default is in the open for all who can read the code.

**Fix.** The finding stands at the field in the generated schema. Change the contract that the schema was made from, and
run `terrace schemas`.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.contradictions import contract_problems, schema_path
from terrace.model.entities import Repository
from terrace.model.service import Contract
from terrace.model.source import Location, Pointer
from terrace.validate.rule import Example, Hit, rule

_PATH = "schemas/generated/tool.schema.json"
_SCHEMA = """\
{
  "type": "object",
  "x-terrace-tenancy": "none",
  "additionalProperties": false,
  "properties": {
    "limits": {
      "type": "object",
      "additionalProperties": false,
      "properties": {
        FIELD
      }
    }
  }
}
"""


def _tool(field: str) -> dict[str, str]:
    return {_PATH: _SCHEMA.replace("FIELD", field)}


GOOD = (
    Example(_tool('"most": {"type": ["integer", "null"], "default": null}')),
    Example(_tool('"token": {"type": "string", "x-terrace-secret": true}')),
    Example(_tool('"most": {"type": "integer", "x-terrace-deprecated-by": "limits"}')),
)
BAD = (
    Example(_tool('"most": {"type": ["integer", "null"], "default": 5}'), f"{_PATH}:10", "limits.most"),
    Example(
        _tool('"tokens": {"type": "array", "items": {"type": "string", "x-terrace-secret": true}}'),
        f"{_PATH}:10",
        "limits.tokens[0]",
    ),
    Example(
        _tool('"token": {"type": "string", "x-terrace-secret": true, "default": "changeme"}'),
        f"{_PATH}:10",
        "limits.token",
    ),
    Example(
        _tool('"most": {"type": "integer", "x-terrace-deprecated-by": "limit.most"}'), f"{_PATH}:10", "limits.most"
    ),
    Example(_tool('"most": {"type": "integer", "x-terrace-set-by": ["customer"]}'), f"{_PATH}:10", "limits.most"),
    Example(_tool('"most": {"type": "integer", "x-terrace-required-in": ["prod"]}'), f"{_PATH}:10", "limits.most"),
    Example({_PATH: _SCHEMA.replace('"x-terrace-tenancy": "none",', "").replace("FIELD", "")}, f"{_PATH}:1"),
)


@rule("SCH008", "contract that contradicts itself", on="repository")
def check(repository: Repository) -> Iterator[Hit]:
    """Every contradiction in every contract, as its JSON Schema alone shows it."""
    for contract in repository.contracts.values():
        for pointer, message, hint in dict.fromkeys(contract_problems(contract)):
            yield Hit(message, _place(contract, pointer), pointer, f"{hint[:1].upper()}{hint[1:]}.")


def _place(contract: Contract, pointer: Pointer) -> Location:
    if contract.document is None:
        return Location(contract.path)
    return contract.document.at(schema_path(contract.schema, pointer), key=True)
