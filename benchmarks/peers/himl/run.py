"""Peer: himl merges every tenant's configuration in every environment in one process. It does not validate."""

import json
import os
import sys
from pathlib import Path

from himl import ConfigProcessor  # type: ignore[import-not-found]  # lives in an environment of its own

layout, output = (Path(path).resolve() for path in sys.argv[1:])
os.chdir(layout)
output.mkdir(parents=True, exist_ok=True)
environments = sorted(path.name for path in layout.glob("env=*"))
for tenant in sorted(path.name for path in (layout / environments[0]).glob("tenant=*")):
    configs = {
        environment.removeprefix("env="): ConfigProcessor().process(
            path=f"{environment}/{tenant}",
            skip_secrets=True,
            type_strategies=[(list, ["override"]), (dict, ["merge"])],
        )
        for environment in environments
    }
    (output / f"{tenant.removeprefix('tenant=')}.json").write_text(json.dumps(configs))
