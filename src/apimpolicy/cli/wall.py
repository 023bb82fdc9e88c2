"""A wall beneath the door: the system itself refuses what a missed check of `checkout` would let through.

On Linux with Landlock (6.2 and later), commands that work on a repository can open its files, this Python and the
system's libraries, and write to the cache and to temporary files; to the repository only if the command writes there.
seccomp refuses sockets of networks. What the user names on the command line is open too. Processes that are started,
such as git, are behind the same wall.

It isn't built where it would be in the user's way: outside of a git repository, where the configuration may lie in any
folder above; for commands that run Python of the user's choice or need a network; with `--trust-config`; and with
`APIMPOLICY_WALL=0`. `check --verbose` says whether it is up.
"""

from __future__ import annotations

import os
import re
import stat
import struct
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from apimpolicy.checkout import cache_directory, git_folders, is_trusted, root_of

SWITCH = "APIMPOLICY_WALL"
"""`0` in the environment leaves the wall out."""
COMMANDS = frozenset(
    ("audit", "check", "diff", "eval", "explain", "format", "gate", "mutate", "new", "prove", "run", "test")
)
_WRITING = frozenset(("format", "gate", "mutate", "new", "test"))
_OUTPUT = ("--baseline", "--coverage", "--fix", "--html", "--junit", "--output", "--report", "--write")
"""Beginnings of options that write a file; the word after one may be its path."""
_ELSEWHERE = ("--against", "--pytest", "--rules", "--trust-config", "--watch")
"""Beginnings of options that run Python, need a network or last."""
_DECLARING = (".bicep", ".cshtml", ".json", ".policy", ".tf", ".toml", ".xml", ".yaml", ".yml")
"""Endings of files for which commands look for a configuration in the folders above."""

_SYSTEM: tuple[str, ...] = ("/usr", "/lib", "/lib64", "/bin", "/nix/store", "/sys/devices/system/cpu", "/sys/fs/cgroup")
_SYSTEM += ("/etc/ld.so.cache", "/etc/localtime", "/etc/gitconfig", "/etc/ssl", "/etc/passwd", "/etc/nsswitch.conf")
_SYSTEM += ("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/dev/urandom", "/dev/random", "/dev/zero")
_DEVICES = ("/dev/null", "/dev/tty", "/dev/full", "/dev/shm")

_READ = 0b1101
"""Execute, read a file, list a folder."""
_ALL = (1 << 15) - 1
"""All of Landlock's third version."""
_OF_FILES = 0b100000000000111
"""The rights that apply to a file: execute, write, read, truncate."""
_FILES_OF_GIT = re.compile(
    r'^[ \t]*(path|excludesFile|attributesFile)[ \t]*=[ \t]*(?:"([^"\n]*)"|([^#;\n]+))', re.I | re.M
)
_MOST_INCLUDED, _MOST_CHARACTERS = 4, 100_000
_is_up: bool | None = None


def is_up() -> bool:
    """Return whether this process is behind the wall."""
    return bool(_is_up)


def build(command: str | None, arguments: Sequence[str]) -> bool:
    """Build the wall for a command line, where the system has it and no command needs more; return whether it is up."""
    global _is_up
    if not sys.platform.startswith("linux") or os.environ.get(SWITCH) == "0" or is_trusted() or _is_up:
        return is_up()
    if command not in COMMANDS and not (command is None or os.path.isdir(command)):
        return False
    if any(word.startswith(_ELSEWHERE) or word.endswith(".py") for word in arguments):
        return False
    named = _named(arguments)
    own = None if named is None else _repository(os.curdir)
    if named is None or own is None:
        return False
    writes = command in _WRITING or any(word.startswith(_OUTPUT) for word in arguments)
    readable = {*_SYSTEM, *_of_python(), *_of_git(), *named, own, *git_folders(own)}
    writable = {*_DEVICES, *_scratch(), *_outputs(arguments)}
    if writes:
        writable |= {own, *(path for path in named if os.path.isdir(path))}
    with suppress(Exception):  # a system that lacks a part of it
        _is_up = _restrict(readable, writable)
    return is_up()


def _repository(path: str) -> str | None:
    """Return the folder of the git repository around a path."""
    root = root_of(path)
    return root if root is not None and os.path.lexists(os.path.join(root, ".git")) else None


def _named(arguments: Sequence[str]) -> set[str] | None:
    """Return what the user names that exists, or its repository; None if a configuration may lie anywhere above it."""
    found: set[str] = set()
    for word in arguments:
        for path in {word, *word.partition("=")[2:], *word.partition("@")[2:], *word.partition(":")[2:]}:
            if not path or "\0" in path or not os.path.exists(path):
                continue
            root = _repository(path)
            if root is None and (os.path.isdir(path) or path.endswith(_DECLARING)):
                return None
            found |= {path} if root is None else {root, *git_folders(root)}
    return found


def _outputs(arguments: Sequence[str]) -> Iterator[str]:
    """Yield the folders of files that options may write."""
    for word, following in zip(arguments, (*arguments[1:], ""), strict=True):
        if word.startswith(_OUTPUT):
            path = word.partition("=")[2] or following
            folder = os.path.dirname(os.path.abspath(path)) if path and not path.startswith("-") else os.curdir
            while not os.path.isdir(folder):
                folder = os.path.dirname(folder)
            yield folder


def _of_python() -> Iterator[str]:
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    yield from (sys.prefix, sys.base_prefix, package)
    yield os.path.join(package, "..", "..", "grammar")  # of the sources, where nothing is built
    yield from (path for path in sys.path if path)


def _of_git() -> Iterator[str]:
    """Yield the configuration of the user's git, and where git is when it isn't the system's."""
    home = os.path.expanduser("~")
    folder = os.path.join(os.environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config"), "git")
    yield folder
    given = os.environ.get("GIT_CONFIG_GLOBAL")
    own = (os.path.join(home, ".gitconfig"), os.path.join(folder, "config")) if given is None else (given,)
    for path in ("/etc/gitconfig", *own):
        yield from _of_configuration(path)
    for entry in os.environ.get("PATH", "").split(os.pathsep):
        is_elsewhere = os.path.isabs(entry) and not entry.startswith(("/usr/", "/bin", "/sbin"))
        if is_elsewhere and os.path.isfile(os.path.join(entry, "git")):
            yield os.path.dirname(os.path.realpath(os.path.join(entry, "git")))
            above, name = os.path.split(entry.rstrip("/"))
            if name == "bin" and not home.startswith(above):
                yield above  # a prefix, with the libraries


def _of_configuration(path: str, depth: int = 0) -> Iterator[str]:
    """Yield a file of git's configuration and the files that it names: git ends where it can't open one."""
    if not path or depth > _MOST_INCLUDED:
        return
    yield path
    with suppress(OSError, UnicodeDecodeError):
        with open(path, encoding="utf-8") as file:
            text = file.read(_MOST_CHARACTERS)
        for key, quoted, plain in _FILES_OF_GIT.findall(text):
            named = os.path.join(os.path.dirname(path), os.path.expanduser(quoted or plain.strip()))
            if key.lower() == "path":
                yield from _of_configuration(named, depth + 1)
            else:
                yield named


def _scratch() -> Iterator[str]:
    cache = cache_directory()
    with suppress(OSError):
        os.makedirs(cache, exist_ok=True)
    yield cache
    given = next(filter(None, map(os.environ.get, ("TMPDIR", "TEMP", "TMP"))), None)
    yield from ("/tmp", "/var/tmp") if given is None else (given,)


def _restrict(readable: Iterable[str], writable: Iterable[str]) -> bool:
    """Raises OSError and others for a system without a part of what is needed; then nothing is restricted."""
    system = _System()
    if system.call(444, None, 0, 1) < 3:
        return False
    rules = system.call(444, struct.pack("Q", _ALL), 8, 0)
    if rules < 0:
        return False
    for paths, access in ((readable, _READ), (writable, _ALL)):
        for path in paths:
            with suppress(OSError):
                descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
                is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
                system.call(
                    445, rules, 1, struct.pack("=Qi", access if is_folder else access & _OF_FILES, descriptor), 0
                )
                os.close(descriptor)
    if system.control(38, 1) != 0:  # PR_SET_NO_NEW_PRIVS
        return False
    is_up = system.call(446, rules, 0) == 0
    os.close(rules)
    return is_up and _without_networks(system)


_ARCHITECTURES = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
"""Of seccomp: the number of the architecture, and that of the call `socket`."""
_UNIX = 1
_SETUP_OF_RING = 425
_REFUSE = 0x00050000 | 13
"""The call fails with EACCES."""
_ALLOW = 0x7FFF0000


def _without_networks(system: _System) -> bool:
    """Refuse sockets other than those between processes of this machine, and rings, which make sockets too."""
    from array import array

    architecture, call = _ARCHITECTURES[os.uname().machine]
    program = (
        (0x20, 0, 0, 4),  # load the architecture
        (0x15, 0, 6, architecture),
        (0x20, 0, 0, 0),  # load the number of the call
        (0x15, 4, 0, _SETUP_OF_RING),
        (0x15, 0, 4, call),
        (0x20, 0, 0, 16),  # load the family of addresses
        (0x15, 2, 0, _UNIX),
        (0x06, 0, 0, _REFUSE),
        (0x06, 0, 0, _REFUSE),
        (0x06, 0, 0, _ALLOW),
    )
    code = array("B", b"".join(struct.pack("HBBI", *each) for each in program))
    filters = struct.pack("HxxxxxxQ", len(program), code.buffer_info()[0])
    return system.control(22, 2, filters) == 0  # PR_SET_SECCOMP


class _System:
    """Calls of the system that Python has no functions for. To import all of `ctypes` takes longer than they do."""

    def __init__(self) -> None:
        import _ctypes

        own: Any = _ctypes
        library = own.dlopen(None, 0)
        self._invoke = own.call_function
        self._syscall = own.dlsym(library, "syscall")
        self._prctl = own.dlsym(library, "prctl")

    def call(self, number: int, *arguments: int | bytes | None) -> int:
        """Return what the call returns, -1 for a failure."""
        found: int = self._invoke(self._syscall, (number, *arguments))
        return found

    def control(self, *arguments: int | bytes) -> int:
        found: int = self._invoke(self._prctl, (*arguments, *[0] * (5 - len(arguments))))
        return found
