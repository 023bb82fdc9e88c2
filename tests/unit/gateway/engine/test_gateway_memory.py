"""A gateway holds nothing of the requests that it has answered; blocks of memory are counted, not seconds."""

from __future__ import annotations

import gc
import sys
import weakref
from typing import TYPE_CHECKING

import pytest

from apimpolicy import Gateway, Request, Response
from apimpolicy.csharp.dotnet.environment import use_environment
from apimpolicy.gateway.engine.state import MOST_UNSWEPT, CallCounters, ValueCache
from apimpolicy.gateway.policies.state import Window

if TYPE_CHECKING:
    from collections.abc import Callable

POLICY = """<policies>
  <inbound>
    <base />
    <set-header name="X-Id"><value>@(context.RequestId.ToString())</value></set-header>
    <choose>
      <when condition="@(context.Request.Headers.Any(h => h.Value.Length > 3))"><return-response /></when>
    </choose>
    <cache-lookup-value key="@(context.Request.Url.Query.GetValueOrDefault("n", ""))" variable-name="found" />
    <set-variable name="n" value="@{ var n = 0; for (var i = 0; i < 120; i++) { n += i; } return n; }" />
    <send-request response-variable-name="answer"><set-url>https://a.example</set-url></send-request>
  </inbound>
  <backend><forward-request /></backend>
  <on-error><set-status code="418" /></on-error>
</policies>"""
FAILING = """<policies><inbound><set-variable name="n" value="@(int.Parse("x"))" /></inbound></policies>"""
LIMITED = """<policies><inbound><rate-limit-by-key calls="2" renewal-period="10"
    counter-key="@(context.Request.Url.Query.GetValueOrDefault("n", ""))" /></inbound></policies>"""

REQUESTS = 400


def blocks_per_request(send: Callable[[int], object]) -> float:
    """How many blocks of memory stay behind for each request, once everything is warm."""
    for number in range(300):
        send(number)
    gc.freeze()  # the collector looks at new objects only
    before = sys.getallocatedblocks()
    for number in range(300, 300 + REQUESTS):
        send(number)
    gc.collect()
    return (sys.getallocatedblocks() - before) / REQUESTS


@pytest.mark.parametrize("policy", [POLICY, FAILING], ids=["answered", "failing"])
@pytest.mark.parametrize("tracing", [True, False])
def test_requests_leave_nothing_behind(policy: str, tracing: bool) -> None:
    gateway = Gateway(backend=lambda request: Response(200, body=b"[]"), tracing=tracing)

    def send(number: int) -> None:
        gateway.run(policy, Request("GET", f"/orders?n={number % 20}", headers={"A": "b"}))

    assert blocks_per_request(send) < 0.5


def test_results_are_freed_at_once() -> None:
    """No cycles: a result needs no garbage collector."""
    gateway = Gateway(backend=Response(200))
    for _ in range(20):
        gateway.run(POLICY, "/orders?n=1")
    gc.disable()
    gc.freeze()  # what other tests left behind is not looked at
    try:
        for _ in range(20):
            gateway.run(POLICY, "/orders?n=1")
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_keys_are_forgotten_when_their_time_is_over() -> None:
    gateway = Gateway(now=None)
    with use_environment(gateway.environment()):
        counters, cache = CallCounters(), ValueCache()
        for number in range(20 * MOST_UNSWEPT):
            counters.count([(Window(f"caller {number}", 10), 1)])
            cache.set(f"key {number}", number, seconds=10)
            gateway.services.time.advance(0.1)
        assert len(counters._recent) <= 2 * MOST_UNSWEPT
        assert len(cache._values) <= 2 * MOST_UNSWEPT
        assert counters.status(Window(f"caller {20 * MOST_UNSWEPT - 50}", 10), 1).left == 0
        assert cache.get(f"key {20 * MOST_UNSWEPT - 50}") == (True, 20 * MOST_UNSWEPT - 50)


def test_callers_of_a_rate_limit_do_not_add_up() -> None:
    gateway = Gateway()

    def send(number: int) -> None:
        gateway.run(LIMITED, f"/orders?n={number}")
        gateway.services.time.advance(1)

    for number in range(3 * MOST_UNSWEPT):
        send(number)
    assert len(gateway.services.state.counters._recent) <= 2 * MOST_UNSWEPT


def test_a_gateway_is_freed_at_once() -> None:
    """Nothing that it holds holds the gateway."""
    gc.disable()
    try:
        gateway = Gateway(backend=Response(200))
        gateway.run(POLICY, "/orders?n=1")
        seen = weakref.ref(gateway)
        del gateway
        assert seen() is None
    finally:
        gc.enable()
