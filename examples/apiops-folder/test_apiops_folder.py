"""The same in Python: the folder as it was extracted, and what the policies of all scopes see."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from apimpolicy import Gateway, Request, load_gateway

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HERE = Path(__file__).parent


@pytest.fixture
def gateway() -> Gateway:
    return load_gateway(HERE / "apimpolicy.toml", now=NOW)


@pytest.mark.parametrize(
    ("method", "url", "operation"), [("GET", "/orders/17", "get-order"), ("POST", "/orders", "create-order")]
)
def test_requests_find_their_operation(gateway: Gateway, method: str, url: str, operation: str) -> None:
    result = gateway.send(Request(method, url, headers={"Ocp-Apim-Subscription-Key": "partner"}))
    assert result.exchange.context.operation.id == operation
    product = result.exchange.context.product
    assert product is not None
    assert product.id == "starter"


def test_what_no_operation_describes_is_not_found(gateway: Gateway) -> None:
    result = gateway.send(Request.delete("/orders/17", headers={"Ocp-Apim-Subscription-Key": "partner"}))
    assert result.response.status_code == 404
    assert not result.reached_backend
