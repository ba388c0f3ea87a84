"""The bytes of a repository, from its folder and from its commits."""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
from pathlib import Path

import pytest

from terrace.errors import GitError, SourceError
from terrace.model.entities import Origin
from terrace.source import Entry, Unreadable, name_problem, open_source

MIB = 1024 * 1024
FILES = {
    "environments/base/shared.yaml": "a: 1\n",
    "environments/base.yaml": "a: 2\n",
    "environments/production/eu/deep/er.yaml": "",
    "tenants/acme/tenant.yaml": "é\r\n",
    "tenants/.hidden.yaml": "a: 3\n",
}
BOTH = pytest.mark.parametrize("at", [None, "main"])


def contents(source, folder):
    entries = source.entries(folder)
    return {entry.path: data for entry, data in zip(entries, source.read(entries), strict=True)}


@BOTH
def test_a_folder_is_listed_at_every_depth_in_order_of_paths(repo, at):
    repo.commit(**FILES)
    source = open_source(repo.path, at)
    entries = source.entries("environments")
    assert [(entry.path, entry.kind, entry.real) for entry in entries] == [
        ("environments/base.yaml", "file", "environments/base.yaml"),
        ("environments/base/shared.yaml", "file", "environments/base/shared.yaml"),
        ("environments/production/eu/deep/er.yaml", "file", "environments/production/eu/deep/er.yaml"),
    ]
    assert source.root == repo.path
    assert contents(source, "") == {path: text.encode() for path, text in FILES.items()}


@BOTH
def test_a_folder_that_is_not_there_holds_nothing_and_a_file_is_itself(repo, at):
    repo.commit(**FILES)
    source = open_source(repo.path, at)
    assert source.entries("flags") == source.entries("tenants/nobody/at/all") == []
    assert [entry.path for entry in source.entries("environments/base.yaml")] == ["environments/base.yaml"]


@BOTH
def test_a_configuration_in_a_folder_of_a_bigger_repository(repo, at):
    repo.commit(**{f"deploy/config/{path}": text for path, text in FILES.items()}, **{"environments/x.yaml": ""})
    source = open_source(repo.path / "deploy/config", at)
    assert contents(source, "") == {path: text.encode() for path, text in FILES.items()}


@BOTH
def test_a_signature_changes_with_the_content_and_only_then(repo, at):
    repo.commit(**FILES)
    before = open_source(repo.path, at).entries("tenants")
    assert open_source(repo.path, at).entries("tenants") == before
    repo.commit(**{"tenants/acme/tenant.yaml": "è\r\n"})
    after = open_source(repo.path, at).entries("tenants")
    assert [old.signature == new.signature for old, new in zip(before, after, strict=True)] == [True, False]


def test_a_revision_does_not_look_at_the_work_tree(repo):
    first = repo.commit(**FILES)
    repo.commit(**{"environments/base.yaml": "changed"})
    repo.write({"tenants/acme/tenant.yaml": "dirty", "tenants/new.yaml": "untracked"})
    source = open_source(repo.path, "main~1")
    assert contents(source, "") == {path: text.encode() for path, text in FILES.items()}
    assert source.origin == Origin(first, "2026-03-01T12:00:00Z", (), "main~1")


def test_a_bare_repository_can_be_read_at_a_revision(repo, tmp_path):
    repo.commit(**FILES)
    repo.git("clone", "--quiet", "--bare", str(repo.path), str(tmp_path / "bare.git"))
    source = open_source(tmp_path / "bare.git", "main")
    assert contents(source, "environments/base") == {"environments/base/shared.yaml": b"a: 1\n"}
    assert open_source(tmp_path / "bare.git").origin == Origin()


def test_the_origin_of_a_work_tree_is_its_commit_and_what_differs_in_the_folders_that_count(repo):
    commit = repo.commit(**FILES)
    assert open_source(repo.path).origin == Origin(commit, "2026-03-01T12:00:00Z")
    repo.write({"README.md": "", "tenants/a\nb.yaml": "", "environments/base.yaml": "new"})
    (repo.path / "tenants/acme/tenant.yaml").unlink()
    dirty = ("environments/base.yaml", "tenants/a\\nb.yaml", "tenants/acme/tenant.yaml")
    assert open_source(repo.path).origin == Origin(commit, "2026-03-01T12:00:00Z", dirty)


def test_the_origin_before_the_first_commit_and_outside_of_git(repo, tmp_path):
    repo.write(FILES)
    assert open_source(repo.path).origin == Origin(dirty=tuple(sorted(FILES)))
    (tmp_path / "plain").mkdir()
    assert open_source(tmp_path / "plain").origin == Origin()


def test_what_cannot_be_opened_is_said(repo, tmp_path):
    with pytest.raises(SourceError, match="nowhere does not exist"):
        open_source(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    with pytest.raises(SourceError, match="is not a folder"):
        open_source(tmp_path / "file")
    (tmp_path / "plain").mkdir()
    with pytest.raises(SourceError, match="not in a Git repository, so it has no 'v1'"):
        open_source(tmp_path / "plain", "v1")
    repo.commit()
    (repo.path / "config").mkdir()
    with pytest.raises(GitError, match="no folder 'config' in commit"):
        open_source(repo.path / "config", "main").entries("environments")


@BOTH
def test_odd_names_survive_and_can_be_shown(repo, at):
    names = [b"new\nline.yaml", b"\xff\xfe.yaml", b"back\\nslash.yaml", "\u202egpj.yaml".encode(), b"\x1b[31m.yaml"]
    names += [b"-rf.yaml", b" ", "ä ü ".encode(), b"*?[x].yaml", b":(top)x", b"n" * 255]
    folder = os.fsencode(repo.path / "tenants")
    os.mkdir(folder)  # noqa: PTH102  the names are bytes
    for name in names:
        with open(folder + b"/" + name, "wb") as file:
            file.write(name)
    repo.commit()
    read = contents(open_source(repo.path, at), "tenants")
    shown = {data: path.removeprefix("tenants/") for path, data in read.items()}
    assert set(shown) == set(names)
    assert [shown[name] for name in names[:5]] == [
        "new\\nline.yaml", "\\xff\\xfe.yaml", "back\\\\nslash.yaml", "\\u202egpj.yaml", "\\x1b[31m.yaml",
    ]  # fmt: skip
    assert all(path.isprintable() for path in read)
    assert [bool(name_problem(shown[name])) for name in names] == [True] * 5 + [False] * 6


@BOTH
def test_a_path_longer_than_the_system_can_open(repo, at):
    repo.commit(**{"tenants/a.yaml": "a: 1\n"})
    if at:
        deep = "/".join(["d" * 200] * 30) + "/x.yaml"
        blob = repo.git("hash-object", "-w", "tenants/a.yaml")
        repo.git("update-index", "--add", "--cacheinfo", f"100644,{blob},tenants/{deep}")
        repo.git("commit", "--quiet", "-m", "Deep")
        assert contents(open_source(repo.path, at), "tenants")[f"tenants/{deep}"] == b"a: 1\n"
        return
    with contextlib.ExitStack() as stack:
        here = stack.enter_context(_directory(os.open(repo.path / "tenants", os.O_RDONLY)))
        for _ in range(30):
            os.mkdir("d" * 200, dir_fd=here)
            here = stack.enter_context(_directory(os.open("d" * 200, os.O_RDONLY, dir_fd=here)))
    source = open_source(repo.path)
    entry, data = next(
        zip(reversed(source.entries("tenants")), source.read(source.entries("tenants")[::-1]), strict=False)
    )
    assert (entry.kind, data.reason) == ("other", "cannot be read: file name too long")


@contextlib.contextmanager
def _directory(descriptor):
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@BOTH
def test_a_file_of_one_mebibyte_is_read_and_a_bigger_one_is_not(repo, at):
    repo.commit(**{"tenants/a.yaml": "x" * MIB, "tenants/b.yaml": "x" * (MIB + 1), "tenants/c.yaml": "c"})
    read = contents(open_source(repo.path, at), "tenants")
    assert read["tenants/a.yaml"] == b"x" * MIB
    known = "" if at else " (1,048,577 bytes)"
    assert read["tenants/b.yaml"].reason == f"is larger than 1 MiB{known}"
    assert read["tenants/c.yaml"] == b"c"


def test_a_file_of_which_the_system_does_not_know_the_size():
    [data] = open_source(Path("/proc/sys/kernel")).read([Entry("ostype", "file", "", "ostype")])
    assert data == b"Linux\n"


def test_many_readings_of_a_revision_share_one_process(repo, tmp_path, monkeypatch):
    repo.commit(**FILES)
    source = open_source(repo.path, "main")
    expected = contents(source, "tenants")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert contents(source, "tenants") == expected


def test_a_file_that_vanishes_grows_or_becomes_a_fifo_in_between(repo):
    repo.write({f"tenants/{name}.yaml": "a: 1\n" for name in ("fifo", "gone", "grown", "same")})
    source = open_source(repo.path)
    entries = source.entries("tenants")
    (repo.path / "tenants/gone.yaml").unlink()
    (repo.path / "tenants/grown.yaml").write_text("a: 12345\n")
    (repo.path / "tenants/fifo.yaml").unlink()
    os.mkfifo(repo.path / "tenants/fifo.yaml")
    fifo, gone, grown, same = source.read(entries)
    assert fifo.reason == "is a FIFO, not a file"
    assert gone.reason == "vanished while the repository was read"
    assert (grown, same) == (b"a: 12345\n", b"a: 1\n")


def test_fifos_and_sockets_are_never_opened(repo, monkeypatch):
    (repo.path / "tenants").mkdir()
    os.mkfifo(repo.path / "tenants/a.yaml")
    monkeypatch.chdir(repo.path)  # the path of a socket has to be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("tenants/b.yaml")
        source = open_source(repo.path)
        entries = source.entries("tenants")
        assert [entry.kind for entry in entries] == ["other", "other"]
        reasons = [data.reason for data in source.read(entries)]
    assert reasons == ["is a FIFO, not a file", "is a socket, not a file"]


@BOTH
def test_a_submodule_is_one_entry_and_its_files_are_not_read(repo, tmp_path, at):
    library = type(repo)(tmp_path / "library")
    library.path.mkdir()
    library.git("init", "--quiet")
    library.commit(**{"backend.yaml": "a: 1\n"})
    repo.commit(**{"tenants/z.yaml": "z"})
    repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library.path), "tenants/acme")
    repo.commit()
    source = open_source(repo.path, at)
    entries = source.entries("tenants")
    assert [(entry.path, entry.kind) for entry in entries] == [("tenants/acme", "other"), ("tenants/z.yaml", "file")]
    refused, z = source.read(entries)
    assert (refused.reason, z) == ("is a Git repository of its own (a submodule)", b"z")


@pytest.fixture
def unprivileged():
    """A folder, and a way to be somebody for whom permissions count (root ignores them)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder, _somebody


@contextlib.contextmanager
def _somebody():
    if os.geteuid() != 0:
        yield
        return
    try:
        os.seteuid(65534)
    except OSError as error:
        reason = f"PERMISSIONS ARE NOT TESTED: root cannot become another user here ({error})"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    try:
        yield
    finally:
        os.seteuid(0)


def test_files_and_folders_without_permission_are_said_and_the_others_read(unprivileged):
    folder, somebody = unprivileged
    (folder / "tenants/locked").mkdir(parents=True)
    for name in ("tenants/open.yaml", "tenants/secret.yaml", "tenants/locked/x.yaml"):
        (folder / name).write_text("a: 1\n")
    (folder / "tenants/secret.yaml").chmod(0)
    (folder / "tenants/locked").chmod(0)
    try:
        with somebody():
            source = open_source(folder)
            entries = source.entries("tenants")
            locked, open_, secret = source.read(entries)
    finally:
        (folder / "tenants/locked").chmod(0o755)
    assert [(entry.path, entry.kind) for entry in entries] == [
        ("tenants/locked", "other"), ("tenants/open.yaml", "file"), ("tenants/secret.yaml", "file"),
    ]  # fmt: skip
    assert open_ == b"a: 1\n"
    assert locked == secret == Unreadable("cannot be read: permission denied", "Give yourself the right to read it.")
