"""How long a secret may live, and how it is renewed: a policy, as a contract or an environment states it.

    max_age: 90d                     due when its value is older
    overlap: 24h                     how long the value before stays valid beside the new one; `Rotating` fields only
    generate: password               how a new value is made; docs/secrets-rotation.md lists the generators
    hook: [python, -m, my.hook]      a program that tells the system which takes the secret

An environment's policy overrides the contract's, keyword by keyword.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from terrace.model.source import Pointer

if TYPE_CHECKING:
    from terrace.model.entities import Environment
    from terrace.model.service import Field

DURATION = r"^[1-9][0-9]{0,4}(m|h|d|w)$"
SHAPE = ("current", "previous", "previous_until")
"""The keys of a `Rotating` field."""

DEFAULT_LENGTH = 40
DEFAULT_BYTES = 32

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_NUMBER = {"type": "integer"}
_OPTIONS: dict[str, dict[str, Any]] = {
    "password": {
        "length": {**_NUMBER, "minimum": 12, "maximum": 1024},
        "alphabet": {"type": "string", "minLength": 2, "pattern": "^[!-~]+$"},
    },
    "hex": {"bytes": {**_NUMBER, "minimum": 8, "maximum": 512}},
    "uuid": {},
    "ed25519": {},
    "rsa": {"bits": {"enum": [2048, 3072, 4096]}},
    "ec": {"curve": {"enum": ["P-256", "P-384", "P-521"]}},
    "command": {
        "run": {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1},
        "timeout": {"type": "string", "pattern": "^[1-9][0-9]{0,3}s$"},
    },
    "login": {
        "users": {
            "type": "array",
            "items": {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_.-]{0,62}$"},
            "minItems": 2,
            "maxItems": 2,
            "uniqueItems": True,
        },
        "length": {**_NUMBER, "minimum": 12, "maximum": 1024},
        "alphabet": {"type": "string", "minLength": 2, "pattern": "^[!-~]+$"},
    },
}
_NEEDED = {"command": ["run"], "login": ["users"]}
GENERATORS = tuple(_OPTIONS)
"""The kinds of generator, by name."""

_PLAIN = [name for name in GENERATORS if name not in _NEEDED]
POLICY_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "max_age": {"type": "string", "pattern": DURATION, "description": "The secret is due when older: 90d."},
        "overlap": {
            "type": "string",
            "pattern": DURATION,
            "description": "How long the value before stays valid beside the new one: 24h.",
        },
        "generate": {
            "description": "How a new value is made.",
            "anyOf": [
                {"enum": _PLAIN},
                *(
                    {
                        "type": "object",
                        "additionalProperties": False,
                        "required": [name],
                        "properties": {
                            name: {
                                "type": "object",
                                "additionalProperties": False,
                                "required": _NEEDED.get(name, []),
                                "properties": options,
                            }
                        },
                    }
                    for name, options in _OPTIONS.items()
                ),
            ],
        },
        "hook": {
            "type": "array",
            "items": {"type": "string", "minLength": 1},
            "minItems": 1,
            "description": "A program, with its arguments, that tells the system which takes the secret.",
        },
    },
}
"""What may stand in a policy, as a JSON Schema."""


class Policy(NamedTuple):
    """A policy that was read. `generator` is empty where new values are given by people."""

    max_age: timedelta | None = None
    overlap: timedelta = timedelta(0)
    generator: str = ""
    options: Mapping[str, Any] = {}
    hook: tuple[str, ...] = ()

    def due(self, rotated: date) -> date | None:
        """The last day on which a value of that day is young enough; None where it never grows too old."""
        return None if self.max_age is None else rotated + max(self.max_age, timedelta(days=1))


class Fault(NamedTuple):
    """What is wrong with a policy, where in it (empty: as a whole), and what to do."""

    keyword: str
    message: str
    hint: str


def duration(text: object) -> timedelta | None:
    """The time that `90d`, `24h`, `30m` or `2w` means; None where it means none."""
    if not isinstance(text, str) or not re.fullmatch(DURATION, text) or text[-1:] == "\n":
        return None
    return timedelta(**{_UNITS[text[-1]]: int(text[:-1])})


def policy_of(*said: object) -> Policy | None:
    """The policy of layers of policies, the weakest first; None where nobody says anything. What is bad is left out."""
    merged: dict[str, Any] = {}
    for each in said:
        merged.update(each if isinstance(each, dict) else {})
    if not merged:
        return None
    generate, hook = merged.get("generate"), merged.get("hook")
    if isinstance(generate, dict) and len(generate) == 1:
        kind, options = next(iter(generate.items()))
    else:
        kind, options = (generate if isinstance(generate, str) else ""), {}
    return Policy(
        duration(merged.get("max_age")),
        duration(merged.get("overlap")) or timedelta(0),
        kind if kind in GENERATORS else "",
        options if isinstance(options, dict) else {},
        tuple(map(str, hook)) if isinstance(hook, list) else (),
    )


def overrides(environments: Iterable[Mapping[str, Any]], service: str, *places: Pointer) -> list[object]:
    """What `environment.yaml` of each of `environments` (what they say, root first) says of a secret's policy.

    A secret in a map has two places: its own, and the one of the contract, with `*` for its key.
    """
    names = [".".join((service, *map(str, place))) for place in places]
    sections = [said.get("rotation") for said in environments]
    return [each[name] for each in sections if isinstance(each, dict) for name in names if name in each]


def policy_for(chain: Iterable[Environment], service: str, pointer: Pointer, field: Field) -> Policy | None:
    """The policy of a secret in an environment, given with those that it extends, root first."""
    said = [environment.document.value for environment in chain if environment.document]
    places = dict.fromkeys((field.pointer, pointer))
    return policy_of(field.rotation, *overrides(said, service, *places))


def is_rotating(field: Field) -> bool:
    """Whether a field is a secret in two versions, as `Rotating` makes it."""
    return field.secret and tuple(field.properties) == SHAPE


def unit_of(root: Field, pointer: Pointer) -> tuple[Pointer, Field] | None:
    """The secret that the value at `pointer` belongs to: itself, or the `Rotating` field around it."""
    field: Field | None = root
    for depth, part in enumerate(pointer):
        field = field.child(part) if field is not None else None
        if field is not None and is_rotating(field):
            return pointer[: depth + 1], field
    return (pointer, field) if field is not None and field.secret else None


def faults(said: object, field: Field) -> Iterator[Fault]:
    """What keeps a policy, whose shape is right, from working for a field."""
    if not field.secret:
        yield Fault("", "is no secret, and only secrets are rotated", "mark it with Secret(), or take the policy away")
        return
    if not isinstance(said, dict):
        return
    policy = policy_of(said) or Policy()
    if field.is_section and not is_rotating(field):
        yield Fault("", "is a section: each secret has a policy of its own", "put the policy on the secrets inside")
        return
    if policy.overlap and not is_rotating(field):
        hint = "make it Rotating[...], which holds the value before beside the new one; or leave the overlap out"
        yield Fault("overlap", "has an overlap, and room for one value only", hint)
    if policy.max_age and policy.overlap >= policy.max_age:
        yield Fault("overlap", "has an overlap that is not shorter than its age", "shorten overlap, or raise max_age")
    yield from _misfits(policy, field)


def _misfits(policy: Policy, field: Field) -> Iterator[Fault]:
    """Generators whose values the field would refuse."""
    value = (field.child("current") or field) if is_rotating(field) else field
    if policy.generator == "login":
        if not is_rotating(field) or set(value.properties) != {"user", "password"}:
            hint = "make it Rotating[...] of a section with user and password"
            yield Fault("generate", "cannot hold a login", hint)
        return
    if policy.generator and value.is_section:
        yield Fault("generate", f"is a section, which {policy.generator} cannot make", "generate a login")
        return
    if policy.generator and value.types and "string" not in value.types:
        yield Fault("generate", "is no text, and generators make text", "leave generate out")
    length = _length(policy)
    shortest, longest = value.schema.get("minLength", 0), value.schema.get("maxLength", length or 0)
    if length and not shortest <= length <= longest:
        yield Fault("generate", f"is generated with {length} characters, which it may not have", "change the length")
    if policy.generator == "password" and len(set(policy.options.get("alphabet", "ab"))) < 2:
        yield Fault("generate", "has an alphabet of one letter", "give it more")


def _length(policy: Policy) -> int | None:
    """How long a value will be, where that is known."""
    if policy.generator == "password":
        return int(policy.options.get("length", DEFAULT_LENGTH))
    if policy.generator == "hex":
        return 2 * int(policy.options.get("bytes", DEFAULT_BYTES))
    return 36 if policy.generator == "uuid" else None
