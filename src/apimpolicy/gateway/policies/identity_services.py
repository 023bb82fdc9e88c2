"""Identities as policies see them: OpenID providers, managed identities, stored connections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol


class IdentityUnavailableError(Exception):
    """A key, token or connection is not available: no response from a provider, or a refused identity or connection.

    The text is the reason; it is not for the caller.
    """


class IdentityMissingError(IdentityUnavailableError):
    """The service has no such managed identity."""


class OpenIdConfiguration(NamedTuple):
    """The configuration of an OpenID provider: its issuer, and its signing keys (JSON Web Keys, RFC 7517)."""

    issuer: str | None
    keys: Sequence[Mapping[str, Any]]


class StoredConnection(NamedTuple):
    """A connection of the credential manager: an access token, and claims as Python values."""

    access_token: str
    claims: Mapping[str, object]


class IdentityServices(Protocol):
    """The source of keys, tokens and connections for policies; each is an input of the simulated gateway.

    All methods raise IdentityUnavailableError when something is not available, and ConfigurationError when
    nothing was passed in that could answer. Texts are Python's, not .NET's.
    """

    def openid_configuration(self, url: str, missing_key: str | None = None) -> OpenIdConfiguration:
        """Return the OpenID configuration published at a URL, cached. `missing_key` is the id of a key that a token
        names and the configuration got before does not have: a reason to fetch it again, if due.
        """

    def managed_identity_token(self, resource: str, client_id: str | None) -> str:
        """Return an access token of the system-assigned identity, or of the one with this client id."""

    def connection(self, provider_id: str, authorization_id: str, identity: str | None) -> StoredConnection:
        """Return a connection of the credential manager, for the gateway's own identity or for that of a token."""
