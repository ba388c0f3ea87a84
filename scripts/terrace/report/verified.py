"""What is wrong with bundles, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence

from terrace.delivery import Verified
from terrace.report.formats.json import dump


def verified_text(verified: Sequence[Verified]) -> str:
    """A line for each bundle that is right, and for each thing that is wrong."""
    return "".join(line for each in verified for line in _lines(each))


def verified_json(verified: Sequence[Verified]) -> str:
    """The same for programs: `ok`, and `bundles`, each with its `folder`, `digest` (null if wrong), `problems` and
    `signer` (null where nobody asked who signed, or nobody did)."""
    bundles = [
        {
            "folder": str(each.folder),
            "digest": each.digest or None,
            "problems": list(each.problems),
            "signer": each.signer or None,
        }
        for each in verified
    ]
    return dump({"version": 1, "ok": not any(each.problems for each in verified), "bundles": bundles})


def _lines(each: Verified) -> list[str]:
    if not each.problems:
        signed = f"  signed by {each.signer}" if each.signer else ""
        return [f"ok  {each.folder}  {each.digest}{signed}\n"]
    return [
        f"{problem}\n" if problem.startswith(f"{each.folder} ") else f"{each.folder}: {problem}\n"
        for problem in each.problems
    ]
