"""Renaming a fragment: where it is included, its key in the configuration, and its file or folder."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.checkout import open_text
from apimpolicy.project.fixes import Edit

if TYPE_CHECKING:
    from apimpolicy.editor.knowledge import Knowledge

NAME = re.compile(r"[A-Za-z0-9_][\w-]{0,79}", re.ASCII)
"""Pattern of fragment ids that Azure accepts."""


class FragmentRename(NamedTuple):
    """Changes besides the including documents: edits of the configuration, and a file or folder to move."""

    configuration: dict[str, list[Edit]]
    moved: tuple[str, str] | None


def fragment_rename(knowledge: Knowledge, name: str, new: str) -> FragmentRename:
    """Return the configuration edits and the move of a renamed fragment, as far as its path is known."""
    known = knowledge.find("fragment", name)
    moved = _moved(known.path, name, new) if known is not None else None
    path = knowledge.configuration
    return FragmentRename(_key_edits(path, name, new, moved) if path is not None else {}, moved)


def _moved(path: str, name: str, new: str) -> tuple[str, str] | None:
    """Return the folder or the file that is named after the fragment, and its new path."""
    folder, file = os.path.split(os.path.abspath(path))
    stem, dot, rest = file.partition(".")
    if os.path.basename(folder) == name:
        return folder, os.path.join(os.path.dirname(folder), new)
    return (os.path.join(folder, file), os.path.join(folder, f"{new}{dot}{rest}")) if stem == name else None


def _key_edits(path: str, name: str, new: str, moved: tuple[str, str] | None) -> dict[str, list[Edit]]:
    """Return the edits of the key in `[fragments]`, and of the path behind it when the file moves."""
    try:
        with open_text(path, encoding="utf-8", newline="") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError):
        return {}
    table = re.search(r"(?m)^\[(?:tool\.apimpolicy\.)?fragments\][^\n]*\n(?P<rows>(?:(?!\[)[^\n]*\n?)*)", text)
    if table is None:
        return {}
    row = re.compile(rf"(?m)^[ \t]*[\"']?(?P<key>{re.escape(name)})[\"']?[ \t]*=[ \t]*[\"'](?P<path>[^\"'\n]*)[\"']")
    found = row.search(text, *table.span("rows"))
    if found is None:
        return {}
    edits = [Edit(*found.span("key"), new)]
    written = found["path"]
    if moved is not None and os.path.abspath(os.path.join(os.path.dirname(path), written)).startswith(moved[0]):
        edits.append(Edit(*found.span("path"), _renamed(written, name, new)))
    return {os.path.abspath(path): edits}


def _renamed(path: str, name: str, new: str) -> str:
    """Return a path with the last part that is named after the fragment renamed."""
    parts = path.split("/")
    for index in range(len(parts) - 1, -1, -1):
        if parts[index].partition(".")[0] == name:
            parts[index] = new + parts[index][len(name) :]
            break
    return "/".join(parts)
