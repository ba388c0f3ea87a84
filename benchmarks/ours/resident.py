"""Load a repository, hold every effective configuration, and print the bytes that the process keeps in memory."""

import gc
import sys
from pathlib import Path

from terrace import load
from terrace.layering import Layering
from terrace.source import open_source

gc.disable()
repository = load.load(open_source(Path(sys.argv[1])))
layering = Layering(repository)
held = [
    layering.effective(target, tenant).kept()
    for tenant in (None, *repository.tenants.values())
    for target in layering.targets(tenant)
]
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(int(status["VmRSS"].split()[0]) * 1024)
