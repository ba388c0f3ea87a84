"""The alert rules and the dashboard as they come with the documentation, and the programs of Prometheus to try them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests import debian

FOLDER = Path(__file__).parents[3] / "docs" / "observability"
DASHBOARD = json.loads((FOLDER / "dashboard.json").read_text())
_VARIABLES = {"$__rate_interval": "1m", "$environment": ".*", "$service": ".*", "$job": ".*"}


def panels() -> list[dict[str, Any]]:
    """The dashboard's panels, without the headings between them."""
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def shown() -> list[str]:
    """Every expression that the dashboard shows."""
    return [target["expr"] for panel in panels() for target in panel["targets"]]


def readable(expression: str) -> str:
    """`expression` with a value for each variable of Grafana, which PromQL does not know."""
    for name, text in _VARIABLES.items():
        expression = expression.replace(name, text)
    return expression


def program(name: str) -> str:
    """A program of Prometheus."""
    return debian.program(name, "prometheus")
