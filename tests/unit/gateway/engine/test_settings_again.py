"""What a gateway says of its settings makes another one like it: searches and tests build many."""

from __future__ import annotations

from typing import Any

import pytest

from apimpolicy import Gateway
from apimpolicy.gateway.engine.gateway_settings import GatewaySettings
from apimpolicy.gateway.policies.outside_services import SafetyAnalysis

GIVEN: dict[str, Any] = {
    "backends": {"orders": "https://orders.internal"},
    "cache": {"key": "value"},
    "content_safety": lambda _text: SafetyAnalysis({}),
    "count_tokens": len,
    "embeddings": lambda _text: [1.0],
    "event_hubs": ["orders-log"],
    "fragments": {"empty": "<fragment />"},
    "guids": ["00000000-0000-0000-0000-000000000001"],
    "named_values": {"key": "value"},
    "random_numbers": [1, 2],
    "request_ids": ["00000000-0000-0000-0000-000000000001"],
}


@pytest.mark.parametrize("name", GatewaySettings.__annotations__)
def test_a_setting_is_taken_as_it_is_said(name: str) -> None:
    first = getattr(Gateway(**({name: GIVEN[name]} if name in GIVEN else {})), name)
    assert type(getattr(Gateway(**{name: first}), name)) is type(first)


def test_content_safety_is_shared() -> None:
    first = Gateway(content_safety=GIVEN["content_safety"])
    second = Gateway(content_safety=first.content_safety)
    second.content_safety.analyze("hello", "safety")
    assert first.content_safety.texts == ["hello"]
