"""Read all files of a commit through the product's door to Git, and nothing else."""

import sys
from pathlib import Path

from terrace.source import open_source

folder, revision = sys.argv[1:]
source = open_source(Path(folder), revision)
for part in ("environments", "tenants", "schemas"):
    for _ in source.read(source.entries(part)):
        pass
