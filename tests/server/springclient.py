"""A real application with Spring's own client: its jars fetched once by Maven, then kept in the user's cache."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.debian import program
from tests.golang import CACHE

SOURCES = Path(__file__).parent / "spring"
BOOTS = {"3.5.7": "2025.0.0", "4.0.7": "2025.1.1"}
"""Versions of Spring Boot, and the Spring Cloud that goes with each."""


@cache
def class_path(boot: str) -> str:
    """Where Java finds the application and all that it needs."""
    for name in ("java", "javac", "mvn"):
        program(name, "default-jdk-headless", "maven")
    made = sha256((SOURCES / "Client.java").read_bytes() + (SOURCES / "pom.xml").read_bytes()).hexdigest()[:12]
    folder = CACHE / f"spring-client-{boot}-{made}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / f"spring-client-{boot}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            building = CACHE / f"spring-client-{boot}.new"
            shutil.rmtree(building, ignore_errors=True)
            _build(boot, building)
            building.rename(folder)
    return f"{folder / 'classes'}:{folder / 'lib'}/*"


def _build(boot: str, folder: Path) -> None:
    versions = [f"-Dboot.version={boot}", f"-Dcloud.version={BOOTS[boot]}"]
    fetch = ["mvn", "-B", "-q", "-f", str(SOURCES / "pom.xml"), "dependency:copy-dependencies", *versions]
    subprocess.run([*fetch, f"-DoutputDirectory={folder / 'lib'}", "-DincludeScope=runtime"], check=True)
    compile_ = ["javac", "-parameters", "-cp", f"{folder / 'lib'}/*", "-d", str(folder / "classes")]
    subprocess.run([*compile_, str(SOURCES / "Client.java")], check=True)


class Client:
    """The application, started in `folder` with the files that lie there, until it is closed."""

    def __init__(self, boot: str, folder: Path, environ: Mapping[str, str]) -> None:
        self.log = folder / "log"
        command = ["java", "-XX:TieredStopAtLevel=1", "-Xmx256m", "-cp", class_path(boot), "Client"]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
                env={"PATH": os.environ["PATH"], **environ},
            )  # fmt: skip
        self.is_started = self._line() == "started"

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=60)

    def ask(self, line: str) -> Any:
        """What it answers."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return self._line()

    def _line(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        return json.loads(line) if line else None
