"""Patterns of files to leave out, in the language of `.gitignore`; the setting `exclude` speaks it too.

A package for that (pathspec) takes longer to import than Python takes to start, and nearly every repository has a
`.gitignore`; so the rules are here: https://git-scm.com/docs/gitignore#_pattern_format
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from apimpolicy.checkout import open_text

GITIGNORE = ".gitignore"


class _Pattern(NamedTuple):
    regex: re.Pattern[str]
    excludes: bool
    """False for a pattern that begins with `!`."""
    only_directories: bool


class IgnorePatterns:
    """The patterns of one file or setting, for paths below `directory`."""

    def __init__(self, directory: str, lines: Iterable[str]) -> None:
        self.directory = os.path.join(os.path.abspath(directory), "")
        self._patterns = [found for line in lines if (found := _pattern(line)) is not None]

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def verdict(self, path: str, is_directory: bool) -> bool | None:
        """Return whether an absolute path is left out; None when no pattern matches. The last match decides."""
        if not path.startswith(self.directory):
            return None
        relative = path[len(self.directory) :].replace(os.sep, "/")
        for pattern in reversed(self._patterns):
            if (is_directory or not pattern.only_directories) and pattern.regex.fullmatch(relative):
                return pattern.excludes
        return None

    def leaves_out(self, path: str) -> bool:
        """Return whether a file is left out, by itself or with one of the directories above it."""
        path = os.path.abspath(path)
        if not path.startswith(self.directory):
            return False
        parts = path[len(self.directory) :].split(os.sep)
        for count in range(1, len(parts)):
            if self.verdict(self.directory + os.sep.join(parts[:count]), True):
                return True
        return bool(self.verdict(path, False))


def gitignore_of(directory: str) -> IgnorePatterns | None:
    """Return the patterns of the `.gitignore` in a directory, if it has one that can be read."""
    path = os.path.join(directory, GITIGNORE)
    if not os.path.isfile(path):  # a pipe keeps whoever opens it waiting
        return None
    try:
        with open_text(path, encoding="utf-8", errors="replace") as file:
            return IgnorePatterns(directory, file.read().splitlines()) or None
    except OSError:
        return None


def gitignores_above(directory: str) -> list[IgnorePatterns]:
    """Return the patterns of the directories above, up to the root of the repository; none outside of a repository."""
    found: list[IgnorePatterns] = []
    current = os.path.abspath(directory)
    while not os.path.exists(os.path.join(current, ".git")):
        parent = os.path.dirname(current)
        if parent == current:
            return []
        current = parent
        if (patterns := gitignore_of(current)) is not None:
            found.insert(0, patterns)
    return found


class Gitignores:
    """Files that git ignores in a tree that is walked from its top; `enter` a directory before its entries."""

    def __init__(self, top: str) -> None:
        self._patterns = gitignores_above(top)

    def enter(self, directory: str) -> None:
        """Take the patterns of a directory in."""
        if (own := gitignore_of(directory)) is not None:
            self._patterns.append(own)

    def leaves_out(self, path: str, is_directory: bool) -> bool:
        """Return whether an entry is ignored; of several patterns the nearest file's decide."""
        path = os.path.abspath(path)
        for patterns in sorted(self._patterns, key=lambda each: -len(each.directory)):
            if (verdict := patterns.verdict(path, is_directory)) is not None:
                return verdict
        return False


@lru_cache(1024)
def _pattern(line: str) -> _Pattern | None:
    from apimpolicy.text.globs import glob_regex

    text = re.sub(r"(?<!\\)((?:\\\\)*)\s+$", r"\1", line)
    if not text or text.startswith("#"):
        return None
    excludes = not text.startswith("!")
    text = text if excludes else text[1:]
    only_directories = text.endswith("/")
    text = text[:-1] if only_directories else text
    anchored = "/" in text
    body = glob_regex(text.removeprefix("/"))
    if body is None or not text:
        return None
    return _Pattern(re.compile(body if anchored else f"(?:.*/)?{body}", re.DOTALL), excludes, only_directories)
