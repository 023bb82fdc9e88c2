"""The credential manager for tests: connections with their tokens, and the identities that may use them.

authorizations = Authorizations()
authorizations.add("github", "orders-bot", access_token="gho_1", claims={"login": "bot"})
authorizations.add("github", "broken", error="the consent was withdrawn")
authorizations.add("drive", "partner", access_token="ya29", object_ids=["99999999-…"])   not for the gateway itself
gateway = Gateway(authorizations=authorizations)
authorizations.requests[0].authorization_id
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol, runtime_checkable

from apimpolicy.policies.identity_services import IdentityUnavailableError, StoredConnection

MANAGED = "managed"


class ConnectionRequest(NamedTuple):
    """A request for a connection; `object_id` is `managed` for the gateway's own identity."""

    provider_id: str
    authorization_id: str
    object_id: str


@runtime_checkable
class ConnectionSource(Protocol):
    """A source of connections."""

    def connection(self, provider_id: str, authorization_id: str, object_id: str) -> StoredConnection:
        """Return the connection for an identity: an object id or `managed`. Raises IdentityUnavailableError."""


class _Stored(NamedTuple):
    connection: StoredConnection
    object_ids: frozenset[str] | None
    error: str | None


class Authorizations:
    """Connections by credential provider and id. `requests` are all requests, refused ones too."""

    def __init__(self) -> None:
        self._connections: dict[tuple[str, str], _Stored] = {}
        self.requests: list[ConnectionRequest] = []

    def add(
        self,
        provider_id: str,
        authorization_id: str,
        *,
        access_token: str = "",
        claims: Mapping[str, object] | None = None,
        object_ids: Iterable[str] | None = None,
        error: str | None = None,
    ) -> None:
        """Add a connection, or replace it: a new access token. `object_ids` are all that its access policies name,
        `managed` for the gateway's own identity; every identity may use it unless given. With an `error` it fails.
        """
        known = None if object_ids is None else frozenset(id.lower() for id in object_ids)
        stored = _Stored(StoredConnection(access_token, dict(claims or {})), known, error)
        self._connections[provider_id.lower(), authorization_id.lower()] = stored

    def connection(self, provider_id: str, authorization_id: str, object_id: str) -> StoredConnection:
        self.requests.append(ConnectionRequest(provider_id, authorization_id, object_id))
        name = f"The connection '{authorization_id}' of the credential provider '{provider_id}'"
        found = self._connections.get((provider_id.lower(), authorization_id.lower()))
        if found is None:
            raise IdentityUnavailableError(f"{name} does not exist")
        if found.object_ids is not None and object_id.lower() not in found.object_ids:
            raise IdentityUnavailableError(f"{name} has no access policy for '{object_id}'")
        if found.error is not None:
            raise IdentityUnavailableError(f"{name} is in an error state: {found.error}")
        return found.connection
