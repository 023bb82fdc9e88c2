"""Positions of findings in their files (lines and columns from 1, the end exclusive), and short names of files."""

from __future__ import annotations

import os
from typing import NamedTuple

from apimpolicy.diagnostics import Diagnostic


class FilePlace(NamedTuple):
    """A span of a file."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int


def place_in_file(diagnostic: Diagnostic) -> FilePlace:
    """Return the span in the file itself."""
    source = diagnostic.source
    line, column = diagnostic.position
    _, end = source.original_span(diagnostic.start, diagnostic.end)
    while source.origin is not None:
        source = source.origin
    end_line, end_column = source.position(min(end, len(source.text)))
    return FilePlace(source.path, line, column, end_line, end_column)


def path_from_here(path: str) -> str:
    """Return a path relative to the working directory, when it is below: as every report shows paths."""
    relative = os.path.relpath(path) if path else path
    return path if relative.split(os.sep)[0] == os.pardir else relative


def short_path(path: str) -> str:
    """Return the name of a file; in the layout of APIOps, where all have the same name, its path in the layout."""
    name = os.path.basename(path)
    if name.lower() != "policy.xml":
        return name
    from apimpolicy.project.layout import place_of

    root = place_of(path).root
    return name if root is None else os.path.relpath(os.path.abspath(path), root).replace(os.sep, "/")
