"""The two sides of a comparison: files, folders, and what git has of them at a revision (`HEAD~1:orders.xml`)."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.errors import ConfigurationError
from apimpolicy.project.discovery import ENDINGS
from apimpolicy.project.files import MAXIMUM_BYTES
from apimpolicy.project.root_element import begins_like_a_policy

if TYPE_CHECKING:
    from collections.abc import Sequence


class Side(NamedTuple):
    """Policies by their path below what was named (empty for a file): how each is called, and its bytes."""

    files: dict[str, tuple[str, bytes]]
    is_folder: bool


class Pair(NamedTuple):
    """The two versions of a policy, each with its name; None where a side does not have it.

    `beside` is where it stands, or would stand, among the files of this machine: its settings are looked for there.
    """

    path: str
    old: tuple[str, bytes] | None
    new: tuple[str, bytes] | None
    beside: str


def pairs(old: str, new: str) -> list[Pair]:
    """The policies of two sides, by path. Raises ConfigurationError for what cannot be read or compared."""
    place = _place(new)
    one, other = _side(old, place), _side(new, place)
    if one.is_folder is not other.is_folder:
        raise ConfigurationError(f"{old} and {new} are a file and a folder; compare two of a kind")
    paths = dict.fromkeys((*one.files, *other.files))
    return [
        Pair(
            os.path.join(place, path) if path else place,
            one.files.get(path),
            other.files.get(path),
            os.path.join(place, path) if path else place,
        )
        for path in sorted(paths)
    ]


def _place(name: str) -> str:
    """The path of a side, without its revision."""
    revision, _, path = name.partition(":")
    return path if path and not os.path.exists(name) and _is_revision(revision) else name


def _side(name: str, place: str) -> Side:
    if os.path.isdir(name):
        return Side(_below(name), True)
    if os.path.exists(name):
        return Side({"": (name, _bytes(name))}, False)
    revision, colon, path = name.partition(":")
    if not _is_revision(revision):
        raise ConfigurationError(f"there is no file, folder or git revision {name}")
    return _at_revision(revision, path if colon else place)


def _below(folder: str) -> dict[str, tuple[str, bytes]]:
    found: dict[str, tuple[str, bytes]] = {}
    for directory, folders, names in os.walk(folder):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        for name in sorted(names):
            path = os.path.join(directory, name)
            if _may_be_policy(name) and begins_like_a_policy(data := _bytes(path)):
                found[os.path.relpath(path, folder)] = path, data
    return found


def _may_be_policy(name: str) -> bool:
    return name.lower().endswith(ENDINGS)


def _bytes(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(MAXIMUM_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror or error}") from None


# Git


def _git(*arguments: str) -> bytes | None:
    """What git says; None when it fails, or is not there."""
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, check=False)
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


def _is_revision(name: str) -> bool:
    return (
        bool(name)
        and not name.startswith("-")
        and _git("rev-parse", "--verify", "--quiet", f"{name}^{{tree}}") is not None
    )


def _at_revision(revision: str, path: str) -> Side:
    """A file or a folder as git has it at a revision; the path begins here, or where the repository does."""
    for inside in (_from_root(path), path):
        kind = _git("cat-file", "-t", f"{revision}:{inside}")
        if kind is None:
            continue
        if kind.strip() == b"blob":
            return Side({"": (f"{revision}:{path}", _git("show", f"{revision}:{inside}") or b"")}, False)
        listed = (_git("ls-tree", "-r", "-z", "--name-only", f"{revision}:{inside}") or b"").decode("utf-8", "replace")
        return Side(_of_tree(revision, inside, path, listed.split("\0")), True)
    raise ConfigurationError(f"git has no {path} at {revision}")


def _from_root(path: str) -> str:
    """A path from here as one from where the repository begins."""
    root = (_git("rev-parse", "--show-toplevel") or b"").decode("utf-8", "replace").strip()
    inside = os.path.relpath(os.path.realpath(path), os.path.realpath(root or os.curdir)).replace(os.sep, "/")
    return "" if inside == "." else inside


def _of_tree(revision: str, inside: str, path: str, names: Sequence[str]) -> dict[str, tuple[str, bytes]]:
    found: dict[str, tuple[str, bytes]] = {}
    for name in names:
        if _may_be_policy(name):
            data = _git("show", f"{revision}:{inside}/{name}" if inside else f"{revision}:{name}") or b""
            if begins_like_a_policy(data):
                found[name.replace("/", os.sep)] = f"{revision}:{os.path.join(path, name)}", data
    return found
