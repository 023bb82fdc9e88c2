"""The identities of a gateway: `apimpolicy.policies.identity_services.Identities` from its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.dotnet.environment import TICKS_PER_SECOND, UNIX_EPOCH_TICKS
from apimpolicy.engine.openid_cache import OpenIdCache
from apimpolicy.errors import ConfigurationError
from apimpolicy.policies.identity_services import Connection, IdentityUnavailableError, OpenIdConfiguration

if TYPE_CHECKING:
    from collections.abc import Iterable

    from apimpolicy.engine.gateway_settings import GatewaySettings
    from apimpolicy.engine.openid_provider import OpenIdSource
    from apimpolicy.engine.services import SimulatedTime

AUTHORIZATION_MANAGER = "https://azure-api.net/authorization-manager"


class Identities:
    """Raises ConfigurationError for a setting that cannot answer."""

    def __init__(self, settings: GatewaySettings, time: SimulatedTime) -> None:
        sources = _sources(settings.openid_providers) if settings.openid_providers != () else []
        managed_identity, authorizations = settings.managed_identity, settings.authorizations
        if managed_identity is not None:
            from apimpolicy.engine.managed_identity import TokenSource

            _demand(managed_identity, TokenSource, "managed_identity is an object with a method `token`")
        if authorizations is not None:
            from apimpolicy.engine.authorizations import ConnectionSource

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

    def connection(self, provider_id: str, authorization_id: str, identity: str | None) -> Connection:
        if self.authorizations is None:
            asked = f"'{authorization_id}' of '{provider_id}'"
            raise ConfigurationError(f"the gateway has no connections to look for {asked} in: pass {_AUTHORIZATIONS}")
        from apimpolicy.engine.authorizations import MANAGED

        object_id = MANAGED if identity is None else self._object_id(identity)
        return self.authorizations.connection(provider_id, authorization_id, object_id)

    def _object_id(self, identity: str) -> str:
        """Return the object id of a token, which is read and not verified. Raises IdentityUnavailableError."""
        from apimpolicy.context.tokens import Number, parse_jwt

        token = parse_jwt(identity)
        if token is None:
            raise IdentityUnavailableError("The identity is not a JSON Web Token")
        if AUTHORIZATION_MANAGER not in token.audiences:
            raise IdentityUnavailableError(f"The identity's token is not for {AUTHORIZATION_MANAGER}")
        for name in ("oid", "tid"):
            value = token.payload.get(name)
            if not isinstance(value, str) or isinstance(value, Number):
                raise IdentityUnavailableError(f"The identity's token has no claim '{name}'")
        expires = token.payload.get("exp")
        now = (self.time.ticks() - UNIX_EPOCH_TICKS) / TICKS_PER_SECOND
        if isinstance(expires, Number) and float(expires) < now:
            raise IdentityUnavailableError("The identity's token is expired")
        return str(token.payload["oid"])


def _sources(given: OpenIdSource | Iterable[OpenIdSource]) -> list[OpenIdSource]:
    from apimpolicy.engine.openid_provider import OpenIdSource

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
