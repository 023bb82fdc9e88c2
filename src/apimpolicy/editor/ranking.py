"""Rank completion items: by expected type, by use, by distance of their declaration."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from math import log1p
from typing import Literal

from apimpolicy.csharp.binding import conversions as conv
from apimpolicy.csharp.binding.core import Binder
from apimpolicy.csharp.dotnet.types import ERROR, SpecialType, Type, TypeParameter
from apimpolicy.csharp.dotnet.values import OBJECT, VOID
from apimpolicy.editor import usage
from apimpolicy.editor.members import EXTENSION, Offer
from apimpolicy.records import Record

# The names in the code of a document, and those that follow each of them after a dot: they are likely to recur.
# A keystroke changes one expression of many, so that only the difference is counted.

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


# Rank completion items: by expected type, by use in the document, by distance of their declaration

_RECEIVER = re.compile(r"(\w+)\s*(?:\(\)|\[[^\[\]]*\])?\s*\??\.\s*\Z")
"""The name before the dot that code ends with, an empty call and an index aside."""

_EXCEPTION = re.compile(r"\b(?:catch\s*\(|throw\s+new\s)\s*\Z")
"""Code after which an exception is named."""

_VALUES = frozenset(
    ("checked", "default", "delegate", "false", "from", "new", "null", "ref", "sizeof", "true", "typeof")
)

Rank = tuple[float, ...]

_DISTANCES = (0.0, 0.5, 1.0, 2.0)
"""The cost of a distance, by `Offer.distance`."""


class Ranking:
    """One list's order: `expected` are the types that fit, `code` is the text before the caret, and `used` are names
    in the rest of the document.

    `is_statement`: a whole statement ends at the caret, where a call that returns nothing is as good as any.
    """

    def __init__(
        self, expected: Sequence[Type], binder: Binder, code: str, used: Vocabulary, is_statement: bool = False
    ) -> None:
        self.expected = [type_ for type_ in expected if not isinstance(type_, SpecialType) and type_ is not OBJECT]
        self.binder = binder
        self._texts = (used, Vocabulary([code]))
        receiver = _RECEIVER.search(code)
        self._receiver = "" if receiver is None else receiver[1]
        self.is_statement = is_statement
        self.is_exception = _EXCEPTION.search(code) is not None

    def uses(self, name: str) -> int:
        return sum(text.uses(name) for text in self._texts)

    def _follows(self, name: str) -> int:
        return sum(text.follows(name, self._receiver) for text in self._texts) if self._receiver else 0

    def _fit(self, type_: Type) -> int:
        """Rank the fit of a type: 0 exact, 1 by a conversion, 2 no fit, or unknown."""
        if not self.expected or isinstance(type_, (SpecialType, TypeParameter)):
            return 2
        best = 2
        for wanted in self.expected:
            if type_ is wanted:
                return 0
            if conv.standard_implicit(type_, wanted) is not None:
                best = 1
        return best

    def member(self, offer: Offer) -> Rank:
        """Return the rank of a member; smaller is likelier.

        It depends on uses here and after the same name, uses in examples, the wanted type, and the declaring type.
        """
        first = offer.members[0] if offer.members else None
        score = -2.0 * min(self.uses(offer.name), 4) - min(self._follows(offer.name), 4)
        score -= _usual(offer.name, usage.member_key(first) if first is not None else "")
        score += 2.0 * self._fit(offer.type) + _DISTANCES[offer.distance]
        score += 6.0 * (not offer.is_allowed)
        if offer.type is VOID:
            score += -2.0 if self.is_statement else 2.0
        if offer.distance == EXTENSION and first is not None and first.declaring.use == "context":
            score -= 1.0
        return (score,)

    def symbol(self, name: str, type_: Type, distance: int) -> Rank:
        fit = 2 if type_ is ERROR else self._fit(type_)
        return (0.0, 1.0 * fit + 0.2 * distance - 0.3 * min(self.uses(name), 4))

    def argument(self, name: str) -> Rank:
        return (1.0, 0.0)

    def type_(self, name: str, allowed: bool) -> Rank:
        uses = min(self.uses(name), 2) * 0.9
        if self.is_exception:
            return (1.0 - name.endswith("Exception") - uses, -log1p(usage.counts().get(name, 0)))
        return (2.0 - uses + 2 * (not allowed), -log1p(usage.counts().get(name, 0)))

    def in_namespace(self, name: str) -> Rank:
        return (-2.0 * min(self.uses(name), 4) - log1p(usage.counts().get(name, 0)),)

    def namespace(self, name: str) -> Rank:
        return (3.0 - min(self.uses(name), 2) * 0.5, -log1p(usage.counts().get(name, 0)))

    def keyword(self, word: str, is_only: bool = False, begins_statement: bool = False) -> Rank:
        if is_only:
            return (-1.0, -log1p(usage.counts().get(word, 0)))
        uses = min(self.uses(word), 2) * 0.5
        return (2.0 - uses + 2 * (begins_statement and word in _VALUES), -log1p(usage.counts().get(word, 0)))


def _usual(name: str, member: str) -> float:
    """Score a member's use: the mean of log counts in examples of its name and of the member, which are few."""
    counts = usage.counts()
    return (log1p(counts.get(name, 0)) + log1p(counts.get(member, 0))) / 2


# Completion items, as values that every client can show

Kind = Literal[
    "property", "method", "field", "constant", "variable", "parameter", "function", "type", "namespace", "keyword",
    "argument", "element", "attribute", "value", "reference", "snippet",
]  # fmt: skip


class Item(Record):
    """One thing that fits at the caret.

    `insert` is what is written, the label when it is empty; a snippet's has `$1`, `${2:name}` and `$0`. `detail` is a
    line beside the label (a type, a signature), `documentation` Markdown. `start` and `end` are offsets in the file
    of what is replaced; `rank` orders the list, smallest first.
    """

    label: str
    kind: Kind
    detail: str = ""
    documentation: str = ""
    insert: str = ""
    is_snippet: bool = False
    rank: tuple[float, ...] = ()
    start: int = -1
    end: int = -1
