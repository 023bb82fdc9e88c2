"""The one door to a checkout, which a stranger may have written: its files, its folders and its git.

A path has a checkout around it: the nearest folder with `.git`, or the current folder. No link leads out of it, for
reading or writing; a walk follows no link to a folder. A path outside of every checkout is the user's own:
`/dev/stdin` or `~/report.json` on a command line work as anywhere else. What others than the user may name,
`project.authority` decides.

A refusal is a PermissionError with a sentence, so that a caller treats it like any file that can't be read.
`tests/architecture/test_checkout.py` keeps other modules from opening, listing or starting anything themselves.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from typing import IO, BinaryIO, NamedTuple, TextIO

TRUST = "APIMPOLICY_TRUST_CONFIG"
"""Set in the environment, so that processes which a command starts trust the same."""
LEADS_OUT = "it is or contains a link that leads out of the checkout"
HIDDEN = "a link in it leads to a hidden file or folder of the checkout"
NO_FILE = "it is a pipe or a device, not a file"
NOT_OWN = "it is outside of the folders of this assistant or editor"
IS_LINK = "it is a link; write to its target instead"
_confined: tuple[str, ...] | None = None
"""Real folders that the process may use, where an assistant or an editor decides what is read; the last is its own."""


def trust_configuration() -> None:
    """From now on, files of checkouts may name any file, and open the gateway of `serve`."""
    os.environ[TRUST] = "1"


def is_trusted() -> bool:
    """Return whether the user trusts what the files of checkouts name."""
    return os.environ.get(TRUST, "") not in ("", "0")


def confine(folders: Iterable[str], scratch: str) -> None:
    """From now on, open, list and write nothing outside of some folders and of `scratch`, the process's own folder."""
    global _confined
    _confined = (*map(os.path.realpath, folders), os.path.realpath(scratch))


def root_of(path: str) -> str | None:
    """Return the folder of the checkout around a path as it is written; None outside of every checkout."""
    path = os.path.abspath(path)
    return _root(path if os.path.isdir(path) else os.path.dirname(path), os.getcwd())


@lru_cache(4096)
def _root(folder: str, here: str) -> str | None:
    bounds = (os.path.expanduser("~"), os.path.abspath(os.sep))
    found: list[str] = []
    above = folder
    while above not in bounds:
        if os.path.lexists(os.path.join(above, ".git")):
            found.append(above)
        if (parent := os.path.dirname(above)) == above:
            break  # another drive
        above = parent
    if here not in bounds and is_below(folder, here) and not any(is_below(here, root) for root in found):
        found.append(here)  # an archive without a repository of its own
    for index, root in enumerate(found):  # not a repository that a link in the folder around it leads to
        if all(is_below(os.path.realpath(root), os.path.realpath(wider)) for wider in found[index + 1 :]):
            return root
    return None


def is_below(path: str, folder: str) -> bool:
    """Return whether a path is a folder, or in it."""
    return path == folder or path.startswith(os.path.join(folder, ""))


def place(path: str) -> str:
    """Return where a path leads. Raises PermissionError for one that a link leads out of its checkout."""
    written = os.path.abspath(path)
    if _confined is not None and is_share(written, _confined):
        raise _refused(NOT_OWN, path)
    real = _real(written)
    if _confined is not None and not any(is_below(real, folder) for folder in _confined):
        raise _refused(NOT_OWN, path)
    if real == written:
        return real
    root = root_of(os.path.dirname(written) if os.path.islink(written) else written)
    if root is not None:
        top = os.path.realpath(root)
        if not is_below(real, top):
            raise _refused(LEADS_OUT, path)
        hidden = hidden_parts(real, top)
        if hidden and not hidden <= hidden_parts(written, root):
            raise _refused(HIDDEN, path)
    return real


def _real(path: str) -> str:
    """Return what `os.path.realpath` returns, in time that doesn't grow with the depth of a tree that is walked."""
    folder, name = os.path.split(path)
    real = _real_folder(folder) if name and os.name != "nt" else ""
    return os.path.join(real, name) if real and not os.path.islink(path) else os.path.realpath(path)


_real_folders: dict[str, tuple[str, int, int]] = {}
"""Where folders lead, each with the device and the number of the folder that it led to."""
_MOST_FOLDERS = 20_000


def _real_folder(folder: str) -> str:
    """Return where a folder leads; empty if it can't be asked."""
    if not (identity := _identity(folder)):
        return ""
    known = _real_folders.get(folder)
    if known is not None and known[1:] == identity:
        return known[0]
    parent, name = os.path.split(folder)
    above = _real_folders.get(parent)
    if above is not None and above[1:] == _identity(parent) and not os.path.islink(folder):
        real = os.path.join(above[0], name)
    else:
        real = os.path.realpath(folder)
    if len(_real_folders) >= _MOST_FOLDERS:
        _real_folders.clear()
    _real_folders[folder] = (real, *identity)
    return real


def _identity(folder: str) -> tuple[int, int] | None:
    try:
        found = os.stat(folder)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def is_share(path: str, folders: Iterable[str], split: Callable[[str], tuple[str, str]] = os.path.splitdrive) -> bool:
    r"""Return whether a path is on another machine than folders, such as `\\host\share`.

    Windows would sign in there to find out where the path leads, so that this is asked before.
    """
    drive = split(path)[0].replace("/", "\\").lower()
    return drive.startswith("\\\\") and all(split(each)[0].replace("/", "\\").lower() != drive for each in folders)


def hidden_parts(path: str, top: str) -> set[str]:
    """Return the names below a folder that begin with a dot."""
    return {part for part in path[len(top) :].split(os.sep) if part.startswith(".")}


def _refused(reason: str, path: str) -> PermissionError:
    return PermissionError(errno.EACCES, reason, path)


def open_bytes(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a file to read it. Raises OSError."""
    return open(_file(path), "rb")


def open_text(
    path: str | os.PathLike[str], encoding: str = "utf-8", errors: str = "strict", newline: str | None = None
) -> TextIO:
    """Open a text file to read it. Raises OSError."""
    return open(_file(path), encoding=encoding, errors=errors, newline=newline)


def _file(path: str | os.PathLike[str]) -> str:
    """Return where a file is. Raises PermissionError, also for a pipe of a checkout, which keeps one waiting."""
    path = os.fspath(path)
    found = place(path)
    mode = os.stat(found).st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)) and root_of(path) is not None:
        raise _refused(NO_FILE, path)
    return found


def write(path: str, data: bytes, *, is_new: bool = False) -> None:
    """Write a file whole or not at all: it is made beside its place, and then put there. Raises OSError.

    With `is_new`, a file that exists, or a link that leads nowhere, is not replaced.
    """
    target = _writable(path)
    if os.path.exists(target) and not os.path.isfile(target):  # a pipe or a device that the user names
        with open(target, "wb") as file:
            file.write(data)
        return
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    temporary = target if is_new else f"{target}.{os.getpid()}.tmp"
    descriptor = os.open(temporary, flags, 0o666)
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
        if not is_new:
            if os.path.exists(target):
                os.chmod(temporary, os.stat(target).st_mode)
            os.replace(temporary, target)
    except OSError:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def make_folder(path: str) -> None:
    """Make a folder and those above it, unless they exist. Raises OSError."""
    os.makedirs(place(path), exist_ok=True)


def _writable(path: str) -> str:
    """Return where a file is written: in a checkout never through a link. Raises PermissionError."""
    written = os.path.abspath(path)
    root = root_of(os.path.dirname(written))
    if root is None:
        return place(written)
    if os.path.islink(written):
        raise _refused(IS_LINK, path)
    return os.path.join(place(os.path.dirname(written)), os.path.basename(written))


def entries(folder: str, boundary: str | None = None) -> list[os.DirEntry[str]]:
    """Return what a folder has, without links that lead out of the checkout, or of `boundary`. Raises OSError."""
    place(folder)
    with os.scandir(folder) as found:
        return [each for each in found if not each.is_symlink() or _stays(each.path, boundary)]


def listing(folder: str) -> list[str]:
    """Return the names in a folder, in order. Raises OSError."""
    return sorted(each.name for each in entries(folder))


def boundary_of(top: str) -> str:
    """Return the folder that a walk from `top` stays in: its checkout, or itself."""
    return os.path.realpath(root_of(top) or top)


def _stays(path: str, boundary: str | None) -> bool:
    try:
        real = place(path)
    except OSError:
        return False
    return boundary is None or is_below(real, boundary)


def walk(top: str) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield folder, folders in it and files in it, from the top down; the caller may remove folders, as in `os.walk`.

    Links to folders are left out, as are files outside of the checkout, or of `top` where there is none.
    """
    waiting = [top]
    boundary = boundary_of(top)
    while waiting:
        directory = waiting.pop()
        folders: list[str] = []
        files: list[str] = []
        with suppress(OSError):
            for entry in sorted(entries(directory, boundary), key=lambda each: each.name):
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.name)
                elif not (entry.is_symlink() and entry.is_dir()):
                    files.append(entry.name)
        yield directory, folders, files
        waiting += [os.path.join(directory, name) for name in reversed(folders)]


def cache_directory() -> str:
    """Return the folder of caches: `APIMPOLICY_CACHE_DIR`, or `apimpolicy` below the user's cache directory."""
    if given := os.environ.get("APIMPOLICY_CACHE_DIR"):
        return given
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return os.path.join(base or os.path.join(os.path.expanduser("~"), ".cache"), "apimpolicy")


class GitOutput(NamedTuple):
    """The exit code of git, and what it wrote. `is_refused` if a limit of this tool kept git from its answer."""

    code: int
    output: bytes
    errors: bytes
    is_refused: bool = False


_GIT = (
    *("-c", "safe.bareRepository=explicit", "-c", "protocol.allow=never", "-c", "core.fsmonitor=false"),
    *("-c", f"core.hooksPath={os.devnull}", "-c", "core.pager=cat"),
)
_GIT_ENVIRONMENT = {
    "GIT_ALLOW_PROTOCOL": "none",  # a git before 2.45 doesn't know GIT_NO_LAZY_FETCH
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
}
MOST_GIT_BYTES = 64 * 1024 * 1024
"""Bytes of one answer of git that are read."""
MOST_GIT_PATHS = 200_000
"""Paths of one list of git that are read: twice the files of Linux."""
_REFUSED_BY_US = 128


def git(folder: str, *arguments: str, given: bytes = b"", is_list: bool = False) -> GitOutput:
    """Return the output of git for the repository around a folder. Raises FileNotFoundError without git.

    A repository in the tree of another one isn't believed, nothing is fetched, and no program that a repository names
    runs. `folder` is never searched for git itself. A repository that takes its objects from outside of the checkout is
    an error of git with a sentence, as is an answer of more than `MOST_GIT_BYTES`, or a list (with `-z`) of more than
    `MOST_GIT_PATHS`: git is stopped there.
    """
    import subprocess
    from threading import Thread

    root = root_of(place(folder))
    program = _git_program(root or folder)
    if root is not None and not is_trusted() and (reason := _foreign_objects(root)):
        return GitOutput(_REFUSED_BY_US, b"", f"fatal: {reason}\n".encode(), True)
    with subprocess.Popen(
        [program, *_GIT, "-C", folder, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **_GIT_ENVIRONMENT},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        errors: list[bytes] = []
        beside = [
            Thread(target=_feed, args=(process.stdin, given)),
            Thread(target=_drain, args=(process.stderr, errors)),
        ]
        for each in beside:
            each.start()
        output, reason = _bounded(process.stdout, is_list)
        if reason:
            process.kill()
        for each in beside:
            each.join()
    if reason:
        return GitOutput(
            _REFUSED_BY_US, b"", f"fatal: {reason}, which no repository of policies needs\n".encode(), True
        )
    return GitOutput(process.returncode, output, b"".join(errors))


def _bounded(stream: IO[bytes], is_list: bool) -> tuple[bytes, str]:
    """Return what a stream has; or, beyond a limit, why the rest is not read."""
    found = bytearray()
    paths = 0
    while chunk := stream.read(_MOST_OF_FILE):
        found += chunk
        paths += chunk.count(b"\0") if is_list else 0
        if len(found) > MOST_GIT_BYTES:
            return b"", f"its answer has more than {MOST_GIT_BYTES >> 20} MB"
        if paths > MOST_GIT_PATHS:
            return b"", f"it has more than {MOST_GIT_PATHS:,} files"
    return bytes(found), ""


def _feed(stream: IO[bytes], data: bytes) -> None:
    with suppress(OSError), stream:  # git may end before it has read everything
        stream.write(data)


def _drain(stream: IO[bytes], kept: list[bytes]) -> None:
    """Read a stream to its end, so that its writer never waits; its first bytes are kept."""
    kept.append(stream.read(_MOST_OF_FILE))
    while stream.read(_MOST_OF_FILE):
        pass


_MOST_OF_FILE = 65_536


def _foreign_objects(root: str) -> str:
    """Return why the repository of a checkout may show objects of another one; empty if it can't.

    An archive may bring a `.git` that is a link, names another folder, or lends objects of another repository. A work
    tree and a submodule are known there: the folder that `.git` names points back to it.
    """
    entry = os.path.join(root, ".git")
    top = os.path.realpath(root)
    if os.path.islink(entry):
        return "'.git' is a link; clone the repository, or start with --trust-config if you trust the checkout"
    directory = entry
    if os.path.isfile(entry):
        directory = os.path.join(root, _line_of(entry).removeprefix("gitdir:").strip())
        if not is_below(os.path.realpath(directory), top) and not _points_back(directory, entry):
            return "'.git' names a repository that doesn't know this folder; start with --trust-config if you trust it"
    common = _line_of(os.path.join(directory, "commondir")) or "."
    alternates = os.path.join(directory, common, "objects", "info", "alternates")
    if os.path.lexists(alternates):
        where = "it takes objects from another repository (.git/objects/info/alternates)"
        return f"{where}; start with --trust-config if you trust the checkout"
    return ""


def git_folders(root: str) -> list[str]:
    """Return the folders of git's objects for a checkout, where they are elsewhere: for work trees and submodules."""
    entry = os.path.join(root, ".git")
    if not os.path.isfile(entry):
        return []
    directory = os.path.join(root, _line_of(entry).removeprefix("gitdir:").strip())
    if not _points_back(directory, entry):
        return []
    common = _line_of(os.path.join(directory, "commondir")) or "."
    return [directory, os.path.join(directory, common)]


def _points_back(directory: str, entry: str) -> bool:
    """Return whether a git directory is that of the work tree, or of the submodule, whose `.git` names it."""
    backwards = _line_of(os.path.join(directory, "gitdir"))
    if backwards and os.path.realpath(os.path.join(directory, backwards)) == os.path.realpath(entry):
        return True
    for line in _text_of(os.path.join(directory, "config")).splitlines():
        name, _, value = line.partition("=")
        if name.strip().lower() == "worktree":
            tree = os.path.realpath(os.path.join(directory, value.strip()))
            return tree == os.path.realpath(os.path.dirname(entry))
    return False


def _line_of(path: str) -> str:
    return _text_of(path).partition("\n")[0].strip()


def _text_of(path: str) -> str:
    """Return the beginning of a small file of git; empty if it can't be read."""
    try:
        if os.path.isfile(path):
            with open(path, encoding="utf-8", errors="replace") as file:
                return file.read(_MOST_OF_FILE)
    except OSError:
        pass
    return ""


@lru_cache(64)
def _git_program(checkout: str) -> str:
    """Return the path of git on the PATH, outside of a checkout and of the current folder."""
    name = "git.exe" if os.name == "nt" else "git"
    within = [os.path.realpath(checkout), os.path.realpath(os.curdir)]
    for entry in os.environ.get("PATH", os.defpath).split(os.pathsep):
        candidate = os.path.join(entry, name)
        real = os.path.realpath(candidate)
        inside = any(is_below(each, folder) for folder in within for each in (os.path.realpath(entry), real))
        if os.path.isabs(entry) and not inside and os.path.isfile(real) and os.access(real, os.X_OK):
            return candidate
    raise FileNotFoundError(errno.ENOENT, "git is not installed, or not on the PATH outside of the checkout")
