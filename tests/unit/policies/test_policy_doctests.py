"""The examples in the docstrings of what policies are made from."""

from __future__ import annotations

import doctest
import importlib

import pytest

MODULES = [
    "context.description",
    "engine.forwarding",
    "policies.outside_services",
    "engine.state",
    "policies.llm_content_safety",
    "policies.parameter_errors",
    "policies.call_limits",
    "policies.certificates",
    "policies.get_authorization_context",
    "policies.message_text",
    "policies.validate_graphql_request",
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    result = doctest.testmod(importlib.import_module(f"apimpolicy.{name}"))
    assert result.attempted
    assert not result.failed
