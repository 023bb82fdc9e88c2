"""What policies see of the world of identities: OpenID providers, managed identities, stored connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class IdentityUnavailableError(Exception):
    """Nobody gave what was asked for: a provider cannot be reached, an identity or a connection is refused.

    The text says why; it is not for the caller.
    """


class IdentityMissingError(IdentityUnavailableError):
    """The service has no such managed identity."""


class OpenIdConfiguration(NamedTuple):
    """What an OpenID provider publishes: its issuer, and the keys (JSON Web Keys, RFC 7517) that it signs with."""

    issuer: str | None
    keys: Sequence[Mapping[str, Any]]


class Connection(NamedTuple):
    """What the credential manager holds for one connection: an access token, and claims as Python values."""

    access_token: str
    claims: Mapping[str, object]


class Identities(Protocol):
    """Where policies get keys, tokens and connections from. Every one is an input of the simulated gateway.

    All methods raise IdentityUnavailableError when what was asked for cannot be had, and ConfigurationError when
    nothing was passed in that could answer. Texts are Python's, not .NET's.
    """

    def openid_configuration(self, url: str, missing_key: str | None = None) -> OpenIdConfiguration:
        """What is published at the URL of an OpenID configuration, cached. `missing_key` is the id of a key that a
        token names and the configuration got before does not have: a reason to ask again, if that is due.
        """

    def managed_identity_token(self, resource: str, client_id: str | None) -> str:
        """An access token for the resource, of the system-assigned identity, or of the one with this client id."""

    def connection(self, provider_id: str, authorization_id: str, identity: str | None) -> Connection:
        """A connection of the credential manager, for the gateway's own identity or for that of a token."""
