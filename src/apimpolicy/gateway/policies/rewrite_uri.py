"""rewrite-uri: change the path and query of the request to what the backend expects.

```xml
<rewrite-uri template="/v2/orders/{id}?expand=lines" copy-unmatched-params="false" />
```

Parameters of the operation's URL template can be used in braces. With `copy-unmatched-params` (true by default) the
query parameters that the operation's template does not name are copied. `context.Request.OriginalUrl` stays as it is.

Simulated in full. Our choices: a parameter in the new template takes precedence over a copied one with the same name;
the values of parameters are percent-encoded; a parameter that the operation does not have is an error with the text
that Azure gives when such a policy is saved.

Source: https://learn.microsoft.com/azure/api-management/rewrite-uri-policy
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.gateway.policies.conversions import boolean, trimmed
from apimpolicy.gateway.policies.effects import Effect, UrlRewritten
from apimpolicy.gateway.policies.spec import PolicyExchange, azure_error, expression_attribute, policy

if TYPE_CHECKING:
    from apimpolicy.gateway.context.header_fields import HeaderCollection

_PARAMETER = re.compile(r"\{(\*?)([^{}]*+)\}")
_UNSENDABLE = re.compile(r"[^\x21-\x7e]+")


@policy("rewrite-uri", sections="inbound", traits="routes rewrites-path seen-in-traces", access="passes")
class RewriteUri:
    template: str = expression_attribute(trimmed, required=True, validated=True)
    copy_unmatched_params: bool = expression_attribute(boolean, default=True)

    def run(self, exchange: PolicyExchange) -> Effect:
        from apimpolicy.gateway.context.urls import encode_parameters

        request = exchange.request
        matched = request.matched_parameters

        def parameter(found: re.Match[str]) -> str:
            is_matched, value = matched.try_get_value(found[2])
            if not is_matched:
                raise azure_error("rewrite-parameter")
            is_path = found[1] or f"{{*{found[2]}}}" in exchange.url_template
            return quote(from_utf16(value), safe="/-_.~" if is_path else "-_.~")

        path, _, query = self.template.partition("?")
        path = _PARAMETER.sub(parameter, path)
        query = _PARAMETER.sub(parameter, query)
        path, query = _sendable(path), _sendable(query)
        before = request.url
        after = before.replaced(path=path, query_string=query)
        if self.copy_unmatched_params:
            copied = self.unmatched(exchange.url_template, before.query, after.query)
            query = "&".join(part for part in (query, encode_parameters(copied)) if part)
            after = before.replaced(path=path, query_string=query)
        request.url = after
        exchange.path_is_rewritten = True
        return UrlRewritten(
            after.path + after.query_string,
            before=before.path + before.query_string,
            after=after.path + after.query_string,
            request_url=exchange.target_url,
        )

    def unmatched(
        self, url_template: str, query: HeaderCollection, taken: HeaderCollection
    ) -> list[tuple[str, list[str]]]:
        """Return the parameters of the query that neither the operation's template nor the new one names."""
        named = {part.partition("=")[0].lower() for part in url_template.partition("?")[2].split("&")}
        return [(name, values) for name, values in query.fields() if name.lower() not in named and name not in taken]


def _sendable(text: str) -> str:
    """Return a part of a URL with blanks, control characters and non-ASCII ones percent-encoded, as .NET's Uri does.

    A blank or a line break would end the target, or the first line, of the request.
    """
    return _UNSENDABLE.sub(lambda found: quote(from_utf16(found[0]).encode("utf-8", "replace")), text)
