"""Nothing that a repository's own configuration names is ever run."""

from __future__ import annotations

import pytest

from terrace.errors import GitError
from terrace.git import find
from terrace.source import open_source


@pytest.fixture
def trap(repo, tmp_path):
    """A repository that names a program wherever Git takes one, and the file that the program would leave behind."""
    marker = tmp_path / "MARKER"
    program = tmp_path / "program"
    program.write_text(f'#!/bin/sh\necho "$0 $@" >> {marker}\ncat\n')
    program.chmod(0o755)
    base = repo.commit(**{"environments/base/shared.yaml": "a: 1\n", ".gitattributes": "*.yaml filter=x diff=x\n"})
    settings = (
        *("core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "core.askPass", "core.gitProxy"),
        *("core.alternateRefsCommand", "pager.status", "pager.rev-list", "pager.ls-tree", "filter.x.clean"),
        *("filter.x.smudge", "filter.x=y.clean", "filter.x=y.process", "diff.external", "diff.x.textconv"),
        *("diff.x.command", "merge.x.driver", "credential.helper", "gpg.program", "gpg.ssh.program", "alias.status"),
        *("sequence.editor", "interactive.diffFilter", "remote.origin.uploadpack", "uploadpack.packObjectsHook"),
    )
    for name in settings:
        repo.git("config", name, str(program))
    for name in ("log.showSignature", "filter.x.required", "status.showStash"):
        repo.git("config", name, "true")
    hooks = repo.path / ".git/hooks"
    hooks.mkdir(exist_ok=True)
    for hook in (
        "reference-transaction",
        "post-index-change",
        "pre-commit",
        "commit-msg",
        "post-commit",
        "post-checkout",
    ):
        (hooks / hook).symlink_to(program)
    (repo.path / "environments/base/shared.yaml").write_text("a: 2\n")
    marker.unlink(missing_ok=True)
    return repo, base, marker


def test_reading_and_committing_run_nothing(trap):
    repo, base, marker = trap
    git = find(repo.path)
    assert git.resolve("HEAD").oid == git.resolve("2026-12-31").oid == base
    assert git.dirty() == ("environments/base/shared.yaml",)
    for at in (None, "main"):
        source = open_source(repo.path, at)
        assert [data[:2] for data in source.read(source.entries("environments"))] == [b"a:"]
        assert source.origin.commit == base
    git.commit_files("next", {"environments/base/shared.yaml": "a: 3\n"}, "Next", base)
    assert not marker.exists(), marker.read_text()


def test_the_trap_works(trap):
    repo, _, marker = trap
    repo.git("--no-pager", "status")
    assert marker.exists()


def test_a_filter_alone_is_not_run_by_looking_for_changes(trap):
    repo, _, marker = trap
    repo.git("config", "--unset", "core.fsmonitor")
    repo.git("status")
    assert marker.exists(), "git status itself runs the filter: this test can fail"
    marker.unlink()
    (repo.path / "environments/base/shared.yaml").write_text("a: 4\n")
    find(repo.path).dirty()
    assert not marker.exists()


def test_a_missing_object_is_not_fetched_by_a_program_of_the_repository(trap):
    repo, _, marker = trap
    for name, value in {"url": "ext::touch " + str(marker), "promisor": "true"}.items():
        repo.git("config", f"remote.origin.{name}", value)
    repo.git("config", "--unset", "remote.origin.uploadpack")
    repo.git("config", "protocol.ext.allow", "always")
    repo.git("config", "extensions.partialClone", "origin")
    repo.git("config", "core.repositoryFormatVersion", "1")
    with pytest.raises(GitError, match=r"does not hold|ended before"):
        list(find(repo.path).blobs(["e" * 40]))
    assert not marker.exists()


def test_signing_with_a_program_of_the_repository_is_refused(trap):
    repo, base, marker = trap
    repo.git("config", "commit.gpgSign", "true")
    with pytest.raises(GitError, match=r"names a program to sign with \(gpg\.program\)"):
        find(repo.path).commit_files("next", {"x.yaml": "a: 3\n"}, "Next", base)
    assert not marker.exists()
