"""Values with which conditions of claims are true or false."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.proposing.inversion.values import different, matching
from apimpolicy.testing.format import MATCHING

if TYPE_CHECKING:
    from apimpolicy.testing.tree import Tree

_OTHER_STATUSES = (200, 404, 503, 401, 304)


def statuses(tree: Tree, wanted: bool) -> list[int]:
    """Return statuses that meet a condition, or don't."""
    return [*map(_status, tree.texts())] if wanted else [*_OTHER_STATUSES]


def _status(text: str) -> int:
    """Return a status that fits a pattern such as `4xx`."""
    digits = text.lower().replace("xx", "04").replace("x", "0")
    return int(digits) if digits.isdecimal() else _OTHER_STATUSES[0]


def texts(tree: Tree, wanted: bool) -> list[Any]:
    """Return texts that meet a condition, or don't; None for no text."""
    if tree.value in (None, False):
        return [None if wanted else "x"]
    if not isinstance(tree.value, dict):
        return [tree.text()] if wanted else [*different(tree.text()), None]
    made: list[Any] = []
    for key, part in tree.table().items():
        if key == "matches":
            found = matching(part.text())
            made += [found] if found is not None and wanted else []
        elif (key == "not-contains") is not wanted:
            made += part.texts()
    return made or ["x"]


def contents(tree: Tree, wanted: bool) -> list[Any]:
    """Return values that meet a condition on a body or a variable, or don't."""
    if isinstance(tree.value, str) or (isinstance(tree.value, dict) and tree.value.keys() <= MATCHING.keys()):
        return texts(tree, wanted)
    if isinstance(tree.value, dict) and tree.value.keys() <= {"json", "json-subset"}:
        return [value for part in tree.value.values() for value in contents(part, wanted)]
    return [tree.plain()] if wanted else different(tree.plain())
