"""Requests in processes of their own: what comes back, and what ends what does not come back."""

from __future__ import annotations

import ctypes
import os
import sys

import pytest

from apimpolicy import Api, ConfigurationError, Gateway, LimitExceededError, Request, Response, Service, ServiceApi
from apimpolicy.gateway.engine.isolation import IsolatedResult, call_isolated

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows cannot copy a process")

DOCUMENT = """<policies><inbound>
    <rate-limit-by-key calls="1" renewal-period="60" counter-key="a" />
    <set-variable name="n" value="@(6 * 7)" /><set-variable name="t" value="@(context.RequestId)" />
    <trace source="a">said</trace>
</inbound><backend><forward-request /></backend><outbound /><on-error /></policies>"""


def test_a_result_comes_back() -> None:
    gateway = Gateway(isolated=True, backend=lambda _: Response(201, body="made"))
    result = gateway.run(DOCUMENT, Request.post("/x", body="b"))
    assert isinstance(result, IsolatedResult)
    assert (result.response.status_code, result.response.text) == (201, "made")
    assert result.variables["n"] == 42
    assert [request.method for request in result.backend_requests] == ["POST"]
    assert result.error is None
    assert gateway.run(DOCUMENT, "/x").response.status_code == 201  # nothing is counted from one to the next


def test_a_limit_and_a_mistake_of_the_policy_come_back_as_such() -> None:
    endless = '<set-variable name="x" value="@{ for (int i = 0; i != -1; i++) { } return 1; }" />'
    with pytest.raises(LimitExceededError, match="steps"):
        Gateway(isolated=True).run(f"<policies><inbound>{endless}</inbound></policies>", "/x")


def test_memory_without_end_ends() -> None:
    with pytest.raises(LimitExceededError, match="memory"):
        call_isolated(lambda: [bytearray(1 << 26) for _ in range(1000)], 5.0)


@pytest.mark.skipif(sys.platform != "linux", reason="reads address 0")
def test_a_crash_is_a_limit() -> None:
    with pytest.raises(LimitExceededError):
        call_isolated(lambda: ctypes.string_at(0), 5.0)


def test_a_call_without_end_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apimpolicy.gateway.engine.isolation.GRACE", 0.1)
    with pytest.raises(LimitExceededError, match="seconds"):
        call_isolated(lambda: 3 ** (10**9), 0.0)


def test_a_service_is_held_as_well() -> None:
    loop = "@{ for (int i = 0; i != -1; i++) { } return 1; }"
    endless = f'<policies><inbound><set-variable name="x" value="{loop}" /></inbound></policies>'
    service = Service(apis=[ServiceApi(Api("orders", path="orders"), policy=endless, subscription_required=False)])
    with pytest.raises(LimitExceededError, match="steps"):
        Gateway(service=service, isolated=True).send("/orders/1")


def test_a_resolver_says_that_it_is_not_held() -> None:
    with pytest.raises(ConfigurationError, match="resolve runs in this process"):
        Gateway(isolated=True).resolve("<http-data-source />")
