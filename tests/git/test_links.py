"""Where symbolic links lead: the same in a work tree and at a revision."""

from __future__ import annotations

import pytest

from terrace.source import Unreadable, open_source

GOOD = {
    "beside": ("backend.yaml", "environments/base/backend.yaml"),
    "above": ("../../tenants/acme/backend.yaml", "tenants/acme/backend.yaml"),
    "untidy": (".//../base/./backend.yaml", "environments/base/backend.yaml"),
    "through a folder's link": ("../linked/backend.yaml", "tenants/acme/backend.yaml"),
    "through a folder's link and up": ("../linked/../globex.yaml", "tenants/globex.yaml"),
    "two hops": ("hop.yaml", "environments/base/backend.yaml"),
}
BAD = {
    "absolute": ("/etc/hostname", "leads out of the repository"),
    "upwards": ("../../../outside.yaml", "leads out of the repository"),
    "out and in again": ("../../../repo/environments/base/backend.yaml", "leads out of the repository"),
    "out by several hops": ("out1.yaml", "leads out of the repository"),
    "git's own": ("../../.git/config", "leads out of the repository"),
    "dangling": ("nothing.yaml", "to environments/base/nothing.yaml, which does not exist"),
    "through a file": ("backend.yaml/x.yaml", "to environments/base/backend.yaml/x.yaml, which does not exist"),
    "up from a file": ("backend.yaml/../backend.yaml", "to environments/base/backend.yaml/.., which does not exist"),
    "itself": ("link.yaml", "leads in a circle"),
    "a circle": ("round1.yaml", "leads in a circle"),
    "a folder": ("../../tenants/acme", "to a folder: links to folders are not followed"),
    "the top": ("../..", "to a folder: links to folders are not followed"),
}


@pytest.fixture
def linked(repo, tmp_path):
    """A repository with files and links among them, beside a file that lies outside."""
    (tmp_path / "outside.yaml").write_text("a: outside\n")
    texts = ("environments/base/backend.yaml", "tenants/acme/backend.yaml", "tenants/globex.yaml")
    repo.write({path: f"at: {path}\n" for path in texts})
    for path, leads in {
        "environments/linked": "../tenants/acme",
        "environments/base/hop.yaml": "./backend.yaml",
        "environments/base/out1.yaml": "out2.yaml",
        "environments/base/out2.yaml": "../../../outside.yaml",
        "environments/base/round1.yaml": "round2.yaml",
        "environments/base/round2.yaml": "round1.yaml",
    }.items():
        (repo.path / path).symlink_to(leads)
    return repo


def read(repo, at):
    source = open_source(repo.path, at)
    entries = source.entries("environments/base")
    return {entry.path: (entry, data) for entry, data in zip(entries, source.read(entries), strict=True)}


@pytest.mark.parametrize("at", [None, "main"])
@pytest.mark.parametrize(("leads", "file"), GOOD.values(), ids=GOOD)
def test_a_link_to_a_file_of_the_repository_is_that_file(linked, leads, file, at):
    (linked.path / "environments/base/link.yaml").symlink_to(leads)
    linked.commit()
    entry, data = read(linked, at)["environments/base/link.yaml"]
    assert (entry.kind, entry.real, data) == ("file", file, f"at: {file}\n".encode())


@pytest.mark.parametrize("at", [None, "main"])
@pytest.mark.parametrize(("leads", "reason"), BAD.values(), ids=BAD)
def test_a_link_that_leads_to_no_file_of_the_repository_says_why(linked, leads, reason, at):
    (linked.path / "environments/base/link.yaml").symlink_to(leads)
    linked.commit()
    entry, data = read(linked, at)["environments/base/link.yaml"]
    assert entry.kind == "link"
    assert isinstance(data, Unreadable)
    assert data.reason == f"is a symbolic link {'that ' * reason.startswith('leads')}{reason}"
    assert data.hint


@pytest.mark.parametrize("at", [None, "main"])
def test_a_chain_is_followed_as_far_as_linux_would(repo, at):
    repo.write({"environments/base/hop50.yaml": "a: 1\n"})
    for number in range(50):
        (repo.path / f"environments/base/hop{number}.yaml").symlink_to(f"hop{number + 1}.yaml")
    repo.commit()
    found = read(repo, at)
    kinds = [found[f"environments/base/hop{number}.yaml"][0].kind for number in range(50)]
    assert kinds == ["link"] * 10 + ["file"] * 40


@pytest.mark.parametrize("at", [None, "main"])
def test_a_link_to_a_folder_is_one_entry_and_nothing_below_it(linked, at):
    linked.commit()
    source = open_source(linked.path, at)
    for folder in ("environments/linked", "environments/linked/deeper"):
        assert [(entry.path, entry.kind) for entry in source.entries(folder)] == [("environments/linked", "link")]
    assert "environments/linked/backend.yaml" not in [entry.path for entry in source.entries("environments")]


@pytest.mark.parametrize("at", [None, "main"])
def test_a_configuration_in_a_bigger_repository_ends_at_its_own_folder(repo, at):
    repo.write({"config/environments/base/a.yaml": "a: 1\n", "other.yaml": "a: 2\n"})
    (repo.path / "config/environments/base/link.yaml").symlink_to("../../../other.yaml")
    repo.commit()
    source = open_source(repo.path / "config", at)
    entries = source.entries("environments")
    assert [entry.kind for entry in entries] == ["file", "link"]
    assert "out of the repository" in list(source.read(entries))[1].reason


def test_a_link_that_takes_a_files_place_is_not_followed(linked, tmp_path):
    source = open_source(linked.path)
    entries = source.entries("tenants/acme")
    file = linked.path / "tenants/acme/backend.yaml"
    file.unlink()
    file.symlink_to(tmp_path / "outside.yaml")
    [data] = source.read(entries)
    assert data.reason == "became a symbolic link while the repository was read"


def test_the_lock_that_emacs_puts_beside_an_edited_file_is_no_entry(linked):
    (linked.path / "tenants/acme/.#backend.yaml").symlink_to("ada@laptop.4711:1")
    assert [entry.path for entry in open_source(linked.path).entries("tenants/acme")] == ["tenants/acme/backend.yaml"]
