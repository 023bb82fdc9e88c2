"""Stand-ins for a tokenizer and an embeddings model; both are our choice, and both can be replaced."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CHARACTERS_OF_A_TOKEN = 4
DIMENSIONS = 256
_WORD = re.compile(r"\w+")


def count_tokens(text: str) -> int:
    """Return about how many tokens a text has: one for every four characters, as in English with OpenAI's models.

    >>> count_tokens(""), count_tokens("Hello, world!")
    (0, 4)
    """
    return -(-len(text) // CHARACTERS_OF_A_TOKEN)


def bag_of_words(text: str) -> list[float]:
    """Return a vector with the numbers of a text's words, whatever their order and case: the same on every machine.

    It knows nothing of meaning: texts are as near as the words that they share.
    """
    vector = [0.0] * DIMENSIONS
    for word in _WORD.findall(text.lower()):
        vector[zlib.crc32(word.encode("utf-8", "surrogatepass")) % DIMENSIONS] += 1.0
    return vector


class LanguageModels:
    """Implements `apimpolicy.policies.language_models.LanguageModels` with two functions."""

    def __init__(
        self,
        count_tokens_with: Callable[[str], int] | None = None,
        embed_with: Callable[[str], Sequence[float]] | None = None,
    ) -> None:
        self._count_tokens = count_tokens_with or count_tokens
        self._embed = embed_with or bag_of_words

    def count_tokens(self, text: str) -> int:
        return self._count_tokens(text)

    def embed(self, text: str) -> Sequence[float]:
        return self._embed(text)
