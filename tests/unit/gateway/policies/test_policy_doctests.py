"""The examples in the docstrings of what policies are made from."""

from __future__ import annotations

import doctest
import importlib

import pytest

MODULES = [
    "gateway.context.description",
    "gateway.engine.forwarding",
    "gateway.policies.outside_services",
    "gateway.engine.state",
    "gateway.policies.llm_content_safety",
    "gateway.policies.parameter_errors",
    "gateway.policies.call_limits",
    "gateway.policies.certificates",
    "gateway.policies.get_authorization_context",
    "gateway.policies.message_text",
    "gateway.policies.validate_graphql_request",
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    result = doctest.testmod(importlib.import_module(f"apimpolicy.{name}"))
    assert result.attempted
    assert not result.failed
