"""Policies that moved: what one side alone has is paired with what is most alike on the other side."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from apimpolicy.project.service.pairing import matched

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


def with_moved_policies(pairs: Sequence[VersionPair]) -> list[VersionPair]:
    """Return the pairs, with one for each policy that was removed, and added at another place."""
    removed = [each for each in pairs if each.new is None]
    added = [each for each in pairs if each.old is None]
    is_quick = len(removed) * len(added) > _MOST_PAIRS
    found = dict(matched(removed, added, lambda one, other: _likeness(one, other, is_quick=is_quick)))
    moved = {id(new): old for old, new in found.items()}
    kept: list[VersionPair] = []
    for each in pairs:
        if id(each) in moved:
            kept.append(each._replace(old=moved[id(each)].old))
        elif each not in found:
            kept.append(each)
    return kept


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
