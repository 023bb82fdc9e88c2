r"""set-body: replace the body of the request or of the response.

```xml
<set-body>@("{\"id\": " + context.Variables["id"] + "}")</set-body>
<set-body template="liquid">{"name": "{{body.customer.name | Upcase}}"}</set-body>
```

In inbound and backend the policy changes the request, in outbound and on-error the response, inside return-response the
response that is returned. A `charset` in the content type becomes `utf-8`.

With `template="liquid"` the text is a Liquid template in the C# mode of DotLiquid: names of filters are in Pascal case,
date formats are those of .NET. The template sees `context` and `body`, the body of the message that the policy changes,
read by its `Content-Type` as JSON or XML; inside return-response there is none. With `parse-date="false"` dates in JSON
stay as they are written; otherwise they are parsed, and written as `03/21/2012 05:40:00`. `xsi-nil` decides whether
`xsi:nil="true"` is null or an empty string.

Simulated, except for undocumented parts: `html-decode-expression`, the `where` of `JSONArrayFor` and Liquid's
newer tags fail by name. A request with the method GET or HEAD that has no body cannot get one: the
documentation says that this throws (`Gateway(allows_new_body=True)` lets it pass; the error has our own text
and no reason).

Our choices:

- Requests with other methods can get a body, because the policies that Azure generates for SOAP services rely on it.
- Text is sent as UTF-8, with its white space; `byte[]` is sent as its bytes. Elements in the content are sent as they
  are written, with the entities among them, in Liquid tags too.
- Inside send-request a template sees the body of the message in the pipeline.
- The documentation does not list on-error for this policy. Deployed policies use it there, so it is allowed.
- In a template a body that is neither JSON nor XML, or that cannot be read, is null. Names in XML have no namespaces
  and ignore case. A filter that does not exist leaves the value as it is, and the trace names
  it. An error while rendering becomes a text in its place; a template that cannot be read is an error without a reason,
  with the message of DotLiquid. The filter Currency without the name of a culture uses the invariant one,
  because no document says which culture the gateway has.

Source: https://learn.microsoft.com/azure/api-management/set-body-policy and, for the character set,
https://azure.microsoft.com/blog/deep-dive-on-set-body-policy
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.csharp.dotnet.values import from_utf16, to_utf16
from apimpolicy.errors import NotSimulatedError
from apimpolicy.gateway.policies.conversions import body, boolean
from apimpolicy.gateway.policies.effects import BodySet, Effect
from apimpolicy.gateway.policies.spec import PolicyExchange, azure_error, content, literal_attribute, policy

if TYPE_CHECKING:
    from apimpolicy.gateway.context.messages import RequestMessage, ResponseMessage

_CHARSET = re.compile(r"(;\s*charset\s*=\s*)(\"[^\"]*\"|[^;\s]*)", re.IGNORECASE)


@policy(
    "set-body",
    left_out="`html-decode-expression` and parts of Liquid that no document explains, which fail by name",
    traits="builds-response replaces-body",
    access="passes",
)
class SetBody:
    template: str | None = literal_attribute(values=("liquid", "none"))
    xsi_nil: str = literal_attribute(default="blank", values=("blank", "null"))
    parse_date: bool = literal_attribute(boolean, default=True)
    html_decode_expression: bool = literal_attribute(boolean, default=False)
    body: bytes = content(body, markup=True)

    def run(self, exchange: PolicyExchange) -> Effect:
        from apimpolicy.gateway.policies.liquid.template import rendered

        if self.html_decode_expression:
            raise NotSimulatedError("set-body html-decode-expression", "it is undocumented")
        message = exchange.message
        if (
            message.body is None
            and message is exchange.request
            and exchange.request.method in ("GET", "HEAD")
            and not exchange.services.settings.allows_new_body
        ):
            raise azure_error("body-missing")
        rendering = None
        if self.template == "liquid":
            rendering = rendered(
                exchange,
                to_utf16(self.body.decode("utf-8", "replace")),
                self.source(exchange),
                parses_dates=self.parse_date,
                nil_is_null=self.xsi_nil == "null",
            )
        data = self.body if rendering is None else from_utf16(rendering.text).encode("utf-8", "replace")
        message.set_body(data)
        _say_utf8(message)
        kind = exchange.message_kind
        words = f"{len(data):,} bytes"
        if rendering is None:
            return BodySet(words, message=kind, length=len(data))
        unknown = tuple(sorted(rendering.unknown_filters))
        if unknown:
            words += f"; Liquid has no filter {', '.join(unknown)}"
        if rendering.errors:
            words += f"; {rendering.errors} Liquid error{'s' if rendering.errors > 1 else ''} in the text"
        return BodySet(words, message=kind, length=len(data), unknown_filters=unknown, errors=rendering.errors)

    def source(self, exchange: PolicyExchange) -> RequestMessage | ResponseMessage | None:
        """Return the message whose body a template sees; None where the pipeline has been given up."""
        message = exchange.message
        if message is exchange.composed_request:
            return exchange.request if exchange.section in ("inbound", "backend") else exchange.response
        return message if message is exchange.request or message is exchange.response else None


def _say_utf8(message: RequestMessage | ResponseMessage) -> None:
    """Make a character set that the content type states `utf-8`, which the new body is in."""
    stated = message.headers.joined("Content-Type")
    if stated is None:
        return
    found = _CHARSET.search(stated)
    if found is not None and found[2].strip('"').lower() != "utf-8":
        message.headers.set("Content-Type", [_CHARSET.sub(r"\1utf-8", stated)])
