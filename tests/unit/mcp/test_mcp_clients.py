"""A real client, the official Python SDK, and the MCP server of the example that `apimpolicy serve` serves."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.unit.serving.commands import Serve

from apimpolicy.cli import main

anyio = pytest.importorskip("anyio")
mcp = pytest.importorskip("mcp")

EXAMPLE = Path("examples/mcp-server").absolute()


async def answers(url: str, headers: dict[str, str]) -> tuple[Any, Any, Any]:
    from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client

    async with (
        create_mcp_http_client(headers=headers) as http,
        streamable_http_client(url, http_client=http) as (incoming, outgoing, *_),
        mcp.ClientSession(incoming, outgoing) as session,
    ):
        found = await session.initialize(), await session.list_tools()
        return *found, await session.call_tool("getOrder", {"id": "17"})


def test_the_official_client_calls_a_tool(tmp_path: Path) -> None:
    with Serve(tmp_path, str(EXAMPLE)) as serve:
        token = next(found[1] for line in serve.lines if (found := re.search(r"Authorization: (Bearer \S+)'", line)))
        headers = {"Authorization": token, "Ocp-Apim-Subscription-Key": "assistant"}
        started, listed, called = anyio.run(answers, f"{serve.http}/orders-mcp/mcp", headers)
        assert started.server_info.name == "Azure API Management"
        assert [each.name for each in listed.tools] == ["listOrders", "getOrder", "createOrder"]
        assert called.content[0].text == '{"id": "17", "state": "shipped"}'
        assert not called.is_error
        assert serve.printed("MCP    /orders-mcp/mcp  (listOrders, getOrder, createOrder)")


def test_the_cases_of_the_example_hold_for_served_requests() -> None:
    assert main(["test", str(EXAMPLE / "orders-mcp.test.yaml"), "--against", "serve"]) == 0
