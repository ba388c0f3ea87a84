"""Reads services' current releases over and over, by the contract for readers and without any code of Terrace.

It follows `..data` once, opens the manifest and the files of its slice there, and checks every digest. It starts when
there is something to read, and at "stop" on its input says what it saw.
"""

from __future__ import annotations

import hashlib
import json
import os
import select
import sys


def read(service: str, tenant: str) -> str:
    folder = os.path.realpath(f"{service}/..data")
    with open(f"{folder}/manifest.json", "rb") as file:
        data = file.read()
    manifest = json.loads(data)
    part = manifest["slices"].get(tenant) or manifest["slices"][""]
    names = [part["config"], *(item["file"] for item in part["secrets"])]
    for name in names:
        with open(f"{folder}/{name}", "rb") as file:
            content = file.read()
        if hashlib.sha256(content).hexdigest() != manifest["files"][name]["sha256"]:
            raise ValueError(f"{name} in {folder} is not what the manifest promises")
    digest = hashlib.sha256(data).hexdigest()
    if f"/..sha256-{digest}" not in folder:
        raise ValueError(f"{folder} holds {digest}")
    return digest


def main() -> None:
    tenant, services = sys.argv[1], sys.argv[2:]
    print("reading", flush=True)
    seen: dict[str, list[str]] = {service: [] for service in services}
    broken: list[str] = []
    count = 0
    while not select.select([sys.stdin], [], [], 0)[0]:
        for service in services:
            try:
                digest = read(service, tenant)
            except (OSError, ValueError, KeyError) as error:
                broken.append(repr(error))
                continue
            count += 1
            if not seen[service] or seen[service][-1] != digest:
                seen[service].append(digest)
    print(json.dumps({"count": count, "broken": broken, "seen": list(seen.values())}))


main()
