"""Policies and services that moved: what one side alone has is paired with what is most alike on the other side."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, TypeVar

from apimpolicy.checkout import walk
from apimpolicy.project.layout import SKIPPED_DIRECTORIES

if TYPE_CHECKING:
    from apimpolicy.testing.comparing.versions import VersionPair

_SKELETON = re.compile(
    rb"<!--.*?-->|</?(?:policies|fragment|inbound|backend|outbound|on-error|base)\b[^>]*>", re.DOTALL
)
"""Text that all policies share, and that says nothing about their likeness."""
_ALIKE, _ALIKE_ELSEWHERE = 0.4, 0.6
"""From which ratio on two policies are versions of one: of files with the same name, and of others."""
_MOST_PAIRS = 2_500
"""Pairs of policies whose texts are compared; of more, those that are the same or have the same name."""
_Item = TypeVar("_Item")


def with_moved_policies(pairs: Sequence[VersionPair]) -> list[VersionPair]:
    """Return the pairs, with one for each policy that was removed, and added at another place."""
    removed = [each for each in pairs if each.new is None]
    added = [each for each in pairs if each.old is None]
    is_quick = len(removed) * len(added) > _MOST_PAIRS
    found = dict(_matched(removed, added, lambda one, other: _likeness(one, other, is_quick=is_quick)))
    moved = {id(new): old for old, new in found.items()}
    kept: list[VersionPair] = []
    for each in pairs:
        if id(each) in moved:
            kept.append(each._replace(old=moved[id(each)].old))
        elif each not in found:
            kept.append(each)
    return kept


def _matched(
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


def _likeness(one: VersionPair, other: VersionPair, *, is_quick: bool) -> float:
    """Return how alike the policies of two pairs are; 0 where they aren't versions of one."""
    assert one.old is not None
    assert other.new is not None
    has_same_name = os.path.basename(one.path) == os.path.basename(other.path)
    texts = [_content(each.data) for each in (one.old, other.new)]
    if texts[0] == texts[1] and (texts[0] or has_same_name):
        return 2.0 + has_same_name
    if not all(texts) or (is_quick and not has_same_name):
        return 0.0
    matcher = SequenceMatcher(None, texts[0], texts[1], autojunk=False)
    least = _ALIKE if has_same_name else _ALIKE_ELSEWHERE
    ratio = matcher.ratio() if matcher.quick_ratio() >= least else 0.0
    return ratio + has_same_name / 2 if ratio >= least else 0.0


def _content(data: bytes) -> list[bytes]:
    """Return the lines of a policy without its skeleton and layout."""
    return [line for each in _SKELETON.sub(b"\n", data).split(b"\n") if (line := b" ".join(each.split()))]


def moved_services(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str]:
    """Return the old name of each service whose folder moved, by the new one: most of its files have the same names."""
    files = {folder: _names(folder) for folder in {*old.values(), *new.values()}}

    def likeness(one: str, other: str) -> float:
        names = files[old[one]], files[new[other]]
        ratio = len(names[0] & names[1]) / max(len(names[0]), len(names[1]), 1)
        return ratio if ratio > 1 / 2 else 0.0

    gone, come = ([name for name in side if name not in others] for side, others in ((old, new), (new, old)))
    return {name: before for before, name in _matched(gone, come, likeness)}


def _names(folder: str) -> set[str]:
    found: set[str] = set()
    for directory, folders, names in walk(folder):
        folders[:] = [each for each in folders if each not in SKIPPED_DIRECTORIES]
        found |= {os.path.relpath(os.path.join(directory, name), folder) for name in names}
    return found
