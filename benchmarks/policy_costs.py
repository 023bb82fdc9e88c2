"""What an empty request costs, and what each policy adds to it; a part of `request.py`.

The empty request goes through two scopes with nothing in them, without `forward-request`: reading the request, making
its `context`, four empty sections, the response. Each policy stands in inbound (backend for forward-request) of the
narrower scope; its figure is the median difference to the empty request beside it, in turns. Tracing is on, as it is by
default.
"""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

from apimpolicy import Gateway, Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable

NOTHING = "<policies><inbound /><backend /><outbound /><on-error /></policies>"
CALLS = 50

POLICIES = {
    "base": "<base />",
    "set-header, literal": '<set-header name="X-A"><value>1</value></set-header>',
    "set-header, expression": '<set-header name="X-A"><value>@(context.Request.Method)</value></set-header>',
    "set-variable": '<set-variable name="a" value="@(1 + 1)" />',
    "choose, one when": '<choose><when condition="@(context.Request.Method == "PUT")" /></choose>',
    "set-query-parameter": '<set-query-parameter name="a"><value>1</value></set-query-parameter>',
    "rewrite-uri": '<rewrite-uri template="/other" />',
    "set-method": "<set-method>PUT</set-method>",
    "set-body": "<set-body>text</set-body>",
    "set-backend-service": '<set-backend-service base-url="https://backend.example" />',
    "check-header": '<check-header name="X-Tenant" failed-check-httpcode="400" failed-check-error-message="" '
    'ignore-case="true"><value>contoso</value></check-header>',
    "ip-filter": '<ip-filter action="allow"><address-range from="127.0.0.0" to="127.0.0.9" /></ip-filter>',
    "rate-limit-by-key": '<rate-limit-by-key calls="1000000" renewal-period="1" counter-key="a" />',
    "cache-lookup-value": '<cache-lookup-value key="a" variable-name="a" />',
    "cache-store-value": '<cache-store-value key="a" value="1" duration="9" />',
    "send-request": '<send-request response-variable-name="a"><set-url>https://a.example</set-url>'
    "<set-method>GET</set-method></send-request>",
    "trace": '<trace source="a"><message>b</message></trace>',
    "include-fragment": '<include-fragment fragment-id="empty" />',
    "return-response": "<return-response />",
    "forward-request": "<forward-request />",
}


def sender(inside: str, section: str) -> Callable[[], object]:
    """A function that sends a request through a document with this in it."""
    gateway = Gateway(
        backend=Response(200, body=b"[]"), fragments={"empty": "<fragment><set-method>GET</set-method></fragment>"}
    )
    sections = "".join(
        f"<{name}>{inside if name == section else ''}</{name}>"
        for name in ("inbound", "backend", "outbound", "on-error")
    )
    scopes = gateway.scopes({"global": NOTHING, "api": f"<policies>{sections}</policies>"})
    request = Request("POST", "https://contoso.example/orders", headers={"X-Tenant": "contoso"}, body="[]")
    return lambda: gateway.run(scopes, request)


def seconds(call: Callable[[], object]) -> float:
    began = time.thread_time()
    for _ in range(CALLS):
        call()
    return (time.thread_time() - began) / CALLS


def print_costs(rounds: int) -> None:
    empty = sender("", "inbound")
    empty()
    print(f"\n{'an empty request':30}{statistics.median(seconds(empty) for _ in range(rounds)) * 1e6:>8.1f} us")
    for name, inside in POLICIES.items():
        call = sender(inside, "backend" if name == "forward-request" else "inbound")
        call()
        added = statistics.median(seconds(call) - seconds(empty) for _ in range(rounds))
        print(f"{'+ ' + name:30}{added * 1e6:>8.1f} us", flush=True)
