"""The identities of a gateway: `apimpolicy.gateway.policies.identity_services.IdentityServices` from its settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.environment import TICKS_PER_SECOND, UNIX_EPOCH_TICKS
from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.policies.identity_services import (
    IdentityUnavailableError,
    OpenIdConfiguration,
    StoredConnection,
)

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.gateway_settings import GatewaySettings
    from apimpolicy.gateway.engine.services import SimulatedTime
    from apimpolicy.gateway.engine.token_issuers import OpenIdSource

AUTHORIZATION_MANAGER = "https://azure-api.net/authorization-manager"


class GatewayIdentities:
    """Raises ConfigurationError for a setting that cannot answer."""

    def __init__(self, settings: GatewaySettings, time: SimulatedTime) -> None:
        sources = _sources(settings.openid_providers) if settings.openid_providers != () else []
        managed_identity, authorizations = settings.managed_identity, settings.authorizations
        if managed_identity is not None:
            from apimpolicy.gateway.engine.managed_identity import TokenSource

            _demand(managed_identity, TokenSource, "managed_identity is an object with a method `token`")
        if authorizations is not None:
            from apimpolicy.gateway.engine.managed_identity import ConnectionSource

            _demand(authorizations, ConnectionSource, "authorizations is an object with a method `connection`")
        self.time = time
        self.openid = OpenIdCache(sources, time)
        self.managed_identity = managed_identity
        self.authorizations = authorizations
        self._tokens: dict[tuple[str, str | None], tuple[str, float]] = {}
        for double in (*sources, managed_identity):
            use_time = getattr(double, "use_time", None)
            if use_time is not None:
                use_time(time)

    def openid_configuration(self, url: str, missing_key: str | None = None) -> OpenIdConfiguration:
        return self.openid.configuration(url, missing_key)

    def managed_identity_token(self, resource: str, client_id: str | None) -> str:
        if self.managed_identity is None:
            asked = f"a token for '{resource}'"
            raise ConfigurationError(f"the gateway has no managed identity to get {asked}: pass {_MANAGED_IDENTITY}")
        now = self.time.ticks() / TICKS_PER_SECOND
        kept = self._tokens.get((resource, client_id))
        if kept is not None and now < kept[1]:
            return kept[0]
        token = self.managed_identity.token(resource, client_id)
        self._tokens[resource, client_id] = token.value, now + token.expires_in
        return token.value

    def connection(self, provider_id: str, authorization_id: str, identity: str | None) -> StoredConnection:
        if self.authorizations is None:
            asked = f"'{authorization_id}' of '{provider_id}'"
            raise ConfigurationError(f"the gateway has no connections to look for {asked} in: pass {_AUTHORIZATIONS}")
        from apimpolicy.gateway.engine.managed_identity import MANAGED

        object_id = MANAGED if identity is None else self._object_id(identity)
        return self.authorizations.connection(provider_id, authorization_id, object_id)

    def _object_id(self, identity: str) -> str:
        """Return the object id of a token, which is read and not verified. Raises IdentityUnavailableError."""
        from apimpolicy.gateway.context.tokens import JsonNumber, parse_jwt

        token = parse_jwt(identity)
        if token is None:
            raise IdentityUnavailableError("The identity is not a JSON Web Token")
        if AUTHORIZATION_MANAGER not in token.audiences:
            raise IdentityUnavailableError(f"The identity's token is not for {AUTHORIZATION_MANAGER}")
        for name in ("oid", "tid"):
            value = token.payload.get(name)
            if not isinstance(value, str) or isinstance(value, JsonNumber):
                raise IdentityUnavailableError(f"The identity's token has no claim '{name}'")
        expires = token.payload.get("exp")
        now = (self.time.ticks() - UNIX_EPOCH_TICKS) / TICKS_PER_SECOND
        if isinstance(expires, JsonNumber) and float(expires) < now:
            raise IdentityUnavailableError("The identity's token is expired")
        return str(token.payload["oid"])


def _sources(given: OpenIdSource | Iterable[OpenIdSource]) -> list[OpenIdSource]:
    from apimpolicy.gateway.engine.token_issuers import OpenIdSource

    sources = [given] if isinstance(given, OpenIdSource) else list(given)
    for source in sources:
        _demand(source, OpenIdSource, "openid_providers are objects with a method `document`")
    return sources


def _demand(given: object, protocol: type, sentence: str) -> None:
    if not isinstance(given, protocol):
        raise ConfigurationError(f"{sentence}, not {type(given).__name__}")


_MANAGED_IDENTITY = "Gateway(managed_identity=ManagedIdentity()), or add to apimpolicy.toml: [managed-identity]"
_AUTHORIZATIONS = (
    "Gateway(authorizations=Authorizations()) with that connection, or add to apimpolicy.toml: [[authorizations]]"
)


# OpenID configurations with their keys, fetched from what the gateway was given and kept as Azure keeps them
# A configuration is fetched once an hour. A key id that it does not have, and a fetch that failed, are reasons to fetch
# again, at most once in five minutes since the last time. While a fetch fails, what was there before counts: our
# choice.

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
    def __init__(self, sources: Sequence[OpenIdSource], time: SimulatedTime) -> None:
        self.sources = sources
        self.time = time
        self._entries: dict[str, _Entry] = {}

    def configuration(self, url: str, missing_key: str | None = None) -> OpenIdConfiguration:
        """See `apimpolicy.gateway.policies.identity_services.IdentityServices.openid_configuration`."""
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
