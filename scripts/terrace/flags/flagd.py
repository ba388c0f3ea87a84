"""flagd's definitions, from and to: lossless where flagd can say it.

What flagd can say and we cannot is refused with a message, or said otherwise with the same meaning:

- refused: a key with `/`, which no URL of OFREP can carry; variants that are not all of one type, or lists; a default
  variant that is not there; a key in a flag that flagd's own evaluators refuse; a state other than ENABLED and
  DISABLED; numbers beyond 64 bits; a definition for another way to split than ours;
- the same said otherwise: `$evaluators` are put where they are referred to; flags in an array are named by their key;
  no default variant, `""` and null are null; metadata of the whole set goes to each flag; `flagSetId` is the
  environment's name; whole numbers of a flag that has fractions get their point.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from terrace.errors import FlagError, TerraceError
from terrace.flags.about import written
from terrace.flags.evaluators import UnknownError, expanded
from terrace.flags.layout import laid_out
from terrace.flags.values import type_of
from terrace.model.flag import ALGORITHM
from terrace.model.source import Document
from terrace.yamlio import read, set_value
from terrace.yamlio.write import dump_flow

_OF_A_FLAG = frozenset(("state", "variants", "defaultVariant", "targeting", "metadata"))
_PASSED_OVER = frozenset(("key", "source", "selector"))
_OF_THE_SET = ("flagSetId", "version", "fractional")
_FIRST = ("type", "description", "owner", "created", "expires", "permanent", "kind", "tags", "links")
_MOST_TOLD = 5


class _CannotError(Exception):
    """One flag cannot be brought in, for this reason."""


def export_flagd(definition: Mapping[str, Any], version: str = "") -> str:
    """`definition` as a file for flagd, with the version of its content: the commit."""
    import json

    about = {**definition.get("metadata", {}), **({"version": version} if version else {})}
    return json.dumps({**definition, "metadata": about}, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def import_flagd(text: str, environment: str, area: Document | None = None) -> str:
    """The text of an area that says for `environment` what the flagd definition `text` says.

    With an `area`, that area's text with the flags that it does not have yet, and with the state in `environment` of
    those it has; nothing else of it changes. Raises FlagError with every flag that cannot be brought in, and why.
    """
    flags: dict[str, Any] = {}
    reasons: list[str] = []
    for key, said in _flags_of(_parsed(text)):
        try:
            if key in flags:
                raise _CannotError("it stands there twice")
            flag = _flag(key, said, environment)
            # Whether YAML can hold it: found here, it is said of this flag.
            dump_flow(flag)
            flags[key] = flag
        except (_CannotError, UnknownError, TerraceError) as error:
            reasons.append(f"{key!r}: {error}")
    result = laid_out({"flags": flags}) if area is None or reasons else _into(area, flags, environment, reasons)
    if reasons:
        raise _refusal(reasons)
    _, findings = read(area.path if area else "flags", result.encode("utf-8", "surrogatepass"))
    if findings:
        raise FlagError(f"that would not be a file of flags: {findings[0].message}", hint="Bring in a part of it.")
    return result


def _refusal(reasons: list[str]) -> FlagError:
    told = "; ".join(reasons[:_MOST_TOLD])
    more = f"; and {len(reasons) - _MOST_TOLD} more" if len(reasons) > _MOST_TOLD else ""
    return FlagError(
        f"{'a flag' if len(reasons) == 1 else f'{len(reasons)} flags'} cannot be brought in: {told}{more}",
        hint="Change the definition, or bring those flags in by hand. Nothing was written.",
    )


def _parsed(text: str) -> dict[str, Any]:
    """The definition, whose flags have what they shared. JSON, or the YAML that flagd reads too."""
    import json

    try:
        parsed = json.loads(text, object_pairs_hook=_once, parse_constant=_not_a_number)
    except json.JSONDecodeError as error:
        if text.lstrip().startswith(("{", "[")):
            raise FlagError(f"this is no JSON: {error}") from None
        document, findings = read("the definition", text.encode("utf-8"))
        if document is None:
            raise FlagError(f"this is neither JSON nor YAML: {findings[0].message}") from None
        parsed = document.value
    if not isinstance(parsed, dict) or not isinstance(parsed.get("flags"), dict | list):
        raise FlagError("this is not a flagd definition: it has no flags", hint="It has a map or an array named flags.")
    return parsed


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise FlagError(f"the definition has the key {twice!r} twice in one place")
    return found


def _not_a_number(text: str) -> Any:
    raise FlagError(f"the definition has {text}, which is no number of JSON")


def _flags_of(definition: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    about, shared = definition.get("metadata") or {}, definition.get("$evaluators") or {}
    if not isinstance(about, dict) or not isinstance(shared, dict):
        raise FlagError("metadata and $evaluators of a flagd definition are maps")
    if about.get("fractional", ALGORITHM) != ALGORITHM:
        raise FlagError(
            f"the definition is meant for evaluators that split by fractional {about['fractional']}, and flags here "
            f"for {ALGORITHM}: most subjects would get another variant",
            hint="Take metadata.fractional out of it if that is what you want.",
        )
    common = {name: value for name, value in about.items() if name not in _OF_THE_SET}
    flags = definition["flags"]
    listed = flags.items() if isinstance(flags, dict) else [(_key(each), each) for each in flags]
    for key, flag in listed:
        yield key, (flag, common, shared)


def _key(flag: object) -> str:
    key = flag.get("key") if isinstance(flag, dict) else None
    if not isinstance(key, str):
        raise FlagError("a flag in the array has no key")
    return key


def _flag(key: str, said: tuple[Any, dict[str, Any], dict[str, Any]], environment: str) -> dict[str, Any]:
    """The flag as an area says it."""
    flag, common, shared = said
    if not key or "/" in key:
        raise _CannotError("its key has a / in it, which no URL of OFREP can carry" if key else "its key is empty")
    if not isinstance(flag, dict):
        raise _CannotError("it is not a map")
    unknown = sorted(flag.keys() - _OF_A_FLAG - _PASSED_OVER)
    if unknown:
        raise _CannotError(f"it has {', '.join(unknown)}, which evaluators refuse; metadata is the place for that")
    variants, kind = _variants(flag)
    default = _default(flag, variants)
    about = written({**common, **_metadata(flag)})
    state: dict[str, Any] = {"default": default}
    if flag.get("state") not in ("ENABLED", "DISABLED"):
        raise _CannotError("its state is neither ENABLED nor DISABLED")
    if flag["state"] == "DISABLED":
        state = {"kill": True, **state}
    if "targeting" in flag:
        if not isinstance(flag["targeting"], dict):
            raise _CannotError("its targeting is not a map")
        state["targeting"] = expanded(flag["targeting"], shared)
    whole = {"type": kind, **about, "variants": variants, "off_variant": _off(variants, default)}
    first = {name: whole[name] for name in _FIRST if name in whole}
    return {**first, **{k: v for k, v in whole.items() if k not in first}, "environments": {environment: state}}


def _variants(flag: dict[str, Any]) -> tuple[dict[str, Any], str]:
    variants = flag.get("variants")
    if not isinstance(variants, dict) or not variants or "" in variants:
        raise _CannotError("it has no variants, or one without a name")
    kind = type_of(variants)
    if kind is None:
        raise _CannotError("its variants are not all booleans, all text, all numbers or all maps")
    return variants, kind


def _default(flag: dict[str, Any], variants: dict[str, Any]) -> str | None:
    default = flag.get("defaultVariant")
    if isinstance(default, bool):
        default = str(default).lower()
    if default in (None, ""):
        return None
    if not isinstance(default, str) or default not in variants:
        raise _CannotError(f"its default variant {default!r} is not one of {', '.join(variants)}")
    return default


def _metadata(flag: dict[str, Any]) -> dict[str, Any]:
    about = flag.get("metadata", {})
    if not isinstance(about, dict) or not all(isinstance(each, str | int | float) for each in about.values()):
        raise _CannotError("its metadata is not a map of text, numbers, true and false")
    return about


def _off(variants: Mapping[str, Any], default: str | None) -> str:
    """The variant that most likely means off: flagd does not say."""
    for name in ("off", "false", "disabled", "none"):
        if name in variants:
            return name
    return next((name for name, value in variants.items() if value is False), default or next(iter(variants)))


def _into(area: Document, flags: dict[str, Any], environment: str, reasons: list[str]) -> str:
    for key, flag in flags.items():
        try:
            pointer, value = _addition(area.value, key, flag, environment)
        except _CannotError as error:
            reasons.append(f"{key!r}: {error}")
            continue
        text = set_value(area, pointer, value) if pointer else area.text
        changed, findings = read(area.path, text.encode("utf-8"))
        if changed is None:
            raise FlagError(f"{area.path} cannot take flag {key!r}: {findings[0].message}")
        area = changed
    return area.text


def _addition(
    area: Mapping[str, Any], key: str, flag: dict[str, Any], environment: str
) -> tuple[tuple[str, ...], dict[str, Any]]:
    """What is set where in the area; no place, if it says that already."""
    there = (area.get("flags") or {}).get(key)
    if there is None:
        return ("flags", key), flag
    if not isinstance(there, dict) or there.get("variants") != flag["variants"]:
        raise _CannotError("it is in the area already, with other variants")
    if there.get("type") not in (flag["type"], "float" if flag["type"] == "integer" else flag["type"]):
        raise _CannotError(f"it is in the area already, and is of type {there.get('type')}, not {flag['type']}")
    if there.get("requires"):
        raise _CannotError("it is in the area already, and requires other flags, which the definition does not know of")
    state = flag["environments"][environment]
    known = (there.get("environments") or {}).get(environment)
    if known is not None and known != state:
        raise _CannotError(f"it is in the area already, and says something else for {environment}")
    return (() if known is not None else ("flags", key, "environments", environment)), state
