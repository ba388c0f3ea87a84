"""Start the example: `make example`.

Nobody but its owners can open the secrets of the repository. So this works on a copy of it, in `.terrace/example/`,
with a key and secrets of its own for the development environment, deploys that, and starts the application.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from examples.backend.copied import Copy

HERE = Path(__file__).resolve().parents[2]


def main() -> None:
    """Make the copy if it is not there, deploy, become the application."""
    parser = argparse.ArgumentParser(prog="python -m examples.backend", description=__doc__)
    parser.add_argument("--folder", type=Path, default=HERE / ".terrace" / "example", help="where the copy is")
    parser.add_argument("--port", default="8080")
    parser.add_argument("--workers", default="2")
    args = parser.parse_args()
    copy = Copy(HERE, args.folder.resolve())
    copy.make()
    copy.deploy()
    print(
        f"\nThe example is at http://127.0.0.1:{args.port}/ and its health at /ops/configz.\n"
        f"Change something while it runs, and deploy it:\n\n"
        f"    sed -i 's/pool_max: .*/pool_max: 9/' {copy.shown}/environments/development/backend.yaml\n"
        f"    terrace -C {copy.shown} deploy --env development\n\n"
        f"Or turn a flag off, which is live_tickets at /restaurants/northline-burgers:\n\n"
        f"    terrace -C {copy.shown} flags off live-tickets --env development --yes\n"
        f"    terrace -C {copy.shown} deploy --env development --only flags\n",
        flush=True,
    )
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "examples.backend.app:app",
        "--port",
        args.port,
        "--log-level",
        "warning",
    ]
    os.chdir(HERE)
    os.execve(sys.executable, [*command, "--workers", args.workers], {**os.environ, **copy.variables})


if __name__ == "__main__":
    main()
