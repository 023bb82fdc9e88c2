"""set-header: set, add or delete a header of the request or of the response.

```xml
<set-header name="X-Trace" exists-action="override">
    <value>@(context.RequestId.ToString())</value>
</set-header>
```

In inbound and backend the policy changes the request, in outbound and on-error the response, inside return-response the
response that is returned. `exists-action` is `override` (the default: the given values replace all others), `skip`,
`append` or `delete`. `Connection`, `Content-Length`, `Keep-Alive` and `Transfer-Encoding` cannot be overridden,
appended to or deleted, and `Server` cannot be deleted from a response. The caller's own address cannot be deleted from
`X-Forwarded-For`: forward-request adds it (all documented). If the policy sets `Host`, the backend
gets this value; otherwise it gets its own host.

Simulated in full. Several values of a header are kept separately: `headers.get_all(name)` returns a list, and
`headers[name]` joins them with a comma and a space. A real gateway sends them on one line, joined by commas, except for
headers such as `Set-Cookie` and `User-Agent`, which get a line for each value. If an expression in `name` returns a
protected header, or a value contains line breaks, the request fails with ExpressionValueValidationFailure (both seen).
Our choices: a literal name of a protected header is not an error, and the trace reports that nothing changed; white
space around a value is removed; `override` without a value deletes the header.

Source: https://learn.microsoft.com/azure/api-management/set-header-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.gateway.policies.conversions import header_name, header_value
from apimpolicy.gateway.policies.effects import Effect, HeaderSet
from apimpolicy.gateway.policies.spec import PolicyExchange, child_texts, expression_attribute, policy
from apimpolicy.gateway.policies.surroundings import azure_text, invalid_value

if TYPE_CHECKING:
    from apimpolicy.gateway.context.header_fields import HeaderCollection

EXISTS_ACTIONS = ("override", "skip", "append", "delete")
PROTECTED = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding"})


@policy("set-header", traits="sets-header", access="header-set")
class SetHeader:
    name: str = expression_attribute(header_name, required=True)
    exists_action: str = expression_attribute(default="override", values=EXISTS_ACTIONS)
    values: list[str] = child_texts("value", header_value)

    def run(self, exchange: PolicyExchange) -> Effect:
        headers = exchange.message.headers
        kind = exchange.message_kind
        before = tuple(headers.get_all(self.name))
        kept = self.kept(kind, before)
        if kept is not None and self.name.lower() in PROTECTED and exchange.has_expression("name"):
            raise invalid_value(azure_text("header-restricted"))
        if kind == "request" and exchange.composed_request is None and self.name.lower() == "host":
            exchange.host_is_set = True
        if kept is None:
            apply(headers, self.exists_action, self.name, self.values)
        elif kept:
            headers.set(self.name, kept)
        else:
            headers.delete(self.name)
        after = tuple(headers.get_all(self.name))
        protected = kept is not None and after == before
        words = f"{self.name}: {', '.join(after)}" if after else f"{self.name} is not there"
        traced = None
        if self.exists_action == "delete" and before and not after:
            words = traced = azure_text("trace-header-removed", name=self.name)
        return HeaderSet(
            f"{self.name} stays: policies cannot change it" if protected else words,
            message=kind,
            name=self.name,
            action=self.exists_action,
            before=before,
            after=after,
            protected=protected,
            traced=traced,
        )

    def kept(self, kind: str, before: tuple[str, ...]) -> list[str] | None:
        """Return the values that stay because the gateway protects them; None when it does not mind."""
        name = self.name.lower()
        if name in PROTECTED and not (self.exists_action == "skip" and not before):
            return list(before)
        is_own = name == "server" and kind == "response"
        return list(before) if is_own and self.exists_action == "delete" and before else None


def apply(fields: HeaderCollection, action: str, name: str, values: list[str]) -> None:
    """Change the fields of a name by `exists-action`."""
    if action == "delete" or (action == "override" and not values):
        fields.delete(name)
    elif action == "override" or name not in fields:
        if values:
            fields.set(name, values)
    elif action == "append":
        fields.append(name, values)
