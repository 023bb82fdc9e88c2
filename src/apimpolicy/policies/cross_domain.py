"""cross-domain: hand out the cross-domain policy file that Adobe Flash and Microsoft Silverlight ask for.

```xml
<cross-domain>
    <cross-domain-policy>
        <allow-http-request-headers-from domain="*" headers="*" />
    </cross-domain-policy>
</cross-domain>
```

Belongs into the global scope.

Simulated: a GET of `/crossdomain.xml` is answered with the file, and nothing else runs; other requests go on. What
Azure answers exactly is not documented; ours is the content as it is written, inside `cross-domain-policy` when that
element is left out, as `text/x-cross-domain-policy`. A gateway that was given an operation answers 404 before this
policy is reached, as for every path that no operation has.

Source: https://learn.microsoft.com/azure/api-management/cross-domain-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.policies.conversions import text
from apimpolicy.policies.effects import Effect
from apimpolicy.policies.spec import content, policy

if TYPE_CHECKING:
    from apimpolicy.policies.spec import Exchange

_ROOT = "cross-domain-policy"


@policy("cross-domain", sections="inbound")
class CrossDomain:
    file: str = content(text, markup=True)

    def run(self, exchange: Exchange) -> Effect:
        from apimpolicy.context.header_fields import HeaderCollection
        from apimpolicy.context.messages import ResponseMessage

        request = exchange.request
        if request.method != "GET" or request.original_url.path.lower() != "/crossdomain.xml":
            return Effect("cross-domain", "not asked for", asked=False)
        file = self.file.strip()
        if not file.startswith(f"<{_ROOT}"):
            file = f"<{_ROOT}>{file}</{_ROOT}>"
        headers = HeaderCollection([("Content-Type", [f"text/x-{_ROOT}"])])
        answer = ResponseMessage(headers=headers, second_read=request.second_read)
        answer.set_body(file)
        exchange.end(answer)
        return Effect("response-returned", "200 OK", response=answer.to_response())
