"""The same in Python: one service for all requests of a test."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from apimpolicy import FixedClock, Request, load_gateway

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HERE = Path(__file__).parent


def call(key: str) -> Request:
    return Request.get("/orders/1", headers={"Ocp-Apim-Subscription-Key": key})


def test_calls_come_back_one_by_one() -> None:
    clock = FixedClock(NOW)
    gateway = load_gateway(HERE / "apimpolicy.toml", now=clock)
    statuses: list[int] = []
    for _ in range(4):
        statuses.append(gateway.send(call("key-of-anna")).response.status_code)
        clock.advance(20)
    assert statuses == [200, 200, 429, 200]


@pytest.mark.parametrize("key", ["key-of-anna", "key-of-bert"])
def test_the_backend_learns_who_called(key: str) -> None:
    result = load_gateway(HERE / "apimpolicy.toml", now=FixedClock(NOW)).send(call(key))
    assert result.backend_requests[0].headers.get("X-Subscription") == key.removeprefix("key-of-")
