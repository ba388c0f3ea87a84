"""# File with an extension that nothing reads

A file in `environments/` or `tenants/` looks like configuration and is not called `*.yaml`: `app.yml`, `app.json`,
`app.yaml.bak`.

**Why.** Only `*.yaml` is read. A file with another ending changes nothing, though it lies among those that do.

**Fix.** Rename it to `.yaml`, or delete it; Git keeps the old versions.

**Exceptions.** Notes (`*.md`, `*.txt`), files without an extension such as `OWNERS`, and those that begin with a dot are
nobody's configuration.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from terrace.model.source import Location
from terrace.validate.later import later
from terrace.validate.rule import Example, FilesView, Hit, rule

GOOD = (
    Example({"environments/production/README.md": "Ask team-app first.\n", "tenants/acme/OWNERS": "team-acme\n"}),
    Example({"environments/production/.app.yaml.swp": "x"}),
)
BAD = (
    Example({"environments/production/shared.yml": "logging:\n  level: error\n"}, "environments/production/shared.yml"),
    Example({"tenants/acme/staging/app.yaml.bak": "logging:\n  level: error\n"}, "tenants/acme/staging/app.yaml.bak"),
    Example({"environments/staging/app.json": "{}\n"}, "environments/staging/app.json"),
)
_LOOKS_READ = later(r"\.ya?ml|\.(?:json5?|toml|ini|env|properties|conf|cfg)$", re.I)


@rule("SYN018", "file with an extension that nothing reads", on="files")
def check(view: FilesView) -> Iterator[Hit]:
    """Every file that looks like configuration and is not read."""
    for path in view.files.paths:
        name = path[path.rfind("/") + 1 :]
        if not name.endswith(".yaml") and not name.startswith(".") and _LOOKS_READ.search(name):
            hint = "Rename it to .yaml, or delete it: only *.yaml is read."
            yield Hit(f"nothing reads {path}", Location(path), hint=hint)
