"""The services around language models as policies see them: token counts, the semantic cache, content safety."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class LanguageModels(Protocol):
    """The gateway's own knowledge of language models."""

    def count_tokens(self, text: str) -> int:
        """Return how many tokens a text has, estimated."""

    def embed(self, text: str) -> Sequence[float]:
        """Return the text's embedding, as the embeddings backend would give it."""


class SemanticCache(Protocol):
    """Answers by the meaning of their prompts, each with a time to live on the simulated clock."""

    def find(self, partition: str, vector: Sequence[float], threshold: float) -> tuple[float | None, Any]:
        """Return the nearest prompt's distance (0 is the same; None without any), and its answer unless beyond
        `threshold`.
        """

    def store(self, partition: str, vector: Sequence[float], answer: object, seconds: float) -> None:
        """Keep an answer for so many seconds."""


class Analysis(Protocol):
    """The content safety service's result for a text."""

    @property
    def severities(self) -> Mapping[str, int]:
        """Return the severity by category (`Hate`, `SelfHarm`, `Sexual`, `Violence`), 0 to 7; a missing one is 0."""

    @property
    def blocklists(self) -> frozenset[str]:
        """Return the ids of the blocklists that something in the text is on."""

    @property
    def is_attack(self) -> bool:
        """Return whether the text attacks the model's instructions."""


class ContentSafety(Protocol):
    """Azure AI Content Safety."""

    def analyze(self, text: str, backend_id: str) -> Analysis:
        """Return what is found in the text. Raises OSError when the service fails, ConfigurationError when there is
        none.
        """


class PromptEmbedding:
    """The place of the answer in the cache, which llm-semantic-cache-lookup leaves for llm-semantic-cache-store."""

    __slots__ = ("partition", "vector")

    def __init__(self, partition: str, vector: Sequence[float]) -> None:
        self.partition = partition
        self.vector = vector
