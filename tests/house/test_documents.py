"""Documents tell the truth where a machine can tell."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from terrace.errors import ExitCode

LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.M | re.S)
HOMES = ("/ho" + "me/", "/Us" + "ers/", "/ro" + "ot/", "C:\\" + "Users\\")


def headings(text: str) -> set[str]:
    """The anchors of a page, as GitHub and the site make them."""
    titles = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.M)
    return {re.sub(r"[\s]+", "-", re.sub(r"[^\w\s-]", "", title.lower()).strip()) for title in titles}


def problem(page: Path, link: str) -> str:
    """What is wrong with a relative link, or nothing."""
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists():
        return f"{page.name}: {link} leads nowhere"
    if anchor and anchor not in headings(target.read_text(encoding="utf-8")):
        return f"{page.name}: {link} names a heading that is not there"
    return ""


def test_links_between_documents_lead_somewhere(root: Path, files: list[Path]) -> None:
    problems = []
    for page in files:
        if page.suffix != ".md" or "cases" in page.parts:
            continue
        for link in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
            # The rules' pages are made with the site, and checked by its strict build.
            made = page.parent == root / "docs" and link.startswith("rules/")
            if not link.startswith(("http://", "https://", "mailto:")) and not made:
                problems.append(problem(page, link))
    assert list(filter(None, problems)) == []


@pytest.mark.parametrize("link", ["nowhere.md", "b.md#no-such-heading", "#none"])
def test_a_link_that_leads_nowhere_is_noticed(tmp_path: Path, link: str) -> None:
    (tmp_path / "a.md").write_text("# A\n", encoding="utf-8")
    (tmp_path / "b.md").write_text("# A heading: with dots\n", encoding="utf-8")
    assert problem(tmp_path / "a.md", link)
    assert not problem(tmp_path / "a.md", "b.md#a-heading-with-dots")


def test_changelog_begins_with_what_is_not_released(root: Path) -> None:
    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", text, re.M)[0] == "Unreleased"


def test_architecture_draws_the_layers_that_are_checked(root: Path) -> None:
    pyproject = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    checked = [line.replace("terrace.", "") for line in pyproject["tool"]["importlinter"]["contracts"][0]["layers"]]
    drawn = (root / "docs/architecture.md").read_text(encoding="utf-8")
    assert "```text\n" + "\n".join(checked) + "\n```" in drawn


def test_architecture_lists_every_exit_code(root: Path) -> None:
    section = (root / "docs/architecture.md").read_text(encoding="utf-8").split("## Exit codes")[1].split("\n## ")[0]
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", section, re.M)] == list(ExitCode)


def test_no_file_names_a_folder_of_somebody_s_machine(root: Path, files: list[Path]) -> None:
    unwanted = (*HOMES, f"{root}/")
    named = []
    for path in files:
        text = path.read_bytes().decode("utf-8", errors="replace")
        named += [f"{path.relative_to(root)}: {folder}" for folder in unwanted if folder in text]
    assert named == []


def test_dependencies_come_from_the_public_index(root: Path) -> None:
    lock = tomllib.loads((root / "uv.lock").read_text(encoding="utf-8"))
    sources = {package["source"].get("registry") for package in lock["package"]} - {None}
    assert sources == {"https://pypi.org/simple"}
