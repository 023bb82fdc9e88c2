"""The names in the code of a document, and those that follow each of them after a dot: they are likely to recur.

A keystroke changes one expression of many, so that only the difference is counted.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAME = re.compile(r"[^\W\d]\w*")
_STEP = re.compile(r"\b(\w+)\s*(?:\(\)|\[[^\[\]]*\])?\s*\??\.\s*(?=(\w+))")
"""A name, an empty call or an index, and the name after the dot."""


class Vocabulary:
    """Counts for some texts."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._counted: Counter[str] = Counter()
        self._uses: Counter[str] = Counter()
        self._followers: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.update(texts)

    def update(self, texts: Iterable[str]) -> None:
        """Count these texts in the place of the earlier ones."""
        wanted = Counter(texts)
        for text, count in (self._counted - wanted).items():
            self._add(text, -count)
        for text, count in (wanted - self._counted).items():
            self._add(text, count)
        self._counted = wanted

    def uses(self, name: str) -> int:
        """Count the uses of a name in the texts."""
        return self._uses.get(name, 0)

    def follows(self, name: str, receiver: str) -> int:
        """Count the uses of a name after the dot behind `receiver` in the texts."""
        followers = self._followers.get(receiver)
        return 0 if followers is None else followers.get(name, 0)

    def _add(self, text: str, count: int) -> None:
        for name in _NAME.findall(text):
            self._uses[name] += count
        for receiver, name in _STEP.findall(text):
            self._followers[receiver][name] += count
