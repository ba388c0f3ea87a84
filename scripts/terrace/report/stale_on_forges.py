"""Stale flags as an issue, and as annotations."""

from __future__ import annotations

from collections.abc import Iterator

from terrace.flags.removal import Removal
from terrace.flags.stale import Stale
from terrace.model.findings import Finding, Report, Severity
from terrace.model.source import Location
from terrace.report.formats import github
from terrace.report.stale import left_out, mismatch, steps, summary
from terrace.stale import StaleFlags


def stale_markdown(said: StaleFlags) -> str:
    """The same for an issue or a summary: a list of tasks by owner, the steps of each folded away."""
    lines = ["# Stale feature flags", "", summary(said), ""]
    owners: dict[str, list[tuple[Stale, Removal]]] = {}
    for found, how in said.found:
        owners.setdefault(found.owner or "Nobody", []).append((found, how))
    for owner in sorted(owners, key=lambda name: (name == "Nobody", name)):
        lines += [f"## {plain(owner)}", ""]
        for found, how in owners[owner]:
            lines += [f"- [ ] `{found.key}`: {plain('; '.join(each.message for each in found.reasons))}"]
            lines += ["  <details><summary>What removes it</summary>", ""]
            lines += [f"  - {code(place)}: {plain(text)}" for place, text in steps(how)]
            lines += ["", "  </details>"]
        lines += [""]
    if said.mismatches:
        lines += ["## Calls of another type", ""]
        lines += [f"- {code(each.reference.place)}: {plain(mismatch(each))}" for each in said.mismatches] + [""]
    return "\n".join([*lines, *left_out(said)]).rstrip() + "\n"


def stale_github(said: StaleFlags) -> str:
    """The same as workflow commands: one warning for each flag, and for each call of another type."""
    findings = sorted(_findings(said), key=lambda each: each.order)
    annotations = github.render(Report(tuple(findings))).splitlines()
    return "".join(f"{line}\n" for line in [*(line for line in annotations if line.startswith("::")), summary(said)])


def _findings(said: StaleFlags) -> Iterator[Finding]:
    for found, how in said.found:
        message = f"{found.key}: {'; '.join(each.message for each in found.reasons)}"
        if found.flag:
            location = found.flag.document.at(found.flag.pointer, key=True)
        else:
            location = Location(found.references[0].path, found.references[0].span)
        hint = "\n".join(f"{place}: {text}" for place, text in steps(how))
        yield Finding("stale flag", Severity.WARNING, message, location, hint=hint)
    for each in said.mismatches:
        location = Location(each.reference.path, each.reference.span)
        yield Finding("flag of another type", Severity.WARNING, mismatch(each), location)


def code(text: str) -> str:
    """Text as code."""
    return f"`{text.replace('`', chr(39))}`"


def plain(text: str) -> str:
    """Text that Markdown takes as it is, but for code in backticks: names come from files of others."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        parts = ["".join(parts)]
    shown = [f"`{part}`" if at % 2 else _escaped(part) for at, part in enumerate(parts)]
    return "".join(shown).replace("\n", " ")


def _escaped(text: str) -> str:
    for character in "\\*_[]<>#|@":
        text = text.replace(character, "&#64;" if character == "@" else f"\\{character}")
    return text
