"""The repository around a file, and the scripts, pipelines and templates in it, whose texts say more about policies.

Patterns of files to leave out, in the language of `.gitignore`; the setting `exclude` speaks it too.

A package for that (pathspec) takes longer to import than Python takes to start, and nearly every repository has a
`.gitignore`; so the rules are here: https://git-scm.com/docs/gitignore#_pattern_format
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from apimpolicy.checkout import listing, open_text, walk
from apimpolicy.project.files import cells_of_code, is_report

ENDINGS = (
    *(".tf", ".tofu", ".bicep", ".json", ".py", ".ps1", ".psm1", ".sh", ".bash", ".yml", ".yaml", ".js", ".mjs", ".ts"),
    *(".cs", ".csx", ".go", ".java", ".rb", ".tfvars", ".bicepparam", ".ipynb"),
)
_CODE = (".tf", ".tofu", ".bicep")
MOST_FILES = 3_000
MOST_BYTES = 1_000_000
MOST_BYTES_OF_ALL = 30_000_000
MOST_LEVELS_UP = 8

_ROOTS = ((".git",), ("apimpolicy.toml", ".gitignore", ".gitattributes", ".github", ".azuredevops"))
"""Files that a repository's folder has; the later ones count where there is none of the earlier, as in an archive."""
_NOT_ENTERED = (".", "node_modules", "__pycache__")
_PIPELINES = (".github", ".azuredevops", ".azure-pipelines", ".pipelines")
_SCRIPTS = frozenset(
    ("scripts", "build", "deploy", "deployment", "infra", "infrastructure", "iac", "bicep", "terraform")
)
_SCRIPTS_OR_PIPELINES = _SCRIPTS.union(_PIPELINES, ("pipelines", "tools", "eng"))
_MOST_PARENTS = 3


def repository_of(folder: str) -> str | None:
    """Return the nearest folder, from this one upwards, that is a repository or has a configuration."""
    for names in _ROOTS:
        above = os.path.abspath(folder)
        for _ in range(MOST_LEVELS_UP):
            if any(os.path.exists(os.path.join(above, name)) for name in names):
                return above
            above = os.path.dirname(above)
    return None


def parents_of(folder: str) -> Iterator[str]:
    """Yield the folders up to the repository; without one, the nearest few below the home directory."""
    root = repository_of(folder)
    above = os.path.abspath(folder)
    home = os.path.expanduser("~")
    for _ in range(MOST_LEVELS_UP if root is not None else _MOST_PARENTS + 1):
        yield above
        before, above = above, os.path.dirname(above)
        if before in (root, above) or (root is None and above in (home, os.path.dirname(above))):
            return


def code_around(path: str) -> str | None:
    """Return the outermost folder around a file, up to its repository, that has infrastructure code beside the file."""
    found = None
    for folder in parents_of(os.path.dirname(os.path.abspath(path))):
        try:
            if any(name.endswith(_CODE) for name in listing(folder)):
                found = folder
        except OSError:
            continue
    return found


def scripts_around(folder: str) -> Iterator[tuple[str, str]]:
    """Yield the files of the repository around a folder that may say more about policies: path and text, within bounds.

    Without a repository these are the files below the folder, those in the folders above it, and in what is called like
    a folder of scripts there: another project may be beside it.
    """
    root = repository_of(folder)
    paths = _files(root) if root is not None else _files_without_repository(folder)
    read = 0
    for path in islice(paths, MOST_FILES):
        if read >= MOST_BYTES_OF_ALL:
            return
        try:
            if not os.path.isfile(path):  # a pipe keeps whoever opens it waiting
                continue
            with open_text(path, encoding="utf-8", errors="replace") as file:
                text = file.read(MOST_BYTES)
        except OSError:
            continue
        if is_report(path, text):
            continue
        read += len(text)
        cells = cells_of_code(text) if path.lower().endswith(".ipynb") else None
        yield path, text if cells is None else "\n".join(cells)


def _files(root: str) -> Iterator[str]:
    for directory, folders, files in walk(root):
        folders[:] = sorted(name for name in folders if name in _PIPELINES or not name.startswith(_NOT_ENTERED))
        yield from (os.path.join(directory, name) for name in sorted(files) if name.lower().endswith(ENDINGS))


def _files_without_repository(folder: str) -> Iterator[str]:
    yield from _files(folder)
    for above in islice(parents_of(folder), 1, None):
        try:
            names = listing(above)
        except OSError:
            continue
        yield from (os.path.join(above, name) for name in names if name.lower().endswith(ENDINGS))
        for name in names:
            if name.lower() in _SCRIPTS_OR_PIPELINES and os.path.join(above, name) != os.path.abspath(folder):
                yield from _files(os.path.join(above, name))


GITIGNORE = ".gitignore"
EXCLUDE = os.path.join(".git", "info", "exclude")


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
    """Return the patterns in the `.gitignore` of a directory, and in `.git/info/exclude`, if it has any."""
    lines: list[str] = []
    for name in (EXCLUDE, GITIGNORE):
        path = os.path.join(directory, name)
        with suppress(OSError):
            if os.path.isfile(path):  # a pipe keeps whoever opens it waiting
                with open_text(path, encoding="utf-8", errors="replace") as file:
                    lines += file.read().splitlines()
    return IgnorePatterns(directory, lines) or None


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
