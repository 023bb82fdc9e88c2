"""Services of two versions of a folder that are the same: of one name, the only ones, or moved."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from apimpolicy.checkout import walk
from apimpolicy.project.layout import SKIPPED_DIRECTORIES

if TYPE_CHECKING:
    from apimpolicy.project.service.reading import FoundService

_Item = TypeVar("_Item")


def paired(
    old: Sequence[FoundService], new: Sequence[FoundService]
) -> Iterator[tuple[FoundService | None, FoundService | None]]:
    """Yield the services of both sides that are the same, and with None those that one side alone has.

    They have the same name, are the only ones, or moved: their code names the same service, or most files of two
    extracts have the same names.
    """
    if len(old) == len(new) == 1:
        yield old[0], new[0]
        return
    by_name = {each.name: each for each in new}
    found = [(each, by_name[each.name]) for each in old if each.name in by_name]
    for likeness in (_has_same_name, _of_extracts()):
        used = {id(each) for pair in found for each in pair}
        gone, come = ([each for each in side if id(each) not in used] for side in (old, new))
        found += matched(gone, come, likeness)
    used = {id(each) for pair in found for each in pair}
    alone = [(each, None) for each in old if id(each) not in used]
    added = [(None, each) for each in new if id(each) not in used]
    yield from sorted((*found, *alone, *added), key=lambda pair: (pair[1] or pair[0] or old[0]).name)


def _has_same_name(one: FoundService, other: FoundService) -> float:
    """Return 1 for services whose code names the same service."""
    own = "" if one.code is None or other.code is None else one.code.known_name.lower()
    return float(bool(own) and other.code is not None and own == other.code.known_name.lower())


def _of_extracts() -> Callable[[FoundService, FoundService], float]:
    """Return a function for how many files of two extracts have the same names; 0 where it isn't most of them."""
    names = cache(_names)

    def likeness(one: FoundService, other: FoundService) -> float:
        if one.code is not None or other.code is not None:
            return 0.0
        files = names(one.place), names(other.place)
        ratio = len(files[0] & files[1]) / max(len(files[0]), len(files[1]), 1)
        return ratio if ratio > 1 / 2 else 0.0

    return likeness


def _names(folder: str) -> set[str]:
    found: set[str] = set()
    for directory, folders, names in walk(folder):
        folders[:] = [each for each in folders if each not in SKIPPED_DIRECTORIES]
        found |= {os.path.relpath(os.path.join(directory, name), folder) for name in names}
    return found


def matched(
    old: Sequence[_Item], new: Sequence[_Item], likeness: Callable[[_Item, _Item], float]
) -> Iterator[tuple[_Item, _Item]]:
    """Yield pairs, those that are most alike first; each item is in one pair at most."""
    scores = [(likeness(one, other), -at, -to) for at, one in enumerate(old) for to, other in enumerate(new)]
    used: tuple[set[int], set[int]] = (set(), set())
    for score, at, to in sorted(scores, reverse=True):
        if score > 0 and at not in used[0] and to not in used[1]:
            used[0].add(at)
            used[1].add(to)
            yield old[-at], new[-to]
