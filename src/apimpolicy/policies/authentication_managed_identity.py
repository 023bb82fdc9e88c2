"""authentication-managed-identity: identify the gateway to a service with a token of its managed identity.

```xml
<authentication-managed-identity resource="https://vault.azure.net" />
<authentication-managed-identity resource="api://orders" client-id="{{orders-identity}}"
    output-token-variable-name="token" ignore-error="true" />
```

Gets an access token for `resource` and sends it as `Authorization: Bearer …`; with `output-token-variable-name` the
token becomes a variable instead, a string, and no header is set. Without `client-id` it is the system-assigned
identity's, else that of the user-assigned identity with this client id. When there is no token to be had, on-error
runs; with `ignore-error="true"` the next policy does. Inside send-request the header is that of the request it sends.

```python
identity = ManagedIdentity(user_assigned=["5b1c…"], refuses={"https://vault.azure.net": "no access"})
gateway = Gateway(managed_identity=identity)
identity.requests          # what was asked for, with the tokens that were given
```

Simulated in full: nobody is asked but the `ManagedIdentity` of the gateway, and without one the policy fails by name. A
token is kept until it expires on the gateway's clock, so that it is asked for once. Our choices: the error has no
reason and status 500; an ignored error leaves header and variable as they were. With `resource` left out, which the
documentation does not allow and the editor's schema does, the empty text is asked for. In outbound, where people have
it with a variable, the header is the request's all the same: no response ever gets it.

Source: https://learn.microsoft.com/azure/api-management/authentication-managed-identity-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.dotnet.values import from_utf16, to_utf16
from apimpolicy.policies.conversions import boolean, trimmed
from apimpolicy.policies.effects import Effect
from apimpolicy.policies.identity_services import IdentityUnavailableError
from apimpolicy.policies.spec import PolicyError, expression_attribute, literal_attribute, policy

if TYPE_CHECKING:
    from apimpolicy.policies.spec import Exchange


@policy("authentication-managed-identity", sections="inbound")
class AuthenticationManagedIdentity:
    resource: str = expression_attribute(trimmed, required=True, default="")
    client_id: str | None = literal_attribute(trimmed)
    output_token_variable_name: str | None = literal_attribute()
    ignore_error: bool = literal_attribute(boolean, default=False, values=("true", "false"))

    def run(self, exchange: Exchange) -> Effect:
        resource, variable = from_utf16(self.resource), self.output_token_variable_name
        client_id = from_utf16(self.client_id) if self.client_id else None
        try:
            token = to_utf16(exchange.services.identities.managed_identity_token(resource, client_id))
        except IdentityUnavailableError as error:
            message = f"No token for '{self.resource}': {to_utf16(str(error))}."
            effect = Effect("token-acquired", message, resource=resource, client_id=client_id, acquired=False)
            if self.ignore_error:
                return effect
            exchange.note(effect)
            raise PolicyError(None, message) from None
        if variable:
            exchange.variables[from_utf16(variable)] = token
        else:
            request = exchange.request if exchange.composed_request is None else exchange.composed_request
            request.headers.set("Authorization", [f"Bearer {token}"])
        where = f"the variable {variable}" if variable else "Authorization"
        shown = f"a token for {self.resource} in {where}"
        return Effect("token-acquired", shown, resource=resource, client_id=client_id, acquired=True)
