"""cache-lookup: return a cached response, which cache-store kept for the same kind of request.

```xml
<cache-lookup vary-by-developer="false" vary-by-developer-groups="false" downstream-caching-type="none">
    <vary-by-header>Accept</vary-by-header>
    <vary-by-query-parameter>version;page</vary-by-query-parameter>
</cache-lookup>
```

Only GET requests are looked up; requests with an `Authorization` header only with `allow-private-response-caching`.
Responses are stored separately by `vary-by-header`, `vary-by-query-parameter` (several names are separated by
semicolons), `vary-by-developer` and `vary-by-developer-groups`. cache-store in outbound caches them.

Seen on real gateways: the key is made of the API, the operation and the request as it would be forwarded (scheme, host,
port, path and query after set-backend-service and rewrite-uri), not of the caller's URL. A hit ends inbound, skips the
backend, and continues in outbound behind the matching `cache-store`. A miss removes `Cache-Control` from the forwarded
request, so that the backend sends a complete response; the caller's `no-cache` still hits.

Simulated with one cache for each gateway, whatever `caching-type` is, unless the gateway has a Redis. Our choices:
the matching `cache-store` is the first one in the same scope, else the first one at all; a miss also removes
`If-None-Match` and `If-Modified-Since`, to which the backend could answer 304; the id of a pool takes the place of its
members' hosts; without `vary-by-query-parameter` the whole forwarded query counts; developers and groups are
distinguished by their ids; `downstream-caching-type` sets `Cache-Control` on responses from the cache to `private` or
`public`, with `must-revalidate` unless that is switched off, and `none` sets nothing.

Source: https://learn.microsoft.com/azure/api-management/cache-lookup-policy
"""

from __future__ import annotations

from collections.abc import Iterable

from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.gateway.policies.cache_lookup_value import CACHING_TYPES
from apimpolicy.gateway.policies.conversions import boolean, trimmed
from apimpolicy.gateway.policies.effects import CacheAccessed, Effect
from apimpolicy.gateway.policies.placement import Placement
from apimpolicy.gateway.policies.spec import (
    PolicyExchange,
    child_texts,
    expression_attribute,
    literal_attribute,
    policy,
)
from apimpolicy.gateway.policies.surroundings import azure_text

CACHE_HEADERS = ("Cache-Control", "If-None-Match", "If-Modified-Since")
"""Headers that a miss removes from the request. Cache-Control was seen; the reason in the trace implies the others."""


@policy(
    "cache-lookup",
    sections="inbound",
    placement=Placement(once="section"),
    left_out="`caching-type`: a gateway without a Redis has one cache",
    other_half="cache-store",
    traits="caches-responses not-in-fragments",
    effects="serves fails",
    access="cached-response",
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

    def run(self, exchange: PolicyExchange) -> Effect:
        from apimpolicy.gateway.context.records import Response

        request = exchange.request
        private = "Authorization" in request.headers and not self.allow_private_response_caching
        if request.method != "GET" or private:
            return CacheAccessed("this request is not cached", key=None, found=False)
        parts = self.key_parts(exchange)
        key = exchange.cache_key = f"response {parts!r}"
        key_shown = "{}_{};rev={}_{}_{}_{}_{}_{}&{}{}".format(*parts)
        cache = exchange.response_cache = exchange.services.state.cache(self.caching_type)
        _, value = cache.get(key)
        if not isinstance(value, Response):
            removed = tuple((name, tuple(request.headers.get_all(name))) for name in CACHE_HEADERS)
            removed = tuple((name, values) for name, values in removed if values)
            for name, _ in removed:
                request.headers.delete(name)
            headers = [{"name": name, "value": from_utf16(",".join(values))} for name, values in removed]
            miss = azure_text("trace-cache-miss")
            traced = {"message": miss, "cacheKey": key_shown, "cacheHeaders": headers}
            return CacheAccessed(miss, key=key, found=False, traced=traced)
        answer = exchange.received(value)
        if self.downstream_caching_type != "none":
            directives = [self.downstream_caching_type, *(["must-revalidate"] if self.must_revalidate else [])]
            answer.headers.set("Cache-Control", [", ".join(directives)])
        exchange.serve(answer)
        hit = azure_text("trace-cache-hit")
        return CacheAccessed(hit, key=key, found=True, traced={"message": hit, "cacheKey": key_shown})

    def key_parts(self, exchange: PolicyExchange) -> tuple[object, ...]:
        from urllib.parse import quote

        context, request, user = exchange.context, exchange.request, exchange.context.user
        url = exchange.forwarded_url
        names = [name.strip().lower() for names in self.parameters for name in names.split(";") if name.strip()]
        query = _fields((name, url.query.get_all(name)) for name in names) if names else url.query_string[1:]
        vary = [_fields([(name, request.headers.get_all(name))]) for name in self.headers]
        if self.vary_by_developer:
            vary.append("developer=" + ("" if user is None else quote(from_utf16(user.id))))
        if self.vary_by_developer_groups:
            groups = [] if user is None else sorted(from_utf16(group.id) for group in user.groups)
            vary.append("groups=" + ",".join(map(quote, groups)))
        owner = (context.deployment.service_name, context.api.id, context.api.revision, context.operation.id)
        parts = (*owner, url.scheme, url.host.lower(), url.port, url.path, query, "".join(f"::{part}" for part in vary))
        return tuple(from_utf16(part) if isinstance(part, str) else part for part in parts)


def _fields(fields: Iterable[tuple[str, Iterable[str]]]) -> str:
    """Return names with their values, percent-encoded so that no value can look like another field."""
    from urllib.parse import quote

    return "&".join(f"{name}={quote(from_utf16(value), safe='*')}" for name, values in fields for value in values)
