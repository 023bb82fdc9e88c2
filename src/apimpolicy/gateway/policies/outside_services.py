"""Services outside of the gateway as policies see them: stand-ins that record, and stand-ins for models.

Event hubs record what log-to-eventhub sends, a Service Bus what send-service-bus-message sends. The stand-ins for a
tokenizer and an embeddings model are our choice; `Gateway(count_tokens=…, embeddings=…)` replaces them. Content Safety
is a function from texts to what is found in them.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol, TypeAlias

from apimpolicy.errors import ConfigurationError
from apimpolicy.records import Record, keyword


class EventHubEvent(Record):
    """An event as it arrives: at most 200 KB."""

    body: bytes
    partition_id: str | None = None
    partition_key: str | None = None

    @property
    def text(self) -> str:
        """Return the body as UTF-8."""
        return self.body.decode("utf-8", "replace")

    @property
    def size(self) -> int:
        """Return the length in bytes."""
        return len(self.body)

    def __repr__(self) -> str:
        return f"<EventHubEvent of {self.size:,} bytes>"


class EventHub:
    """The event hub of one logger, with its events in order."""

    __slots__ = ("events", "logger_id")

    def __init__(self, logger_id: str) -> None:
        self.logger_id = logger_id
        self.events: list[EventHubEvent] = []

    def __repr__(self) -> str:
        return f"<EventHub {self.logger_id!r}, {len(self.events)} events>"


class EventHubs:
    """The event hubs by the ids of their loggers.

    `loggers` are all there are; without them any id has one.
    """

    def __init__(self, loggers: Iterable[str] | None = None) -> None:
        self._is_open = loggers is None
        self._hubs = {name: EventHub(name) for name in ([loggers] if isinstance(loggers, str) else loggers or ())}

    @property
    def hubs(self) -> Mapping[str, EventHub]:
        """Return the event hubs that there are, by the ids of their loggers."""
        return self._hubs

    def hub(self, logger_id: str) -> EventHub:
        """Return the event hub of a logger. Raises ConfigurationError when the gateway has no such logger."""
        if self._is_open:
            return self._hubs.setdefault(logger_id, EventHub(logger_id))
        found = self._hubs.get(logger_id)
        if found is None:
            known = ", ".join(self._hubs) or "none"
            raise ConfigurationError(f"the gateway has no logger '{logger_id}'; Gateway(event_hubs=…) names {known}")
        return found

    def log(self, logger_id: str, body: bytes, partition_id: str | None, partition_key: str | None) -> None:
        """Record an event. Raises LookupError when there is no such logger."""
        if not self._is_open and logger_id not in self._hubs:
            raise LookupError(logger_id)
        self.hub(logger_id).events.append(EventHubEvent(body, partition_id, partition_key))


class ServiceBusMessage(Record):
    """A message in a queue or a topic; `client_id` is that of the managed identity, None the system-assigned one.

    `time_to_live` is in seconds, None for that of the queue.
    """

    body: bytes
    queue: str | None = keyword(default=None, kw_only=True)
    topic: str | None = keyword(default=None, kw_only=True)
    namespace: str | None = keyword(default=None, kw_only=True)
    client_id: str | None = keyword(default=None, kw_only=True)
    properties: Mapping[str, str] = keyword(default=MappingProxyType({}), kw_only=True)
    message_id: str | None = keyword(default=None, kw_only=True)
    session_id: str | None = keyword(default=None, kw_only=True)
    time_to_live: float | None = keyword(default=None, kw_only=True)

    @property
    def text(self) -> str:
        """Return the body as UTF-8."""
        return self.body.decode("utf-8", "replace")

    def __repr__(self) -> str:
        where = f"queue {self.queue!r}" if self.topic is None else f"topic {self.topic!r}"
        return f"<ServiceBusMessage to {where}, {len(self.body):,} bytes>"


class ServiceBus:
    """Queues and topics of Azure Service Bus. `messages` are all of them in order.

    `queues` and `topics` are all there are; without either any name is accepted.
    """

    def __init__(self, queues: Iterable[str] | None = None, topics: Iterable[str] | None = None) -> None:
        self._is_open = queues is None and topics is None
        self._queues = frozenset(queues or ())
        self._topics = frozenset(topics or ())
        self.messages: list[ServiceBusMessage] = []

    def queue(self, name: str) -> list[ServiceBusMessage]:
        return [message for message in self.messages if message.queue == name]

    def topic(self, name: str) -> list[ServiceBusMessage]:
        return [message for message in self.messages if message.topic == name]

    def send(self, message: ServiceBusMessage) -> None:
        """Record a message. Raises LookupError when there is no such queue or topic."""
        if not self._is_open and message.queue not in self._queues and message.topic not in self._topics:
            raise LookupError(message.queue or message.topic)
        self.messages.append(message)


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


CATEGORIES = ("Hate", "SelfHarm", "Sexual", "Violence")
MOST_SEVERE = 7


class SafetyAnalysis:
    """The result for a text.

    `severities` by category, 0 (safe) to 7; a category that is not there is 0. `blocklists` are the ids of the
    blocklists that the text is on; `is_attack` is true if it attacks the model's instructions.
    """

    __slots__ = ("blocklists", "is_attack", "severities")

    def __init__(
        self, severities: Mapping[str, int] | None = None, *, blocklists: Iterable[str] = (), is_attack: bool = False
    ) -> None:
        self.severities = dict(severities or {})
        self.blocklists = frozenset(blocklists)
        self.is_attack = is_attack
        for category, severity in self.severities.items():
            if category not in CATEGORIES:
                raise ConfigurationError(f"'{category}' is not a harm category; valid: {', '.join(CATEGORIES)}")
            if not 0 <= severity <= MOST_SEVERE:
                raise ConfigurationError(f"the severity of {category} is from 0 to {MOST_SEVERE}, not {severity}")


class SafetyWords:
    """Finds words: those of each category with their severities, those of blocklists, and phrases of attacks.

    Case does not matter, and a word counts anywhere in the text.

        SafetyWords({"Violence": {"bomb": 6}}, blocklists={"fruit": ["banana"]}, attacks=["ignore all instructions"])
    """

    def __init__(
        self,
        categories: Mapping[str, Mapping[str, int]] | None = None,
        *,
        blocklists: Mapping[str, Iterable[str]] | None = None,
        attacks: Iterable[str] = (),
    ) -> None:
        self._categories = {
            category: {word.lower(): severity for word, severity in words.items()}
            for category, words in (categories or {}).items()
        }
        self._blocklists = {name: [word.lower() for word in words] for name, words in (blocklists or {}).items()}
        self._attacks = [phrase.lower() for phrase in attacks]

    def __call__(self, text: str) -> SafetyAnalysis:
        folded = text.lower()
        return SafetyAnalysis(
            {
                category: max((severity for word, severity in words.items() if word in folded), default=0)
                for category, words in self._categories.items()
            },
            blocklists=[name for name, words in self._blocklists.items() if any(word in folded for word in words)],
            is_attack=any(phrase in folded for phrase in self._attacks),
        )


AnalyzesSafety: TypeAlias = "Callable[[str], SafetyAnalysis | Mapping[str, int]]"
"""From a text to what is found in it; severities alone are enough. It may raise OSError: the service fails."""


class ContentSafetyService:
    """The stand-in of a gateway; `texts` are all that were analyzed, in order."""

    def __init__(self, analyze: AnalyzesSafety | None = None) -> None:
        self._analyze = analyze
        self.texts: list[str] = []

    def analyze(self, text: str, backend_id: str) -> SafetyAnalysis:
        """Return the result for a text. Raises OSError when the service fails, ConfigurationError without one."""
        if self._analyze is None:
            raise ConfigurationError(
                f"llm-content-safety calls the backend '{backend_id}', which is not simulated: give"
                " Gateway(content_safety=…) SafetyWords, or a function from a text to severities by category"
            )
        self.texts.append(text)
        found = self._analyze(text)
        return found if isinstance(found, SafetyAnalysis) else SafetyAnalysis(found)
