"""Descriptions of services, kept for further gateways of the same files, as for each case of a test file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from apimpolicy.project.environments import selected

if TYPE_CHECKING:
    from apimpolicy.project.service.completion import ServiceCompletion
    from apimpolicy.project.service.description import ServiceDescription

_ELSEWHERE = frozenset(
    {"answers", "backend", "cache", "dapr", "guids", "now", "outside", "random-numbers", "request-ids", "seed"}
)
"""Settings that change neither a service nor what it misses."""


class KeptServices:
    """Descriptions and completions by all that they depend on, besides the files, which must stay the same."""

    def __init__(self) -> None:
        self._descriptions: dict[object, ServiceDescription | None] = {}
        self._completions: dict[object, ServiceCompletion] = {}

    def description(
        self, folder: str | None, values: Mapping[str, Any], make: Callable[[], ServiceDescription | None]
    ) -> ServiceDescription | None:
        """Return the description of a folder for a configuration, made when it is first wanted."""
        key = folder, selected(), _settings(values)
        if key not in self._descriptions:
            self._descriptions[key] = make()
        return self._descriptions[key]

    def completion(
        self,
        description: ServiceDescription | None,
        values: Mapping[str, Any],
        known: Mapping[str, Any],
        make: Callable[[], ServiceCompletion],
    ) -> ServiceCompletion:
        """Return a service's needs besides configuration and settings; computed on first use."""
        providers = known.get("openid_providers") or ()
        urls = [_urls(each) for each in (providers if isinstance(providers, (list, tuple)) else [providers])]
        key = id(description), _settings(values), tuple(known.get("certificates") or ()), tuple(urls)
        if key not in self._completions:
            self._completions[key] = make()
        return self._completions[key]


def _urls(provider: object) -> object:
    """Return a key that is equal for providers that publish at the same URLs."""
    return tuple(getattr(provider, "urls", ())) or id(provider)


def _settings(values: Mapping[str, Any]) -> str:
    return repr({name: value for name, value in values.items() if name not in _ELSEWHERE})
