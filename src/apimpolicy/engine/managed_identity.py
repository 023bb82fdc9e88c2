"""Managed identities for tests: the tokens that were requested, and those that were issued.

identity = ManagedIdentity()                                     system-assigned; of some tenant
identity = ManagedIdentity(tenant, user_assigned=["5b1c…"])      and one more
gateway = Gateway(managed_identity=identity)
identity.requests[0].resource, identity.requests[0].token
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

from apimpolicy.engine.entra_tenant import EntraTenant
from apimpolicy.policies.identity_services import IdentityMissingError, IdentityUnavailableError

if TYPE_CHECKING:
    from apimpolicy.engine.services import SimulatedTime

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
        """Give tokens at this time."""
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
