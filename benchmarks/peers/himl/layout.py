"""himl's own layout of a generated repository, as links: `base.yaml`, `env=E/`, `env=E/tenant=T/` with two files."""

import sys
from pathlib import Path

repository, layout = map(Path, sys.argv[1:])
layout.mkdir(parents=True)
(layout / "base.yaml").symlink_to(repository / "environments/base/app.yaml")
tenants = sorted((repository / "tenants").iterdir())
for description in (repository / "environments").glob("*/environment.yaml"):
    name = description.parent.name
    environment = layout / f"env={name}"
    environment.mkdir()
    (environment / "environment.yaml").symlink_to(description.with_name("app.yaml"))
    for tenant in tenants:
        folder = environment / f"tenant={tenant.name}"
        folder.mkdir()
        (folder / "1-everywhere.yaml").symlink_to(tenant / "app.yaml")
        (folder / "2-here.yaml").symlink_to(tenant / name / "app.yaml")
