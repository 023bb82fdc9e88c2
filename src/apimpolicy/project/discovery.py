"""Which files of a tree are policy documents, by their ending and the element they begin with, or hold some.

Files that hold policies among other things (`project.embedded`) count too, but Markdown only when it is named: what
people explain with is seldom complete.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.project.embedded import ENDINGS as EMBEDDED_ENDINGS
from apimpolicy.project.files import MAXIMUM_BYTES, STANDARD_INPUT, unreadable
from apimpolicy.project.root_element import begins_like_a_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

ENDINGS = (".xml", ".policy", ".cshtml")
"""Files that may hold a policy; `.cshtml` is what the Azure extension of Visual Studio Code gives them."""

CONTAINERS = tuple(ending for ending, kind in EMBEDDED_ENDINGS.items() if kind != "markdown")
"""Files of a tree that are looked through for policies."""

MARKS = (b"<policies", b"<fragment", b"<inbound", b"<backend", b"<outbound", b"<on-error", b"u003c", b"u003C")
"""Bytes of which a file with policies in it contains one; ARM templates may write `<` as an escape."""

_SKIPPED_DIRECTORIES = frozenset(("node_modules", "__pycache__"))
_HEAD = 65_536
_HERE = os.path.join(os.curdir, "")


class Discovery(NamedTuple):
    """The policy files, each once; what could not be read, as sentences; the trees without any policy."""

    files: list[str]
    unreadable: list[str]
    empty: list[str]


def discover(paths: Iterable[str], *, policies_only: bool = False) -> Discovery:
    """The policy files among and below `paths`. A file that is named is taken as it is, also when it does not exist.

    With `policies_only` named files without a policy are passed over, as those of a tree are.
    """
    found: dict[str, None] = {}
    problems: list[str] = []
    empty: list[str] = []
    for path in paths:
        if path == STANDARD_INPUT or not os.path.isdir(path):
            if not policies_only or not os.path.isfile(path) or _is_policy(path, problems.append):
                found.setdefault(path)
            continue
        before = len(problems)
        # A tree that is the current directory needs no "./" before every name.
        candidates = (file.removeprefix(_HERE) for file in _tree(path, problems.append))
        files = sorted(file for file in candidates if _is_policy(file, problems.append))
        if not files and len(problems) == before:
            empty.append(path)
        for file in files:
            found.setdefault(file)
    return Discovery(list(found), problems, empty)


def _tree(top: str, report: Callable[[str], object]) -> Iterator[str]:
    """Files that may be policies; hidden directories are left out, and a directory is entered once."""
    entered: set[tuple[int, int]] = set()
    waiting = [top]
    while waiting:
        directory = waiting.pop()
        try:
            status = os.stat(directory)
            identity = (status.st_dev, status.st_ino)
            if identity in entered:
                continue
            entered.add(identity)
            with os.scandir(directory) as entries:
                for entry in entries:
                    name = entry.name
                    if name.lower().endswith(ENDINGS + CONTAINERS) and _is(entry.is_file):
                        yield entry.path
                    elif not name.startswith(".") and name not in _SKIPPED_DIRECTORIES and _is(entry.is_dir):
                        waiting.append(entry.path)
        except OSError as error:
            report(unreadable(directory, error))


def _is(question: Callable[[], bool]) -> bool:
    """The answer of a directory entry; a symbolic link that leads to itself is nothing."""
    try:
        return question()
    except OSError:
        return False


def _is_policy(path: str, report: Callable[[str], object]) -> bool:
    try:
        with open(path, "rb") as file:
            if path.lower().endswith(CONTAINERS):
                return _holds_policies(file.read(MAXIMUM_BYTES), path)
            return begins_like_a_policy(file.read(_HEAD))
    except OSError as error:
        report(unreadable(path, error))
        return False


def _holds_policies(data: bytes, path: str) -> bool:
    if not any(mark in data for mark in MARKS):
        return False
    from apimpolicy.project.embedded import reader_for
    from apimpolicy.text.encoding import decode

    reader = reader_for(path)
    return reader is not None and bool(reader(decode(data, path)[0]))
