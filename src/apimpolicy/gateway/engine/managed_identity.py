"""Managed identities for tests: the tokens that were requested, and those that were issued.

identity = ManagedIdentity()                                     system-assigned; of some tenant
identity = ManagedIdentity(tenant, user_assigned=["5b1c…"])      and one more
gateway = Gateway(managed_identity=identity)
identity.requests[0].resource, identity.requests[0].token

The credential manager for tests: connections with their tokens, and the identities that may use them.

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

from apimpolicy.gateway.engine.services import SimulatedTime
from apimpolicy.gateway.engine.token_issuers import EntraTenant
from apimpolicy.gateway.policies.identity_services import (
    IdentityMissingError,
    IdentityUnavailableError,
    StoredConnection,
)

DAY = 86_400
SYSTEM_ASSIGNED = "00000000-0000-0000-0000-000000000001"


class AccessToken(NamedTuple):
    """A token, and for how many seconds it is good from now."""

    value: str
    expires_in: float


class TokenRequest(NamedTuple):
    """A request for a token; `client_id` None is the system-assigned identity, `token` None: it was refused."""

    resource: str
    client_id: str | None
    token: str | None


@runtime_checkable
class TokenSource(Protocol):
    """Gives tokens to the gateway's identities."""

    def token(self, resource: str, client_id: str | None) -> AccessToken:
        """Return a token for a resource. Raises IdentityUnavailableError when there is none to be had."""


class ManagedIdentity:
    """Managed identities of one tenant. Their tokens are of version 1, with `appid` and `oid`, for `resource`.

    `user_assigned` are the client ids of all identities besides the system-assigned one; any is there unless given.
    `refuses` are resources for which there is no token, with the words of the refusal.
    """

    def __init__(
        self,
        tenant: EntraTenant | None = None,
        *,
        system_assigned: bool = True,
        user_assigned: Iterable[str] | None = None,
        refuses: Mapping[str, str] | None = None,
        expires_in: float = DAY,
    ) -> None:
        self.tenant = tenant or EntraTenant()
        self.system_assigned = system_assigned
        self.user_assigned = None if user_assigned is None else {id.lower() for id in user_assigned}
        self.refuses = dict(refuses or {})
        self.expires_in = expires_in
        self.requests: list[TokenRequest] = []

    def use_time(self, time: SimulatedTime) -> None:
        self.tenant.use_time(time)

    def token(self, resource: str, client_id: str | None) -> AccessToken:
        try:
            self._check(resource, client_id)
        except IdentityUnavailableError:
            self.requests.append(TokenRequest(resource, client_id, None))
            raise
        identity = SYSTEM_ASSIGNED if client_id is None else client_id
        token = self.tenant.token(resource, client_id=identity, version=1, expires_in=self.expires_in)
        self.requests.append(TokenRequest(resource, client_id, token))
        return AccessToken(token, self.expires_in)

    def _check(self, resource: str, client_id: str | None) -> None:
        if client_id is None and not self.system_assigned:
            raise IdentityMissingError("The gateway has no system-assigned identity")
        if client_id is not None and self.user_assigned is not None and client_id.lower() not in self.user_assigned:
            raise IdentityMissingError(f"The gateway has no user-assigned identity with the client id '{client_id}'")
        if (refusal := self.refuses.get(resource)) is not None:
            raise IdentityUnavailableError(refusal)


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
