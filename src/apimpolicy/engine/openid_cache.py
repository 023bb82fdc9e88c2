"""OpenID configurations with their keys, fetched from what the gateway was given and kept as Azure keeps them.

A configuration is fetched once an hour. A key id that it does not have, and a fetch that failed, are reasons to fetch
again, at most once in five minutes since the last time. While a fetch fails, what was there before counts: our choice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.environment import TICKS_PER_SECOND
from apimpolicy.errors import ConfigurationError
from apimpolicy.policies.identity_services import IdentityUnavailableError, OpenIdConfiguration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from apimpolicy.engine.openid_provider import OpenIdSource
    from apimpolicy.engine.services import SimulatedTime

KEPT_FOR = 3600
NOT_AGAIN_FOR = 300


class _Entry:
    """The cached documents of one URL. Times are in seconds on the simulated clock."""

    __slots__ = ("configuration", "failure", "fetched", "tried")

    def __init__(self) -> None:
        self.configuration: OpenIdConfiguration | None = None
        self.failure = ""
        self.fetched = self.tried = float("-inf")


class OpenIdCache:
    """The configurations that the gateway knows at the moment."""

    def __init__(self, sources: Sequence[OpenIdSource], time: SimulatedTime) -> None:
        self.sources = sources
        self.time = time
        self._entries: dict[str, _Entry] = {}

    def configuration(self, url: str, missing_key: str | None = None) -> OpenIdConfiguration:
        """See `apimpolicy.policies.identity_services.Identities.openid_configuration`."""
        entry = self._entries.setdefault(url, _Entry())
        now = self.time.ticks() / TICKS_PER_SECOND
        if self._is_due(entry, now, missing_key):
            try:
                entry.configuration, entry.failure = self._fetch(url), ""
                entry.fetched = now
            except (OSError, ValueError) as error:
                entry.failure = f"{url}: {error}"
            entry.tried = now
        if entry.configuration is None:
            raise IdentityUnavailableError(entry.failure)
        return entry.configuration

    def _is_due(self, entry: _Entry, now: float, missing_key: str | None) -> bool:
        if entry.configuration is None or entry.failure:
            return now - entry.tried >= NOT_AGAIN_FOR
        if now - entry.fetched >= KEPT_FOR:
            return True
        is_missing = missing_key is not None and all(key.get("kid") != missing_key for key in entry.configuration.keys)
        return is_missing and now - entry.tried >= NOT_AGAIN_FOR

    def _fetch(self, url: str) -> OpenIdConfiguration:
        """Raises OSError and ValueError for what cannot be had, ConfigurationError when no source knows the URL."""
        published = self._documents(url)[0]
        address = published.get("jwks_uri")
        if not isinstance(address, str):
            raise ValueError("the configuration has no jwks_uri")
        keys: list[Mapping[str, Any]] = []
        for document in self._documents(address):
            found = document.get("keys")
            if not isinstance(found, list):
                raise ValueError(f"{address} has no keys")
            keys += [key for key in found if isinstance(key, dict)]
        issuer = published.get("issuer")
        return OpenIdConfiguration(issuer if isinstance(issuer, str) else None, keys)

    def _documents(self, url: str) -> list[Mapping[str, Any]]:
        """Return the documents of all sources; tenants that share a URL, such as `common`, each bring their keys."""
        answers = [document for source in self.sources if (document := source.document(url)) is not None]
        if not answers:
            what = "an OpenIdProvider, an EntraTenant or OpenIdDocuments"
            known = ", ".join(known for source in self.sources for known in getattr(source, "urls", ()))
            raise ConfigurationError(
                f"nothing answers for {url}: pass {what} that does to Gateway(openid_providers=[…]),"
                + ' or add to apimpolicy.toml, below [openid-providers.login]: issuer = "https://…"'
                + (f"; those there answer for {known}" if known else "")
            )
        return [_decoded(answer, url) for answer in answers]


def _decoded(answer: Mapping[str, Any] | str | bytes, url: str) -> Mapping[str, Any]:
    if not isinstance(answer, str | bytes):
        return answer
    try:
        import json

        decoded = json.loads(answer)
    except (ValueError, RecursionError):
        raise ValueError(f"{url} is not JSON") from None
    if not isinstance(decoded, dict):
        raise ValueError(f"{url} is not a JSON object")
    return decoded
