"""cache-lookup: answer from the cache if cache-store kept a response to such a request.

```xml
<cache-lookup vary-by-developer="false" vary-by-developer-groups="false" downstream-caching-type="none">
    <vary-by-header>Accept</vary-by-header>
    <vary-by-query-parameter>version;page</vary-by-query-parameter>
</cache-lookup>
```

Only GET requests are looked up; requests with an `Authorization` header only with `allow-private-response-caching`.
Responses are kept apart by `vary-by-header`, `vary-by-query-parameter` (several names are separated by semicolons),
`vary-by-developer` and `vary-by-developer-groups`. cache-store in outbound keeps them.

Simulated with one cache for each gateway, whatever `caching-type` says, unless the gateway has a Redis. Our choices:
an answer from the cache ends inbound and leaves out the backend; outbound runs, and does not store the answer again;
without `vary-by-query-parameter` the whole query string counts; developer and groups are told apart by their ids;
`downstream-caching-type` sets `Cache-Control` on answers from the cache to `private` or `public`, with `must-
revalidate` unless that is switched off, and `none` sets nothing.

Source: https://learn.microsoft.com/azure/api-management/cache-lookup-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.policies.cache_lookup_value import CACHING_TYPES
from apimpolicy.policies.conversions import boolean, trimmed
from apimpolicy.policies.effects import Effect
from apimpolicy.policies.placement import Placement
from apimpolicy.policies.spec import child_texts, expression_attribute, literal_attribute, policy

if TYPE_CHECKING:
    from apimpolicy.policies.spec import Exchange


@policy(
    "cache-lookup",
    sections="inbound",
    placement=Placement(once="section"),
    left_out="`caching-type`: a gateway without a Redis has one cache",
    other_half="cache-store",
    traits="keeps-responses not-in-fragments",
    effects="serves fails",
)
class CacheLookup:
    allow_private_response_caching: bool = expression_attribute(boolean, default=False)
    caching_type: str = literal_attribute(default="prefer-external", values=CACHING_TYPES)
    downstream_caching_type: str = expression_attribute(default="none", values=("none", "private", "public"))
    must_revalidate: bool = expression_attribute(boolean, default=True)
    vary_by_developer: bool = expression_attribute(boolean, required=True, default=False)
    vary_by_developer_groups: bool = expression_attribute(boolean, required=True, default=False)
    headers: list[str] = child_texts("vary-by-header", trimmed)
    parameters: list[str] = child_texts("vary-by-query-parameter", trimmed)

    def run(self, exchange: Exchange) -> Effect:
        from apimpolicy.context.messages import ResponseMessage
        from apimpolicy.context.records import Response

        request = exchange.request
        private = "Authorization" in request.headers and not self.allow_private_response_caching
        if request.method != "GET" or private:
            return Effect("cache", "this request is not cached", key=None, found=False)
        key = exchange.cache_key = self.key(exchange)
        cache = exchange.response_cache = exchange.services.state.cache(self.caching_type)
        found, value = cache.get(key)
        if not isinstance(value, Response):
            return Effect("cache", "no answer is cached", key=key, found=found)
        answer = ResponseMessage.of(value, request.second_read)
        if self.downstream_caching_type != "none":
            directives = [self.downstream_caching_type, *(["must-revalidate"] if self.must_revalidate else [])]
            answer.headers.set("Cache-Control", [", ".join(directives)])
        exchange.serve(answer)
        return Effect("cache", f"{value.status_code} {value.reason} (cached)", key=key, found=True)

    def key(self, exchange: Exchange) -> str:
        request, user = exchange.request, exchange.context.user
        url = request.original_url
        names = [name.strip() for names in self.parameters for name in names.split(";") if name.strip()]
        parts: list[object] = [url.host.lower(), url.path.lower()]
        parts.append([(name.lower(), url.query.get_all(name)) for name in names] if names else url.query_string)
        parts += [(name.lower(), request.headers.get_all(name)) for name in self.headers]
        if self.vary_by_developer:
            parts.append(None if user is None else user.id)
        if self.vary_by_developer_groups:
            parts.append([] if user is None else sorted(group.id for group in user.groups))
        return f"response {parts!r}"
