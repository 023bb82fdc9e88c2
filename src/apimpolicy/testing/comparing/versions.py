"""The two sides of a comparison: files, folders, and revisions in git (`HEAD~1:orders.xml`).

The files of a revision are written to a temporary folder, so that its fragments, configuration and test files are found
there. Reports name them as git does.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from apimpolicy.checkout import walk
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.discovery import ENDINGS
from apimpolicy.project.files import begins_like_a_policy, have_same_content, read_bytes
from apimpolicy.project.layout import SKIPPED_DIRECTORIES
from apimpolicy.project.revisions import Revision, is_shallow, revision_of
from apimpolicy.text.source import Source

_HASH = re.compile("[0-9a-f]{40}")
_SETTINGS = (".xml", ".toml", ".yaml", ".yml", ".json")
"""The endings of files that policies are run with."""
Places = tuple[tuple[str, str], ...]
"""Temporary folders of revisions, and the names that replace them in reports."""


class Version(NamedTuple):
    """A version of a policy: its name, its bytes, and its path among the files around it.

    A policy of infrastructure code has the `subject` that it applies to, and a name that tells where in the code it is;
    `source` has the positions of a text in the code.
    """

    name: str
    data: bytes
    path: str
    subject: str = ""
    source: Source | None = None


class Side(NamedTuple):
    """Policies by their path below what was named (empty for a file); `folder` has the files of a folder."""

    files: dict[str, Version]
    folder: str | None = None
    places: Places = ()


class VersionPair(NamedTuple):
    """The two versions of a policy; None where a side does not have it.

    `is_apart`: each has its own surroundings, because one is in git, or they are in folders of the same structure;
    otherwise both use those of the new one.
    """

    path: str
    old: Version | None
    new: Version | None
    is_apart: bool = False
    places: Places = ()

    @property
    def label(self) -> tuple[str, str]:
        """Return the place of the policy for reports, and what it applies to, where the place doesn't tell."""
        version = self.new or self.old
        return self.path, "" if version is None else version.subject

    @property
    def is_same_text(self) -> bool:
        return self.old is not None and self.new is not None and self.old.data == self.new.data


class Versions(NamedTuple):
    """The two sides of a comparison: pairs of policies, and the folders on both sides, unless they are files.

    `place` is the path of the new side without its revision.
    """

    pairs: list[VersionPair]
    folders: tuple[str, str] | None
    places: Places
    place: str = ""
    is_same_around: bool = False
    """No file around the policies differs that has settings for them."""


@contextmanager
def versions(old: str, new: str) -> Iterator[Versions]:
    """Yield the policies of two sides, by path, as long as the context lasts.

    Raises ConfigurationError for what can't be read or compared.
    """
    with ExitStack() as stack:
        place = path_of_side(new) or path_of_side(old) or os.curdir
        one, other = _side(old, place, stack, "before"), _side(new, place, stack, "after")
        if (one.folder is None) is not (other.folder is None):
            raise ConfigurationError(f"{old} and {new} are a file and a folder; compare two of a kind")
        places = (*one.places, *other.places)
        folders = None if one.folder is None or other.folder is None else (one.folder, other.folder)
        pairs = [
            VersionPair(
                os.path.normpath(os.path.join(place, path)),
                one.files.get(path),
                other.files.get(path),
                bool(places) or folders is not None,
                places,
            )
            for path in sorted({**one.files, **other.files})
        ]
        is_same = folders is not None and _has_same_files(*folders, _SETTINGS)
        yield Versions(pairs, folders, places, place, is_same)


def _has_same_files(old: str, new: str, endings: tuple[str, ...]) -> bool:
    one, other = ({os.path.relpath(path, root): path for path in _files(root, endings)} for root in (old, new))
    return one.keys() == other.keys() and all(have_same_content(path, other[name]) for name, path in one.items())


def _files(folder: str, endings: tuple[str, ...]) -> Iterator[str]:
    for directory, folders, names in walk(folder):
        folders[:] = [each for each in folders if each not in SKIPPED_DIRECTORIES]
        for name in names:
            if name.lower().endswith(endings):
                yield os.path.join(directory, name)


def with_names(text: str, places: Iterable[tuple[str, str]]) -> str:
    """Return a text with git's names of files instead of their temporary paths."""
    for folder, name in places:
        text = text.replace(folder, name)
    return text


def without_names(text: str, places: Places) -> str:
    """Return a path without the folder of a revision."""
    return with_names(text, [(folder, "") for folder, _ in places])


def path_of_side(name: str) -> str:
    """Return the path of a side, without its revision; empty for a revision alone."""
    return name if os.path.exists(name) else name.partition(":")[2]


def _side(name: str, place: str, stack: ExitStack, word: str) -> Side:
    if os.path.isdir(name):
        return _folder(name, name)
    if os.path.exists(name):
        return Side({"": Version(name, read_bytes(name), name)})
    return _at_revision(*_revision(name, place), stack, word)


def _folder(folder: str, shown: str) -> Side:
    found: dict[str, Version] = {}
    for directory, folders, names in walk(folder):
        folders[:] = sorted(each for each in folders if each not in SKIPPED_DIRECTORIES)
        for name in sorted(names):
            path = os.path.join(directory, name)
            if name.lower().endswith(ENDINGS) and begins_like_a_policy(data := read_bytes(path)):
                inner = os.path.relpath(path, folder)
                found[inner] = Version(os.path.normpath(os.path.join(shown, inner)), data, path)
    return Side(found, folder)


# Git


def _revision(name: str, place: str) -> tuple[Revision, str]:
    """Return the revision that a side names, and git's name of its file or folder."""
    given, colon, path = name.partition(":")
    path = path if colon else place
    unknown = f"there is no file, folder or git revision {name}"
    try:
        found = revision_of(given, path)
    except ConfigurationError as error:
        raise ConfigurationError(f"{unknown}: {error}") from None
    if found is None:
        more = "; this clone is shallow, fetch more of its history: git fetch --unshallow" if is_shallow(".") else ""
        raise ConfigurationError(unknown + more)
    inside = found.find(path)
    if inside is None:
        raise ConfigurationError(f"git has no {path} at {given}")
    return found, inside


def _at_revision(revision: Revision, inside: str, stack: ExitStack, word: str) -> Side:
    """Return the side of a revision, with everything around it in a temporary folder.

    Places in it have the name of the revision, or the `word` for a side where that is a hash.
    """
    root = os.path.realpath(stack.enter_context(tempfile.TemporaryDirectory(prefix="apimpolicy-")))
    os.mkdir(os.path.join(root, ".git"))  # where the search for a configuration ends, as in the repository
    revision.write(inside, root)
    path = os.path.join(root, *inside.split("/"))
    revision_name = word if _HASH.search(revision.name) else revision.name
    places = tuple((each, f"{revision_name}:") for each in _ways_to_write(root))
    name = f"{revision.name}:{inside}"
    try:
        if revision.is_file(inside):
            return Side({"": Version(name, read_bytes(path), path)}, None, places)
        side = _folder(path, inside)
    except ConfigurationError as error:
        raise ConfigurationError(with_names(str(error), places)) from None
    named = {
        inner: each._replace(name=f"{revision.name}:{each.name.replace(os.sep, '/')}")
        for inner, each in side.files.items()
    }
    return Side(named, path, places)


def _ways_to_write(root: str) -> Iterator[str]:
    """Yield the spellings of a folder's path, longest first."""
    yield os.path.join(root, "")
    yield root
    here = os.path.join(os.getcwd(), "")
    if root.startswith(here):
        yield os.path.join(root.removeprefix(here), "")
