"""YAML as a person would have written it: block style, comments, quotes only where they are needed."""

import json
import re
from random import Random

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./@:-]*")
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
_REASONS = (
    "Measured in the last load test.",
    "Agreed with the tenant, see the contract's annex.",
    "The default was too small on Friday evenings.",
    "Follows what the support desk asked for.",
    "Remove when the old clients are gone.",
)


def document(title: str, values: dict[str, object], rng: Random) -> str:
    """A YAML file of `values` under a comment that says what it is, with a reason above some of its sections."""
    lines = [f"# {title}"]
    for section, inner in values.items():
        if rng.random() < 0.6:
            lines += ["", f"# {rng.choice(_REASONS)}"]
        lines += _lines(section, inner, "")
    return "\n".join(lines) + "\n"


def _lines(key: str, value: object, indent: str) -> list[str]:
    if isinstance(value, dict):
        inner = [line for name, item in value.items() for line in _lines(name, item, indent + "  ")]
        return [f"{indent}{key}:", *inner]
    if isinstance(value, list):
        return [f"{indent}{key}:", *(f"{indent}  - {_scalar(item)}" for item in value)]
    return [f"{indent}{key}: {_scalar(value)}"]


def _scalar(value: object) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS and not value.endswith(":"):
        return value
    return json.dumps(value)
