"""cors: allow browsers to call the API from pages of other origins.

```xml
<cors allow-credentials="true" terminate-unmatched-request="false">
    <allowed-origins><origin>https://www.contoso.com</origin></allowed-origins>
    <allowed-methods preflight-result-max-age="300"><method>GET</method><method>PUT</method></allowed-methods>
    <allowed-headers><header>*</header></allowed-headers>
    <expose-headers><header>X-Total</header></expose-headers>
</cors>
```

A preflight (`OPTIONS` with `Origin` and `Access-Control-Request-Method`) gets an empty 200, and of all policies only
`cors` elements directly in inbound are evaluated. The first that matches adds its headers; one that does not match and
has `terminate-unmatched-request="true"` ends the search. With this attribute, a GET or HEAD from an origin that is not
allowed also ends with an empty 200; otherwise it continues without CORS headers. Without `allowed-methods` GET and POST
are allowed. If the API has an operation for `OPTIONS`, that operation gets the request, and its policies decide which
cors applies. The gateway's own 401 for a missing or unknown key has the headers of the first matching cors in inbound,
and `Vary: Origin`, unless the cors comes from a fragment (seen).

Simulated in full. Our choices:

- `terminate-unmatched-request` is false unless given; the documentation says both.
- Origins are compared ignoring case and the default port; `*` inside an origin is a literal character. For a request
  that is not a preflight, only the origin is compared.
- Without `allowed-headers`, only headers that never need permission are allowed.
- Once the policy has run, every response to the caller has the headers, including error responses.
- For `*`, the response lists the requested method and headers, and the caller's origin if `allow-credentials` is
  true. `preflight-result-max-age="0"` adds no header.
- In an operation for `OPTIONS` a cors adds the headers of a preflight, and does not end the pipeline.

Source: https://learn.microsoft.com/azure/api-management/cors-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.gateway.policies.conversions import boolean, integer, trimmed
from apimpolicy.gateway.policies.effects import CorsChecked, Effect
from apimpolicy.gateway.policies.placement import Placement
from apimpolicy.gateway.policies.spec import (
    PolicyExchange,
    PolicyStep,
    child,
    child_texts,
    expression_attribute,
    part,
    policy,
)
from apimpolicy.gateway.policies.surroundings import azure_text

if TYPE_CHECKING:
    from apimpolicy.gateway.context.messages import RequestMessage, ResponseMessage

_SAFE_HEADERS = frozenset({"accept", "accept-language", "content-language", "content-type"})
"""Need no permission (Fetch standard)."""


@part("allowed-origins")
class AllowedOrigins:
    values: list[str] = child_texts("origin", trimmed, required=True, filled=True)


@part("allowed-methods")
class AllowedMethods:
    preflight_result_max_age: int = expression_attribute(integer, default=0)
    values: list[str] = child_texts("method", trimmed, required=True, filled=True)


@part("allowed-headers")
class AllowedHeaders:
    values: list[str] = child_texts("header", trimmed, required=True, filled=True)


@part("expose-headers")
class ExposeHeaders:
    values: list[str] = child_texts("header", trimmed, required=True, filled=True)


def is_preflight(request: RequestMessage) -> bool:
    return (
        request.method == "OPTIONS"
        and "Origin" in request.headers
        and "Access-Control-Request-Method" in request.headers
    )


@policy("cors", sections="inbound", placement=Placement(once="section"), traits="preflight", access="cors")
class Cors:
    allow_credentials: bool = expression_attribute(boolean, default=False)
    terminate_unmatched_request: bool = expression_attribute(boolean, default=False)
    origins: PolicyStep | None = child(AllowedOrigins, required=True)
    methods: PolicyStep | None = child(AllowedMethods)
    headers: PolicyStep | None = child(AllowedHeaders)
    exposed: PolicyStep | None = child(ExposeHeaders)

    def run(self, exchange: PolicyExchange) -> Effect:
        request = exchange.request
        origin = (request.headers.joined("Origin") or "").strip()
        if not origin:
            return CorsChecked(azure_text("trace-without-origin"), origin=None, allowed=False)
        allowed = self.texts(exchange, self.origins)
        refused = [] if _allows(origin, allowed) else [_no_origin(origin, allowed)]
        grant = self.grant(origin, allowed)
        asks = is_preflight(request)
        if asks:
            refused += self.preflight(exchange, grant)
        fits = not refused
        ends = False
        if asks and exchange.context.operation.method != "OPTIONS":
            ends = fits or self.terminate_unmatched_request
        elif fits:
            grant |= self.exposure(exchange)
            exchange.at_end(lambda answer: _add(answer, grant))
        else:
            ends = self.terminate_unmatched_request and request.method in ("GET", "HEAD")
        if ends:
            self.end(exchange, grant if fits else {})
        words = f"{origin} is allowed" if fits else "; ".join(refused)
        return CorsChecked(words, origin=origin, allowed=fits, ends=ends)

    def preflight(self, exchange: PolicyExchange, grant: dict[str, str]) -> list[str]:
        """Return why the requested method and headers are not allowed, if so; adds the headers of the response."""
        request = exchange.request
        method = (request.headers.joined("Access-Control-Request-Method") or "").strip()
        methods, age = ["GET", "POST"], 0
        if self.methods is not None:
            part: AllowedMethods = exchange.evaluate(self.methods)
            exchange.note(CorsChecked(", ".join(part.values), allowed=True), self.methods)
            methods, age = part.values, part.preflight_result_max_age
        asked = [name.strip() for name in (request.headers.joined("Access-Control-Request-Headers") or "").split(",")]
        asked = [name for name in asked if name]
        headers = self.texts(exchange, self.headers)
        grant["Access-Control-Allow-Methods"] = method if "*" in methods else ",".join(methods)
        listed = ",".join(asked if "*" in headers else headers)
        if listed:
            grant["Access-Control-Allow-Headers"] = listed
        if age > 0:
            grant["Access-Control-Max-Age"] = str(age)
        refused = []
        if "*" not in methods and method.upper() not in (name.upper() for name in methods):
            refused.append(f"the method {method} is not allowed, only {', '.join(methods)}")
        accepted = _SAFE_HEADERS.union(name.lower() for name in headers)
        if "*" not in headers:
            refused += [f"the header {name} is not allowed" for name in asked if name.lower() not in accepted]
        return refused

    def mark_refusal(self, exchange: PolicyExchange, answer: ResponseMessage) -> bool:
        """Let a browser read the gateway's own 401, as seen; whether the origin is allowed."""
        if "Vary" not in answer.headers:
            answer.headers.set("Vary", ["Origin"])
        origin = (exchange.request.headers.joined("Origin") or "").strip()
        allowed = self.texts(exchange, self.origins)
        if not origin or not _allows(origin, allowed):
            return False
        _add(answer, self.grant(origin, allowed) | self.exposure(exchange))
        return True

    def grant(self, origin: str, allowed: list[str]) -> dict[str, str]:
        grant = {"Access-Control-Allow-Origin": "*" if "*" in allowed and not self.allow_credentials else origin}
        if self.allow_credentials:
            grant["Access-Control-Allow-Credentials"] = "true"
        return grant

    def exposure(self, exchange: PolicyExchange) -> dict[str, str]:
        """Return the header that exposes other headers to the page."""
        exposed = self.texts(exchange, self.exposed)
        return {"Access-Control-Expose-Headers": ",".join(exposed)} if exposed else {}

    def texts(self, exchange: PolicyExchange, step: PolicyStep | None) -> list[str]:
        if step is None:
            return []
        values: list[str] = exchange.evaluate(step).values
        exchange.note(CorsChecked(", ".join(values), allowed=True), step)
        return values

    def end(self, exchange: PolicyExchange, grant: dict[str, str]) -> None:
        answer = exchange.make_response()
        _add(answer, grant)
        exchange.end(answer)


def _allows(origin: str, allowed: list[str]) -> bool:
    return "*" in allowed or folded_origin(origin) in map(folded_origin, allowed)


def _add(answer: ResponseMessage, grant: dict[str, str]) -> None:
    for name, value in grant.items():
        answer.headers.set(name, [value])


def _no_origin(origin: str, allowed: list[str]) -> str:
    """Return why an origin is not allowed, with one like it that is."""
    host = _host(origin)
    alike = next((each for each in allowed if host and _host(each) == host), None)
    return f"{origin} is not allowed" + (f", unlike {alike}: scheme and port count" if alike is not None else "")


def _host(origin: str) -> str:
    return origin.strip().lower().rpartition("://")[2].partition("/")[0].partition(":")[0]


def folded_origin(origin: str) -> str:
    """Return an origin as it is compared."""
    origin = origin.strip().rstrip("/").lower()
    for scheme, port in (("http://", ":80"), ("https://", ":443")):
        if origin.startswith(scheme):
            return origin.removesuffix(port)
    return origin
