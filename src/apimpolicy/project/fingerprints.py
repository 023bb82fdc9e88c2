"""Detect changed files by their metadata, without reading them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from apimpolicy.checkout import walk

if TYPE_CHECKING:
    from collections.abc import Iterable


def fingerprint(paths: Iterable[str]) -> list[tuple[str, int, int]]:
    """Return every file below the paths, with its time of change and its size."""
    found: list[tuple[str, int, int]] = []
    for path in paths:
        if os.path.isdir(path):
            for directory, folders, files in walk(path):
                folders[:] = [name for name in folders if not name.startswith((".", "__pycache__"))]
                found += (entry for name in files if (entry := _entry(os.path.join(directory, name))) is not None)
        elif (entry := _entry(path)) is not None:
            found.append(entry)
    return sorted(found)


def _entry(path: str) -> tuple[str, int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return path, status.st_mtime_ns, status.st_size
