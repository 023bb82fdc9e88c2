"""The repository around a file, and the scripts, pipelines and templates in it, whose texts say more about policies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice

from apimpolicy.checkout import listing, open_text, walk

ENDINGS = (
    *(".tf", ".tofu", ".bicep", ".json", ".py", ".ps1", ".psm1", ".sh", ".bash", ".yml", ".yaml", ".js", ".mjs", ".ts"),
    *(".cs", ".csx", ".go", ".java", ".rb", ".tfvars", ".bicepparam"),
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
        read += len(text)
        yield path, text


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
