"""A repository with one service whose secrets have policies, a key that opens them, and a system that takes them.

The system is a folder: `accepted.json` lists the values that it accepts, by path. Its hook is a program of its own.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyrage

from terrace.model.source import parse_path
from terrace.schemas import export
from terrace.secrets import hook as hooks
from terrace.secrets import plan
from terrace.secrets.opening import Opener
from terrace.secrets.overview import overview
from terrace.secrets.plan import Planned
from terrace.secrets.rotate import Done, OnStep, rotate
from terrace.secrets.standing import Standing
from terrace.sops import Identities, create, identities, open_

FILE = "environments/production/app.secrets.yaml"
LEDGER = "environments/production/app.ledger.yaml"
DAY = date(2026, 1, 1)
CANARIES = {"database": "canary-4417-database", "hash": "canary-4417-hash", "login": "canary-4417-login"}
CONTRACT = """\
from typing import Annotated
from pydantic import BaseModel, Field, SecretStr
from terrace.contract import Owner, Rotating, Rotation, Secret, service

class Login(BaseModel):
    user: Annotated[str, Secret()]
    password: Annotated[SecretStr, Secret()]

class Config(BaseModel):
    model_config = {"json_schema_extra": service(tenancy="none", owner="shop", version="1")}
    database: Annotated[Rotating[SecretStr], Secret(), Owner("data"), Rotation(
        max_age="90d", overlap="24h", generate="password", hook=HOOK)]
    login: Annotated[Rotating[Login], Secret(), Rotation(
        max_age="90d", overlap="2d", generate={"login": {"users": ["shop_a", "shop_b"]}}, hook=HOOK)]
    hash: Annotated[SecretStr, Secret(), Rotation(max_age="30d", generate="hex", hook=HOOK)]
    token: Annotated[SecretStr, Secret(), Rotation(max_age="30d")]
    free: Annotated[SecretStr, Secret()]
"""
SYSTEM = """\
import json, os, sys
from pathlib import Path

told = json.load(sys.stdin)
place = Path(sys.argv[1])
if (place / "broken").exists():
    sys.exit(f"cannot take {told['current']}")
accepted = json.loads((place / "accepted.json").read_text())
mine = accepted.setdefault(told["path"], [])
if told["phase"] == "prepare":
    # As a system with two slots does: whatever is not the value before makes room.
    mine[:] = [each for each in (told["previous"], told["current"]) if each is not None]
elif told["phase"] == "replace":
    mine[:] = [told["current"]]
else:
    mine[:] = [each for each in mine if each != told["previous"]]
(place / "new.json").write_text(json.dumps(accepted))
os.replace(place / "new.json", place / "accepted.json")
with (place / "told.jsonl").open("a") as log:
    log.write(json.dumps(told) + "\\n")
"""


class Shop:
    """The repository in `root`, and the system beside it."""

    def __init__(self, folder: Path, *, key: str = "") -> None:
        self.root, self.system = folder / "repo", folder / "system"
        self.folder = folder
        self.private = key or str(pyrage.x25519.Identity.generate())
        self.identities: Identities = identities.of(self.private)
        self.recipient = self.identities.usable[0].recipient

    def begin(self, *, rotated: date = DAY, overrides: str = "") -> Shop:
        """Write it: every secret was made and last rotated on one day, and the system accepts all of them."""
        for each in (self.root / "schemas", self.root / "environments/production", self.system):
            each.mkdir(parents=True)
        (self.system / "hook.py").write_text(SYSTEM)
        argv = json.dumps(["python", str(self.system / "hook.py"), str(self.system)])
        (self.root / "schemas/app.py").write_text(CONTRACT.replace("HOOK", argv))
        for path, content in export(self.root).items():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_bytes(content)
        (self.root / "environments/production/environment.yaml").write_text(f"kind: production\n{overrides}")
        values = {
            "database": {"current": CANARIES["database"]},
            "login": {"current": {"user": "shop_a", "password": CANARIES["login"]}},
            "hash": CANARIES["hash"],
            "token": "token-of-a-person",
            "free": "as-long-as-it-likes",
        }
        (self.root / FILE).write_text(create(values, [self.recipient], now=datetime(2026, 1, 1, tzinfo=UTC)))
        dates = f"{{created: {rotated}, rotated: {rotated}, phase: current}}"
        (self.root / LEDGER).write_text("".join(f"{name}: {dates}\n" for name in values))
        accepted = {
            name: [values[name]["current"] if isinstance(values[name], dict) else values[name]] for name in values
        }  # type: ignore[index]
        (self.system / "accepted.json").write_text(json.dumps(accepted))
        return self

    @property
    def values(self) -> dict[str, Any]:
        """What the secrets file says now, in the open."""
        found = hooks.revealed(open_((self.root / FILE).read_text(), self.identities).values)
        assert isinstance(found, dict)
        return found

    @property
    def accepted(self) -> dict[str, list[Any]]:
        """What the system accepts now."""
        found: dict[str, list[Any]] = json.loads((self.system / "accepted.json").read_text())
        return found

    @property
    def told(self) -> list[dict[str, Any]]:
        """What the hook was told, in order."""
        file = self.system / "told.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def overview(self, today: date) -> dict[str, Standing]:
        return {each.path: each for each in overview(self.root, today)}

    @property
    def opener(self) -> Opener:
        return Opener(self.root, "terrace secrets rotate", "a test", self.environ())

    def planned(self, path: str, now: datetime) -> Planned:
        """The rotation of one secret, whether it is due or not."""
        return plan.chosen(overview(self.root, now.date()), "app", parse_path(path), "")[0]

    def rotate(self, path: str, now: datetime, *, end: bool = False, on_step: OnStep = lambda _: None) -> Done:
        """Rotate one secret by name."""
        return rotate(self.root, self.planned(path, now).job, self.opener, now, end_overlap=end, on_step=on_step)

    def revoke(self, path: str, now: datetime) -> Done:
        """Take the value before away, and make no new one."""
        return rotate(self.root, self.planned(path, now).job, self.opener, now, renew=False)

    def rotate_due(self, now: datetime, *, on_step: OnStep = lambda _: None) -> dict[str, Done]:
        """Do what is due."""
        found = {}
        for each in plan.due(overview(self.root, now.date())):
            if each.action != "hand":
                renew = each.action == "renew"
                found[each.standing.path] = rotate(self.root, each.job, self.opener, now, renew=renew, on_step=on_step)
        return found

    def environ(self) -> dict[str, str]:
        """The variables of a process that works on it."""
        return {
            **{name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ},
            "HOME": str(self.folder),
            "XDG_STATE_HOME": str(self.folder / "state"),
            "SOPS_AGE_KEY": self.private,
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        }
