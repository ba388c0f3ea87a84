"""# Secrets file that does not open

A key at hand is one of those that the file is encrypted for, and does not open it; or it does, and the seal is broken.

**Why.** Either the file was changed by somebody without a key, a value put in another's place or an old one brought
back, or it is encrypted for somebody else than it says. The application that needs it will not start.

**Fix.** Look at what changed the file last: `git log -p`. Take it from the last commit in which it was right, and make the
change again with `terrace secrets set`.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.source import Location
from terrace.model.tried import Trial
from terrace.validate.opened import Example, Hit, Tried, rule

_PATH = "environments/production/app.secrets.yaml"
GOOD = (
    Example({}, opened={_PATH: {"database.password": "vRk8-qw2x-0Pd7"}}),
    Example({}, tried={_PATH: Trial(unchecked="no key at hand opens it")}),
)
BAD = (Example({}, f"{_PATH}:1", tried={_PATH: Trial("the file's MAC does not fit its values")}),)


@rule("SEC040", "secrets file that does not open", on="tried")
def check(file: Tried) -> Iterator[Hit]:
    """Every file that a key at hand should open and that it does not."""
    trial, document = file.trial, file.document
    if trial.problem:
        location = Location(document.path, trial.span) if trial.span else document.at(())
        hint = trial.hint or "Take it from the last commit in which it was right."
        yield Hit(trial.problem, location, trial.pointer, hint)
