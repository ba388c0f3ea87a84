"""A real PostgreSQL of Debian's packages: its own data, on loopback, at a free port, as a user that is not root."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path


def programs() -> Path:
    """The folder of its programs; installed, where that is possible and they are not there."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found and os.geteuid() == 0 and shutil.which("apt-get"):
        command = ["apt-get", "install", "--yes", "--no-install-recommends", "postgresql"]
        environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(command, env=environ, check=True, capture_output=True)
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    assert found, "PostgreSQL is not installed: apt-get install postgresql"
    return found[-1].parent


class PostgreSQL:
    """A server that runs until it is stopped. `log` is the file to which it writes every statement."""

    def __init__(self) -> None:
        self._bin = programs()
        self._user = self._who()
        # Not in pytest's folder, which nobody but the user of the tests may enter.
        self.folder = Path(tempfile.mkdtemp(prefix="terrace-postgresql-"))
        if self._user:
            os.chown(self.folder, pwd.getpwnam(self._user).pw_uid, pwd.getpwnam(self._user).pw_gid)
        self.data, self.log = self.folder / "data", self.folder / "log"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._run(
            "initdb",
            "--pgdata",
            str(self.data),
            "--username",
            "admin",
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
        )
        settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": str(self.folder), "fsync": "off"}
        settings |= {"log_statement": "all", "log_min_error_statement": "error", "password_encryption": "scram-sha-256"}
        options = [f"--{name}={value}" for name, value in settings.items()]
        with self.log.open("wb") as log:
            command = [str(self._bin / "postgres"), "-D", str(self.data), "-p", str(self.port), *options]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, user=self._user, cwd=self.folder)
        self._wait()

    @staticmethod
    def _who() -> str | None:
        """PostgreSQL refuses to run as root."""
        if os.geteuid():
            return None
        names = [each.pw_name for each in pwd.getpwall()]
        return "postgres" if "postgres" in names else "nobody"

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._bin / program), *arguments]
        subprocess.run(command, user=self._user, cwd=self.folder, check=True, capture_output=True)

    def _wait(self) -> None:
        for _ in range(300):
            if self.sql("SELECT 1", check=False).returncode == 0:
                return
            time.sleep(0.1)
        raise AssertionError(self.log.read_text())

    @property
    def admin(self) -> dict[str, str]:
        """The variables by which libpq connects as the administrator."""
        return {"PGHOST": str(self.folder), "PGPORT": str(self.port), "PGUSER": "admin", "PGDATABASE": "postgres"}

    def sql(self, text: str, *, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self._psql(text, self.admin, check=check)

    def as_(self, login: Mapping[str, str], text: str = "SELECT current_user") -> subprocess.CompletedProcess[str]:
        """What comes of a statement for who logs in over the network."""
        variables = {"PGHOST": "127.0.0.1", "PGUSER": login["user"], "PGPASSWORD": login["password"]}
        return self._psql(text, {**self.admin, **variables}, check=False)

    def _psql(self, text: str, variables: Mapping[str, str], *, check: bool) -> subprocess.CompletedProcess[str]:
        command = [str(self._bin / "psql"), "--no-psqlrc", "--tuples-only", "--no-align", "--command", text]
        environ = {"PATH": os.environ["PATH"], **variables}
        return subprocess.run(command, env=environ, capture_output=True, text=True, check=check)

    def session(self, login: Mapping[str, str]) -> subprocess.Popen[str]:
        """A session that stays open, and answers each line that is a statement."""
        command = [str(self._bin / "psql"), "--no-psqlrc", "--tuples-only", "--no-align", "--quiet"]
        variables = {"PGHOST": "127.0.0.1", "PGUSER": login["user"], "PGPASSWORD": login["password"]}
        environ = {"PATH": os.environ["PATH"], **self.admin, **variables}
        pipe = subprocess.PIPE
        return subprocess.Popen(
            command, env=environ, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, text=True, bufsize=1
        )

    def stop(self) -> None:
        """End it, and remove its data."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(timeout=30)
        shutil.rmtree(self.folder)
