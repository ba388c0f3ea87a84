"""Load a repository, hold every effective configuration, and print the bytes that the process keeps in memory."""

import sys
from pathlib import Path

from terrace import layering, load

repository = load.load(sys.argv[1])
held = [layering.effective(repository, target) for target in layering.targets(repository)]
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(int(status["VmRSS"].split()[0]) * 1024)
