"""The door to a checkout: what it opens, writes, lists and starts, and what it refuses."""

from __future__ import annotations

import ntpath
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from apimpolicy import checkout

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs links and pipes")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a repository with links, beside a folder that is none of its business."""
    outside, project = tmp_path / "outside", tmp_path / "project"
    for folder in (outside / ".git", project / ".git", project / "sub" / ".hidden"):
        folder.mkdir(parents=True)
    (outside / "secret.txt").write_text("secret")
    for name in ("own.txt", ".env", ".git/config", "sub/own.txt", "sub/.hidden/own.txt"):
        (project / name).write_text("own")
    (project / "inner").symlink_to(project / "sub")
    (project / "file").symlink_to(outside / "secret.txt")
    (project / "vendor").symlink_to(outside)
    (project / "dangling").symlink_to(outside / "new.txt")
    (project / "hooks").symlink_to(project / ".git")
    os.mkfifo(project / "pipe")
    return project


READ = {"own.txt": True, "inner/own.txt": True, "sub/.hidden/own.txt": True, ".env": True, "file": False}
READ |= {"vendor/secret.txt": False, "hooks/config": False, "pipe": False, "sub/../vendor/secret.txt": False}


@pytest.mark.parametrize(("name", "allowed"), READ.items())
def test_a_path_of_the_user_is_read_unless_a_link_leads_out(project: Path, name: str, allowed: bool) -> None:
    if allowed:
        with checkout.open_bytes(project / name) as file:
            assert file.read() == b"own"
    else:
        with pytest.raises(PermissionError):
            checkout.open_bytes(project / name)


@pytest.mark.parametrize("path", [r"\\host\share\a.xml", "//host/share/a.xml", r"\\?\UNC\host\share\a.xml"])
def test_another_machine_is_not_asked_where_a_path_leads(path: str) -> None:
    assert checkout.is_share(path, ["C:\\work"], ntpath.splitdrive)
    assert not checkout.is_share("C:\\work\\a.xml", ["C:\\work"], ntpath.splitdrive)
    assert not checkout.is_share(r"\\host\share\a.xml", ["\\\\HOST\\share\\work"], ntpath.splitdrive)


def test_where_a_path_leads_costs_the_same_at_any_depth(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    depth = 200
    deepest = project.joinpath(*["d"] * depth)
    deepest.mkdir(parents=True)
    (deepest / "a.xml").touch()
    (deepest / "out").symlink_to(project / "sub")
    asked = 0
    real = os.lstat

    def counting(path: str) -> os.stat_result:
        nonlocal asked
        asked += 1
        return real(path)

    monkeypatch.setattr(os, "lstat", counting)
    found = list(checkout.walk(str(project)))
    monkeypatch.undo()
    assert any("a.xml" in files for _, _, files in found)
    assert asked < 10 * depth
    for path in (deepest / "a.xml", deepest / "out" / "own.txt", project / "inner" / "own.txt", project / "missing/a"):
        assert checkout._real(str(path)) == os.path.realpath(path)
    (project / "inner").unlink()
    (project / "inner").symlink_to(project / "d")
    assert checkout._real(str(project / "inner" / "d")) == str(project / "d" / "d")


@pytest.mark.parametrize("name", ["file", "dangling", "vendor/new.txt", "hooks/pre-commit", "vendor/secret.txt"])
def test_nothing_is_written_through_a_link(project: Path, name: str) -> None:
    with pytest.raises(PermissionError):
        checkout.write(str(project / name), b"changed")
    outside = project.parent / "outside"
    assert [each.name for each in outside.iterdir() if each.is_file()] == ["secret.txt"]
    assert (outside / "secret.txt").read_text() == "secret"
    assert not (project / ".git/pre-commit").exists()


def test_a_file_is_written_whole_and_keeps_its_mode(project: Path) -> None:
    path = project / "own.txt"
    path.chmod(0o600)
    checkout.write(str(path), b"new")
    checkout.write(str(project / "inner" / "new.txt"), b"new")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", 0o600)
    assert (project / "sub" / "new.txt").read_text() == "new"


def test_a_path_outside_of_checkouts_is_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    checkout.write(str(tmp_path / "link"), b"new")
    assert (tmp_path / "target").read_text() == "new"
    checkout.write("/dev/null", b"new")


def test_a_walk_follows_no_link_to_a_folder_and_stays_inside(project: Path) -> None:
    found = {
        os.path.relpath(os.path.join(folder, name), project)
        for folder, _, names in checkout.walk(str(project))
        for name in names
    }
    assert found == {"own.txt", ".env", ".git/config", "sub/own.txt", "sub/.hidden/own.txt", "pipe"}


def test_an_archive_without_git_is_a_checkout_too(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / ".git" / "config").unlink()
    (project / ".git").rmdir()
    assert "file" not in {name for _, _, names in checkout.walk(str(project)) for name in names}
    monkeypatch.chdir(project)
    with pytest.raises(PermissionError):
        checkout.open_bytes("vendor/secret.txt")


def test_a_repository_in_the_tree_runs_nothing(tmp_path: Path) -> None:
    """A bare repository that is part of a commit isn't believed: its configuration names a program."""
    apis = tmp_path / "apis"
    for name in ("objects/info", "refs/heads"):
        (apis / name).mkdir(parents=True)
    command = f"touch {tmp_path}/it-ran; false"
    (apis / "HEAD").write_text("ref: refs/heads/main\n")
    (apis / "config").write_text(
        "[core]\n\trepositoryformatversion = 1\n\tbare = false\n\tworktree = .\n[extensions]\n\tpartialClone = origin\n"
        f'[remote "origin"]\n\turl = .\n\tpromisor = true\n\tuploadpack = "{command}"\n'
    )
    found = checkout.git(str(apis), "cat-file", "-p", "0123456789012345678901234567890123456789")
    assert (found.code != 0, (tmp_path / "it-ran").exists()) == (True, False)


def test_git_of_the_checkout_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "git").write_text(f"#!/bin/sh\ntouch {tmp_path}/it-ran\n")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}.{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    checkout._git_program.cache_clear()
    checkout.git(".", "--version")
    assert not (tmp_path / "it-ran").exists()
    monkeypatch.setenv("PATH", str(tmp_path))
    checkout._git_program.cache_clear()
    with pytest.raises(FileNotFoundError, match="git is not installed"):
        checkout.git(".", "--version")
    checkout._git_program.cache_clear()


def test_the_checkout_of_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The nearest repository counts, from wherever a command is started; without one, the current folder."""
    archive, repository, inner = tmp_path / "archive", tmp_path / "repository", tmp_path / "repository" / "a" / "inner"
    for folder in (archive / "sub", repository / ".git", inner / ".git"):
        folder.mkdir(parents=True)
    (archive / "vendor").symlink_to(repository)
    (repository / "vendor").symlink_to(archive)
    rows = [
        (repository, repository / "a" / "x", repository),
        (repository / "a", repository / "a" / "x", repository),
        (repository / "a", inner / "x", inner),
        (repository, repository / "vendor" / "x", repository),
        (tmp_path / "archive", repository / "a" / "x", repository),
        (archive, archive / "sub" / "x", archive),
        (archive / "sub", archive / "sub" / "x", archive / "sub"),
        (archive, archive / "vendor" / "x", archive),
        (repository, archive / "sub" / "x", None),
    ]
    for here, path, root in rows:
        monkeypatch.chdir(here)
        assert checkout.root_of(str(path)) == (None if root is None else str(root)), (here, path)


def _made(folder: Path, *options: str) -> Path:
    folder.mkdir(exist_ok=True)
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "protocol.file.allow=always")
    for command in (("init", "--quiet", *options), ("add", "."), ("commit", "--quiet", "--allow-empty", "-m", "a")):
        subprocess.run(["git", *who, *command], cwd=folder, check=True, capture_output=True)
    return folder


def _said(folder: Path) -> str:
    done = checkout.git(str(folder), "rev-parse", "HEAD")
    return done.errors.decode() if done.code else "an object"


def test_objects_come_from_the_checkout_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive may bring a `.git` that leads to a repository of the user's."""
    private = _made(tmp_path / "private")
    for name in ("linked", "named"):
        (tmp_path / name).mkdir()
    (tmp_path / "linked" / ".git").symlink_to(private / ".git")
    (tmp_path / "named" / ".git").write_text(f"gitdir: {private / '.git'}\n")
    _made(tmp_path / "borrowing")
    (tmp_path / "borrowing" / ".git/objects/info/alternates").write_text(f"{private / '.git/objects'}\n")
    assert "is a link" in _said(tmp_path / "linked")
    assert "doesn't know this folder" in _said(tmp_path / "named")
    assert "alternates" in _said(tmp_path / "borrowing")
    monkeypatch.setenv(checkout.TRUST, "1")
    assert {_said(tmp_path / name) for name in ("linked", "named", "borrowing")} == {"an object"}


def test_work_trees_and_submodules_are_repositories(tmp_path: Path) -> None:
    outer, inner = _made(tmp_path / "outer"), _made(tmp_path / "inner")
    for command in (
        ("worktree", "add", "--quiet", "-b", "b", str(tmp_path / "tree")),
        ("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner), "sub"),
    ):
        subprocess.run(["git", *command], cwd=outer, check=True, capture_output=True)
    assert [_said(each) for each in (outer, tmp_path / "tree", outer / "sub")] == ["an object"] * 3


def test_no_program_of_a_repository_fetches_an_object(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also not with a git that doesn't know GIT_NO_LAZY_FETCH."""
    folder = _made(tmp_path / "partial")
    with (folder / ".git" / "config").open("a") as file:
        file.write('[protocol]\n\tallow = always\n[protocol "file"]\n\tallow = always\n')
        file.write(f'[extensions]\n\tpartialClone = origin\n[remote "origin"]\n\turl = {folder}\n\tpromisor = true\n')
        file.write(f'\tuploadpack = "touch {tmp_path}/it-ran; false"\n')
    without = {name: value for name, value in checkout._GIT_ENVIRONMENT.items() if name != "GIT_NO_LAZY_FETCH"}
    monkeypatch.setattr(checkout, "_GIT_ENVIRONMENT", without)
    assert checkout.git(str(folder), "cat-file", "-p", "0123456789012345678901234567890123456789").code
    assert not (tmp_path / "it-ran").exists()


def test_an_answer_of_git_has_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "large"
    folder.mkdir()
    (folder / "a.txt").write_text("a" * 5_000)
    _made(folder)
    monkeypatch.setattr(checkout, "MOST_GIT_BYTES", 4_000)
    done = checkout.git(str(folder), "cat-file", "-p", "HEAD:a.txt")
    assert (done.code, done.output) == (128, b"")
    assert checkout.git(str(folder), "rev-parse", "HEAD").code == 0


def test_a_list_of_git_is_read_as_far_as_its_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two trees have ten thousand paths."""
    folder = _made(tmp_path / "wide")
    entry = "100644 blob " + checkout.git(str(folder), "hash-object", "-w", "--stdin", given=b"a").output.decode()[:40]
    for _ in range(2):
        lines = "".join(f"{entry}\ta{each:03}\n" for each in range(100))
        tree = checkout.git(str(folder), "mktree", given=lines.encode()).output.decode().strip()
        entry = f"040000 tree {tree}"
    command = ("ls-tree", "-r", "-z", "--full-tree", tree)
    monkeypatch.setattr(checkout, "MOST_GIT_PATHS", 10_000)
    assert checkout.git(str(folder), *command, is_list=True).output.count(b"\0") == 10_000
    monkeypatch.setattr(checkout, "MOST_GIT_PATHS", 9_999)
    done = checkout.git(str(folder), *command, is_list=True)
    assert (done.output, done.is_refused) == (b"", True)
    assert b"more than 9,999 files" in done.errors
