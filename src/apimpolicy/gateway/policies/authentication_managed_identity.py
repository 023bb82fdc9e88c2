"""authentication-managed-identity: identify the gateway to a service with a token of its managed identity.

```xml
<authentication-managed-identity resource="https://vault.azure.net" />
<authentication-managed-identity
    resource="api://orders"
    client-id="{{orders-identity}}"
    output-token-variable-name="token"
    ignore-error="true" />
```

Gets an access token for `resource` and sends it as `Authorization: Bearer …`. With `output-token-variable-name` the
token, a string, goes into that variable instead, and no header is set. Without `client-id` the token is that of the
system-assigned identity, otherwise that of the user-assigned identity with this client id. If no token can be issued,
on-error runs; with `ignore-error="true"` the pipeline continues. Inside send-request the header is set on the request
that send-request sends.

```python
identity = ManagedIdentity(user_assigned=["5b1c…"], refuses={"https://vault.azure.net": "no access"})
gateway = Gateway(managed_identity=identity)
identity.requests          # the requested resources, with the tokens that were issued
```

Simulated in full: the `ManagedIdentity` of the gateway issues the tokens, and without one the policy fails by name. A
token is kept until it expires on the gateway's clock, as in Azure. The message for an identity that the service does
not have is documented. Our choices: the error has status 500 and no reason; an ignored error leaves header and variable
as they were; a missing `resource`, which the documentation does not allow but the editor's schema does, requests a
token for an empty resource; in outbound, where deployed policies use it with a variable, the header is still set on the
request, never on the response.

Source: https://learn.microsoft.com/azure/api-management/authentication-managed-identity-policy
"""

from __future__ import annotations

from apimpolicy.csharp.dotnet.values import from_utf16, to_utf16
from apimpolicy.gateway.policies.conversions import boolean, trimmed
from apimpolicy.gateway.policies.effects import Effect, TokenAcquired
from apimpolicy.gateway.policies.identity_services import IdentityMissingError, IdentityUnavailableError
from apimpolicy.gateway.policies.placement import Placement
from apimpolicy.gateway.policies.spec import (
    PolicyExchange,
    azure_error,
    expression_attribute,
    literal_attribute,
    policy,
)

"""Documented, for an identity that is missing or has expired."""


@policy(
    "authentication-managed-identity",
    sections="inbound",
    placement=Placement(not_at=("workspace",), not_on=("workspace",)),
    also_in="backend outbound on-error",  # saved in outbound, in many deployed documents
    traits="acquires-token",
    effects="header:authorization variables fails",
    chosen_refusal="the status 500 and the missing reason",
    access="identity",
)
class AuthenticationManagedIdentity:
    resource: str = expression_attribute(trimmed, required=True, default="")
    client_id: str | None = literal_attribute(trimmed, doubt="expression")
    output_token_variable_name: str | None = literal_attribute(sets="string")
    ignore_error: bool = literal_attribute(boolean, default=False, values=("true", "false"))

    def run(self, exchange: PolicyExchange) -> Effect:
        resource, variable = from_utf16(self.resource), self.output_token_variable_name
        client_id = from_utf16(self.client_id) if self.client_id else None
        try:
            token = to_utf16(exchange.services.identities.managed_identity_token(resource, client_id))
        except IdentityUnavailableError as error:
            refused = azure_error("identity-token-missing", resource=self.resource, details=to_utf16(str(error)))
            effect = TokenAcquired(refused.message, resource=resource, client_id=client_id, acquired=False)
            if self.ignore_error:
                return effect
            exchange.note(effect)
            raise (azure_error("identity-missing") if isinstance(error, IdentityMissingError) else refused) from None
        if variable:
            exchange.variables[from_utf16(variable)] = token
        else:
            request = exchange.request if exchange.composed_request is None else exchange.composed_request
            request.headers.set("Authorization", [f"Bearer {token}"])
        where = f"the variable {variable}" if variable else "Authorization"
        shown = f"a token for {self.resource} in {where}"
        return TokenAcquired(shown, resource=resource, client_id=client_id, acquired=True, variable=variable or None)
