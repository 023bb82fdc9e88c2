"""cross-domain: serve the cross-domain policy file that Adobe Flash and Microsoft Silverlight ask for.

```xml
<cross-domain>
    <cross-domain-policy>
        <allow-http-request-headers-from domain="*" headers="*" />
    </cross-domain-policy>
</cross-domain>
```

The policy belongs in the global scope.

Simulated: a GET request for `/crossdomain.xml` gets the file, and nothing else runs; other requests continue.
No document states the exact response. Our choices: the content as it is written, inside `cross-domain-policy` even when
that element is left out, with the content type `text/x-cross-domain-policy`. A gateway that was given an operation
responds 404 before this policy is reached, as it does for every path without an operation.

Source: https://learn.microsoft.com/azure/api-management/cross-domain-policy
"""

from __future__ import annotations

from apimpolicy.gateway.policies.conversions import text
from apimpolicy.gateway.policies.effects import CrossDomainChecked, Effect, ResponseReturned
from apimpolicy.gateway.policies.placement import Placement
from apimpolicy.gateway.policies.spec import PolicyExchange, content, policy

_ROOT = "cross-domain-policy"


@policy(
    "cross-domain",
    sections="inbound",
    placement=Placement(not_at=("workspace", "product", "api", "operation"), not_on=("workspace",)),
    left_out="the exact answer, which no document states",
    effects="answers",
    access="passes",
)
class CrossDomain:
    file: str = content(text, markup=True)

    def run(self, exchange: PolicyExchange) -> Effect:
        request = exchange.request
        if request.method != "GET" or request.original_url.path.lower() != "/crossdomain.xml":
            return CrossDomainChecked("not asked for", asked=False)
        file = self.file.strip()
        if not file.startswith(f"<{_ROOT}"):
            file = f"<{_ROOT}>{file}</{_ROOT}>"
        answer = exchange.make_response()
        answer.headers.set("Content-Type", f"text/x-{_ROOT}")
        answer.set_body(file)
        exchange.end(answer)
        return ResponseReturned("200 OK", response=answer.to_response())
