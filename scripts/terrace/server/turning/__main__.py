"""`python -m terrace.server.turning JSON`: started by `terrace serve --repo`, and ends with it."""

from __future__ import annotations

import json
import sys

from terrace.server import logs
from terrace.server.turning.loop import run
from terrace.server.turning.wanted import Wanted

said = json.loads(sys.argv[1])
logs.begin()
run(Wanted(**{**said, "environments": tuple(said["environments"])}))
