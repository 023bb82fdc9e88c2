"""Language models as policies see them: stand-ins for a tokenizer and an embeddings model, and the semantic cache.

Both stand-ins are our choice; `Gateway(count_tokens=…, embeddings=…)` replaces them.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

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

    It does not depend on what words mean: texts are as near as the words that they share.
    """
    vector = [0.0] * DIMENSIONS
    for word in _WORD.findall(text.lower()):
        vector[zlib.crc32(word.encode("utf-8", "surrogatepass")) % DIMENSIONS] += 1.0
    return vector


class SemanticCache(Protocol):
    """Answers by the meaning of their prompts, each with a time to live on the simulated clock."""

    def find(self, partition: str, vector: Sequence[float], threshold: float) -> tuple[float | None, Any]:
        """Return the distance of the nearest prompt (None without any), and its response unless beyond `threshold`."""

    def store(self, partition: str, vector: Sequence[float], answer: object, seconds: float) -> None:
        """Cache a response for so many seconds."""


class PromptEmbedding(NamedTuple):
    """The place of the response in the cache, which llm-semantic-cache-lookup leaves for llm-semantic-cache-store."""

    partition: str
    vector: Sequence[float]
