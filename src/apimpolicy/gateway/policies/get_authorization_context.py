"""get-authorization-context: take the access token of a connection that the credential manager keeps.

```xml
<get-authorization-context provider-id="github" authorization-id="orders-bot" context-variable-name="github" />
<set-header name="Authorization">
    <value>@("Bearer " + ((Authorization)context.Variables["github"]).AccessToken)</value>
</set-header>
```

The variable gets an `Authorization` object with `AccessToken` and `Claims`. The connection's access policies decide who
may use it: the gateway's own identity (`identity-type="managed"`, the default), or with `jwt` the service principal
whose token `identity` is. A failure is an error with status 500; with `ignore-error="true"` the variable is null
instead.

```python
authorizations = Authorizations()
authorizations.add("github", "orders-bot", access_token="gho_1", claims={"login": "bot"})
gateway = Gateway(authorizations=authorizations)
```

Simulated: whether the connection exists, is in order, and is open to the identity. The `Authorizations` of the gateway
answer; without them the policy fails by name. Tokens are not refreshed: a test replaces one with `add`. Of `identity`
the audience `https://azure-api.net/authorization-manager`, `oid`, `tid` and `exp` are checked, the signature is not.
Our choices: the error has no reason; `jwt` without `identity` is such an error; ids are compared without regard to
case; claims that are not texts arrive as bool, long, double or string[], and objects as JSON.

Source: https://learn.microsoft.com/azure/api-management/get-authorization-context-policy
"""

from __future__ import annotations

from apimpolicy.csharp.dotnet.metadata import named
from apimpolicy.csharp.dotnet.values import STRING, box, from_utf16, string_array, to_utf16
from apimpolicy.gateway.policies.conversions import boolean, text, trimmed
from apimpolicy.gateway.policies.effects import AuthorizationAcquired, Effect
from apimpolicy.gateway.policies.identity_services import IdentityUnavailableError, StoredConnection
from apimpolicy.gateway.policies.placement import Placement
from apimpolicy.gateway.policies.spec import PolicyError, PolicyExchange, expression_attribute, policy


@policy(
    "get-authorization-context",
    sections="inbound",
    placement=Placement(not_at=("workspace",), not_on=("self-hosted", "workspace")),
    left_out="refreshing tokens, and checking the signature of `identity`",
    also_in="backend outbound",  # the toolkit,
    effects="variables fails",
    chosen_refusal="the status 500, the missing reason and the text",
    access="connection",
)
class GetAuthorizationContext:
    provider_id: str = expression_attribute(trimmed, required=True, refers="authorization-providers")
    authorization_id: str = expression_attribute(trimmed, required=True, refers="authorizations")
    context_variable_name: str = expression_attribute(text, required=True)
    identity_type: str = expression_attribute(trimmed, default="managed", values=("managed", "jwt"))
    identity: str = expression_attribute(trimmed, default="")
    ignore_error: bool = expression_attribute(boolean, default=False, values=("true", "false"))

    def run(self, exchange: PolicyExchange) -> Effect:
        variable = from_utf16(self.context_variable_name)
        provider_id, authorization_id = from_utf16(self.provider_id), from_utf16(self.authorization_id)
        try:
            connection = self.connection(exchange, provider_id, authorization_id)
        except IdentityUnavailableError as error:
            message = f"{to_utf16(str(error))}."
            effect = self.effect(message, variable, acquired=False)
            if self.ignore_error:
                exchange.variables[variable] = None
                return effect
            exchange.note(effect)
            raise PolicyError(None, message) from None
        from apimpolicy.gateway.context.tokens import Authorization

        claims = {name: to_dotnet(value) for name, value in connection.claims.items()}
        exchange.variables[variable] = Authorization(to_utf16(connection.access_token), claims)
        return self.effect(f"{self.provider_id}/{self.authorization_id} in the variable {variable}", variable)

    def connection(self, exchange: PolicyExchange, provider_id: str, authorization_id: str) -> StoredConnection:
        """Return the connection. Raises IdentityUnavailableError."""
        identity = None
        if self.identity_type == "jwt":
            if not self.identity:
                raise IdentityUnavailableError("The identity-type is jwt, and there is no identity")
            identity = from_utf16(self.identity)
        return exchange.services.identities.connection(provider_id, authorization_id, identity)

    def effect(self, shown: str, variable: str, acquired: bool = True) -> Effect:
        return AuthorizationAcquired(
            shown,
            provider_id=self.provider_id,
            authorization_id=self.authorization_id,
            name=variable,
            acquired=acquired,
        )


def to_dotnet(value: object) -> object:
    """Box a claim that Python code gave: whole numbers as long, others as double, lists of texts as `string[]`, objects
    as JSON text.

    >>> to_dotnet({"a": 1})
    '{"a": 1}'
    """
    if value is None:
        return None
    if isinstance(value, bool):
        return box(named("System.Boolean"), value)
    if isinstance(value, int) and -(1 << 63) <= value < 1 << 63:
        return box(named("System.Int64"), value)
    if isinstance(value, float):
        return box(named("System.Double"), value)
    if isinstance(value, str):
        return box(STRING, to_utf16(value))
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return string_array(map(to_utf16, value))
    import json

    return box(STRING, to_utf16(json.dumps(value, ensure_ascii=False, default=str)))
