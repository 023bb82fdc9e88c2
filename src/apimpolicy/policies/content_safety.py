"""A stand-in for Azure AI Content Safety."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from apimpolicy.errors import ConfigurationError

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
