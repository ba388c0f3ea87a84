"""Programs of Debian's packages that tests against the real thing need."""

from __future__ import annotations

import os
import shutil
import subprocess


def program(name: str, *packages: str) -> str:
    """The path of a program; its packages are installed, where that is possible and it is not there."""
    found = shutil.which(name)
    if not found and os.geteuid() == 0 and shutil.which("apt-get"):
        command = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
        environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(command, env=environ, check=True, capture_output=True)
        found = shutil.which(name)
    assert found, f"{name} is not installed: apt-get install {' '.join(packages)}"
    return found
