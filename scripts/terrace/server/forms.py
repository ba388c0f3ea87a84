"""Values in the form that a caller accepts: JSON in an envelope, YAML, Java properties or dotenv."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from terrace import yamlio
from terrace.model.layers import leaves
from terrace.model.service import Contract
from terrace.model.source import Pointer, dotted

FORMS = {
    "json": "application/json",
    "yaml": "application/yaml",
    "properties": "text/x-java-properties",
    "dotenv": "text/x-dotenv",
    "events": "text/event-stream",
}
"""The media type of each form; `events` is a stream, and needs no body here."""

_ALSO = {"text/yaml": "yaml", "application/x-yaml": "yaml", "text/x-yaml": "yaml"}
_BY_MEDIA = {**{media: form for form, media in FORMS.items()}, **_ALSO}


class Told(NamedTuple):
    """What a response tells: the values at a place in one slice, without what is withheld."""

    service: str
    environment: str
    tenant: str
    place: Pointer
    digest: str
    values: Any
    withheld: tuple[Pointer, ...]
    origins: Mapping[Pointer, str] | None
    """Where the value at each place was set; None if nobody asked."""

    def origin(self, pointer: Pointer) -> str:
        """Where the value at a place was set, or the one it lies in; empty if nobody asked or nothing says."""
        found = ""
        while self.origins and pointer and not found:
            found, pointer = self.origins.get(pointer, ""), pointer[:-1]
        return found


def chosen(accept: str) -> str:
    """The form that an `Accept` header likes best, the first of those it likes alike; empty if there is none."""
    best, liked = "", 0.0
    for order, item in enumerate((accept or "*/*").split(",")):
        media, *parameters = (part.strip().lower() for part in item.split(";"))
        form = _form(media)
        quality = _quality(parameters) - order * 1e-6
        if form and quality > liked:
            best, liked = form, quality
    return best


def content_type(form: str) -> str:
    """The `Content-Type` of a form."""
    media = FORMS[form]
    return f"{media}; charset=utf-8" if media.startswith("text/") else media


def written(told: Told, form: str, contract: Contract) -> bytes:
    """The body of a response."""
    if form == "json":
        return orjson.dumps(_envelope(told))
    return (_yaml(told) if form == "yaml" else _flat(told, form, contract)).encode("utf-8")


def _envelope(told: Told) -> dict[str, object]:
    said = {
        "service": told.service,
        "environment": told.environment,
        "tenant": told.tenant or None,
        "path": dotted(told.place),
        "digest": told.digest,
        "values": told.values,
        "secrets": {"withheld": [dotted(pointer) for pointer in told.withheld]},
    }
    if told.origins is not None:
        said["provenance"] = {dotted(at): told.origin(at) for at, _ in leaves(told.values, told.place) if at}
    return said


def _yaml(told: Told) -> str:
    if isinstance(told.values, dict):
        known = {pointer for pointer, _ in leaves(told.values)}

        def comment(pointer: Pointer) -> str:
            return told.origin((*told.place, *pointer)) if pointer in known else ""

        return yamlio.render(told.values, comment)
    said = told.origin(told.place)
    return (f"# {said}\n" if said else "") + yamlio.dump(told.values)


def _flat(told: Told, form: str, contract: Contract) -> str:
    from terrace.report.config import flat

    found = ((pointer, value) for pointer, value in leaves(told.values, told.place) if pointer)
    return flat(found, contract, form, comment=told.origin if told.origins is not None else None)


def _form(media: str) -> str:
    if media in ("*/*", "application/*"):
        return "json"
    return _BY_MEDIA.get(media, "yaml" if media == "text/*" else "")


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0
