"""The same in Python: what a call of a tool sends to the operation, and to its backend."""

from __future__ import annotations

from pathlib import Path

import pytest

from apimpolicy import Gateway, load_gateway, tool_request

HERE = Path(__file__).parent
KEY = {"Ocp-Apim-Subscription-Key": "assistant"}


@pytest.fixture
def gateway() -> Gateway:
    return load_gateway(HERE / "apimpolicy.toml")


def test_the_list_of_tools_needs_a_token(gateway: Gateway) -> None:
    assert gateway.service is not None
    result = gateway.send(tool_request(gateway.service, "orders-mcp", headers=KEY))
    assert result.response.status_code == 401
    assert "oauth-protected-resource" in result.response.headers["WWW-Authenticate"]
    assert not result.reached_backend


def test_the_metadata_are_public(gateway: Gateway) -> None:
    result = gateway.send("/.well-known/oauth-protected-resource/orders-mcp/mcp")
    assert result.response.json()["resource"] == "https://contoso.azure-api.net/orders-mcp/mcp"
