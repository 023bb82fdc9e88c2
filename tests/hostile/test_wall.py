"""The system refuses what a missed check would let through: attempts behind the wall."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import os, socket, subprocess, sys
from apimpolicy.cli import wall
command = sys.argv[1].split()
if not wall.build(next((word for word in command if not word.startswith("-")), None), command):
    print("no wall")
    raise SystemExit
try:
    exec(sys.argv[2])
except OSError as error:
    print("refused", type(error).__name__)
else:
    print("done")
"""
REFUSED = {
    "a file outside": ("check .", "open('../outside/secret.txt')"),
    "a folder outside": ("check .", "os.listdir('../outside')"),
    "a link that leads out": ("check .", "open('link')"),
    "the environment of another process": ("check .", "open(f'/proc/{os.getppid()}/environ').read()"),
    "the passwords of the system": ("check .", "open('/etc/hostname')"),
    "the repository of a command that reads": ("check .", "open('new.txt', 'w')"),
    "a new link in it": ("audit .", "os.link('a.xml', 'b.xml')"),
    "a file outside, to write": ("format .", "open('../outside/new.txt', 'w')"),
    "a file outside, to empty": ("format .", "os.truncate('../outside/secret.txt', 0)"),
    "a file outside, to remove": ("format .", "os.remove('../outside/secret.txt')"),
    "a file that is moved out": ("format .", "os.rename('a.xml', '../outside/a.xml')"),
    "a network": ("check .", "socket.socket()"),
    "another network": ("run . --get https://contoso.example/", "socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)"),
    "raw packets": ("check .", "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)"),
    "a program that reads outside": (
        "check .",
        "subprocess.run(['cat', '../outside/secret.txt'], check=False).returncode and open('../outside/secret.txt')",
    ),
}
DONE = {
    "the repository": ("check .", "open('a.xml').read(); os.listdir('.')"),
    "the repository of a command that writes": ("format .", "open('new.txt', 'w')"),
    "a fix": ("check --fix .", "open('new.txt', 'w')"),
    "a temporary file": ("check .", "open(os.environ['TMPDIR'] + '/a', 'w')"),
    "the cache": ("check .", "open(os.environ['APIMPOLICY_CACHE_DIR'] + '/a', 'w')"),
    "git with files that the user's configuration includes": (
        "check .",
        "assert not subprocess.run(['git', 'status'], check=True, capture_output=True).stderr",
    ),
    "a file that the user names": ("run . --certificate ../outside/own.pem", "open('../outside/own.pem')"),
    "an output that the user names": ("explain . --html ../outside/a.html", "open('../outside/a.html', 'w')"),
    "a pair of sockets": ("check .", "socket.socketpair()"),
}
NO_WALL = {
    "outside of a repository": ("check ../outside", {}),
    "a policy outside of a repository": ("check ../outside/b.xml", {}),
    "a language server": ("lsp", {}),
    "a local gateway": ("serve .", {}),
    "Python tests": ("mutate . --pytest", {}),
    "rules in Python": ("check . --rules rules.py", {}),
    "a gateway on Azure": ("test . --against https://contoso.azure-api.net", {}),
    "a trusted checkout": ("check .", {"APIMPOLICY_TRUST_CONFIG": "1"}),
    "the switch": ("check .", {"APIMPOLICY_WALL": "0"}),
}


def _attempt(command: str, action: str, tmp_path: Path, **more: str) -> str:
    repository, outside, scratch = (tmp_path / name for name in ("repository", "outside", "scratch"))
    for folder in (repository, outside, scratch):
        folder.mkdir()
    for name in ("secret.txt", "own.pem", "b.xml"):
        (outside / name).write_text("x")
    (repository / "a.xml").write_text("x")
    (repository / "link").symlink_to(outside / "secret.txt")
    subprocess.run(["git", "init", "--quiet", str(repository)], check=True)
    (tmp_path / ".gitconfig").write_text("[include]\n\tpath = dotfiles/git.inc # mine\n")
    (tmp_path / "dotfiles").mkdir()
    (tmp_path / "dotfiles" / "git.inc").write_text("[core]\n\texcludesFile = ~/dotfiles/ignored\n")
    (tmp_path / "dotfiles" / "ignored").write_text("*.bak\n")
    given = {
        "HOME": str(tmp_path),
        "TMPDIR": str(scratch),
        "APIMPOLICY_CACHE_DIR": str(tmp_path / "cache"),
        "APIMPOLICY_TRUST_CONFIG": "",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, command, action],
        cwd=repository,
        env={**os.environ, **given, **more},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _result(command: str, action: str, tmp_path: Path) -> str:
    found = _attempt(command, action, tmp_path)
    if found == "no wall":
        pytest.skip("this system has no Landlock of version 3, or another processor")
    return found


@pytest.mark.parametrize("name", REFUSED)
def test_the_system_refuses(name: str, tmp_path: Path) -> None:
    assert _result(*REFUSED[name], tmp_path).startswith("refused")
    assert (tmp_path / "outside" / "secret.txt").read_text() == "x"


@pytest.mark.parametrize("name", DONE)
def test_what_commands_need_is_open(name: str, tmp_path: Path) -> None:
    assert _result(*DONE[name], tmp_path) == "done"


@pytest.mark.parametrize("name", NO_WALL)
def test_no_wall_is_in_the_way(name: str, tmp_path: Path) -> None:
    command, environment = NO_WALL[name]
    assert _attempt(command, "1", tmp_path, **environment) == "no wall"
