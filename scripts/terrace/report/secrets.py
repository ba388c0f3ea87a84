"""Secrets as a list: paths, types and places, never values."""

from __future__ import annotations

from collections.abc import Sequence

from terrace.model.source import dotted
from terrace.report.style import PLAIN, Style
from terrace.report.table import Column, table
from terrace.secrets.reading import Listed


def listed_text(secrets: Sequence[Listed], style: Style = PLAIN) -> str:
    """A line for each secret."""
    if not secrets:
        return "The contract has no secrets.\n"
    rows = [(dotted(each.pointer), each.type, _where(each)) for each in secrets]
    return table([Column("SECRET"), Column("TYPE"), Column("WHERE")], rows, style)


def listed_json(secrets: Sequence[Listed], style: Style = PLAIN) -> str:
    """The same for programs."""
    import json

    entries = [
        {
            "path": dotted(each.pointer),
            "type": each.type,
            "kind": each.kind,
            "file": each.location.path if each.location else "",
            "line": each.location.span.line if each.location and each.location.span else 0,
            "required": each.required,
        }
        for each in secrets
    ]
    return json.dumps({"secrets": entries}, indent=2, ensure_ascii=False) + "\n"


def _where(each: Listed) -> str:
    if each.location is None:
        return "not set, and required" if each.required else "not set"
    words = {"proposed": " (proposed)", "reference": " (reference)"}
    return f"{each.location}{words.get(each.kind, '')}"
