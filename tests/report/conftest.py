"""Makes `sample_report` and `random_reports` importable, whatever folder the tests are started in."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
