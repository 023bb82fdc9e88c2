"""A guarantee as a remainder: all that was given, less all that was accounted for.

"The same" is not the result of a search that found nothing: what fell out of that search on the way would not be
missed. Whoever gives a guarantee lists what was given and what came of each item, and the guarantee is an empty rest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any


class Remainder:
    """The sentences of the items that were given and are not accounted for."""

    __slots__ = ("rest",)

    def __init__(self, given: Mapping[Any, str] | Iterable[str], accounted: Collection[object] = ()) -> None:
        """Take what was given, by identity or as sentences, and the identities that were accounted for."""
        items = given if isinstance(given, Mapping) else {sentence: sentence for sentence in given}
        self.rest = tuple(dict.fromkeys(sentence for item, sentence in items.items() if item not in accounted))

    @property
    def is_empty(self) -> bool:
        return not self.rest
