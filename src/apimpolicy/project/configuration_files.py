"""Find the configuration for a file: the nearest one above it, `apimpolicy.toml` before `pyproject.toml`.

As ruff, mypy and pytest do, the search goes from the file upwards, so that results do not depend on the directory in
which a command is started. It ends at the root of the repository (a directory with `.git`), or of the file system.
"""

from __future__ import annotations

import os
from typing import Final

from apimpolicy.checkout import open_bytes

CONFIGURATION: Final = "apimpolicy.toml"
PYPROJECT: Final = "pyproject.toml"
"""Counts when it has a table `[tool.apimpolicy]`."""


class ConfigurationFinder:
    """Finds configurations, and remembers what it found for a directory."""

    def __init__(self) -> None:
        self._found: dict[str, str | None] = {}

    def for_file(self, path: str) -> str | None:
        """Return the configuration for a file, or for a directory: the nearest above it or in it."""
        path = os.path.abspath(path)
        return self.for_directory(path if os.path.isdir(path) else os.path.dirname(path))

    def for_directory(self, directory: str) -> str | None:
        """Return the configuration for files in a directory; its path is absolute."""
        if directory not in self._found:
            self._found[directory] = self._search(directory)
        return self._found[directory]

    def _search(self, directory: str) -> str | None:
        if (own := configuration_in(directory)) is not None:
            return own
        parent = os.path.dirname(directory)
        if parent == directory or os.path.exists(os.path.join(directory, ".git")):
            return None
        return self.for_directory(parent)


def configuration_in(directory: str) -> str | None:
    """Return the configuration file of a directory, relative to the current directory if it is below it."""
    path = os.path.join(directory, CONFIGURATION)
    if os.path.isfile(path):
        return shown_path(path)
    path = os.path.join(directory, PYPROJECT)
    if not os.path.isfile(path):
        return None
    try:
        with open_bytes(path) as file:
            return shown_path(path) if b"[tool.apimpolicy" in file.read() else None
    except OSError:
        return None


def find_configuration(path: str = "") -> str | None:
    """Return the configuration for a file or a directory; without one, for the current directory."""
    return ConfigurationFinder().for_file(path)


def shown_path(path: str) -> str:
    """Return a path for messages: relative to the current directory if it is below it."""
    here = os.path.join(os.getcwd(), "")
    return path.removeprefix(here)
