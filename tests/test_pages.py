"""Pages of the documentation say what the program does, where a machine can compare."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

from terrace.cli import commands
from terrace.detect import DEVELOPMENT_MARKERS, MARKER_FILE, PLATFORM_VARIABLES
from terrace.model.descriptors import environment_schema

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE = (DOCS / "environments.md").read_text(encoding="utf-8")


def test_what_is_looked_at_stands_there_in_its_order() -> None:
    order = ["--env", "TERRACE_ENV", "OTEL_RESOURCE_ATTRIBUTES", *PLATFORM_VARIABLES, MARKER_FILE]
    assert re.findall(r"^\| \d \| `([^`]+)`", PAGE, re.M) == order


def test_every_marker_of_development_is_named() -> None:
    told = PAGE.split("The markers are")[1].split("; one")[0]
    markers = [f"{name}={value}" if value else name for name, value in DEVELOPMENT_MARKERS.items()]
    assert re.findall(r"`([^`]+)`", told) == markers


def test_every_key_of_an_environment_is_explained() -> None:
    table = PAGE.split("| Key | Means |")[1].split("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)`", table, re.M)) == set(environment_schema({})["properties"])


def test_the_commands_page_holds_the_help_of_each_command() -> None:
    page = runpy.run_path(str(DOCS / "hooks.py"))["commands_page"]()
    assert re.findall(r"^## (\w[\w -]*)$", page, re.M) == commands()
    assert page.count("usage: terrace ") == len(commands())
    assert "\x1b" not in page
    assert [line for line in page.splitlines() if len(line) > 120] == []
