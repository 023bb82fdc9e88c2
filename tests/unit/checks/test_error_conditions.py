"""Which conditions of `on-error` are true for which failure; None is "depends on more"."""

from __future__ import annotations

import pytest

from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.checks.failures import RequestFailure, is_true_for
from apimpolicy.text.source import Excerpt

LIMIT = RequestFailure("rate-limit", frozenset((429,)), "RateLimitExceeded", "", True, frozenset())
TOKENS = RequestFailure("llm-token-limit", frozenset((429, 403)), "", "", True, frozenset())
BACKEND = RequestFailure("forward-request", None, "", "", False, frozenset())

ROWS = [
    ("true", LIMIT, True),
    ("context.LastError != null", LIMIT, True),
    ("null == context.LastError", LIMIT, False),
    ('context.LastError.Source == "rate-limit"', LIMIT, True),
    ('"rate-limit" != context.LastError.Source', LIMIT, False),
    ('context.LastError?.Source == "quota"', LIMIT, False),
    ('context.LastError.Reason == "RateLimitExceeded"', LIMIT, True),
    ('context.LastError.Reason == "QuotaExceeded"', LIMIT, False),
    ('context.LastError.Reason == "QuotaExceeded"', TOKENS, None),
    ("context.Response.StatusCode == 429", LIMIT, True),
    ("context.Response.StatusCode >= 500", LIMIT, False),
    ("500 <= context.Response.StatusCode", LIMIT, False),
    ("400 <= context.Response.StatusCode", LIMIT, True),
    ("context.Response.StatusCode == 429", TOKENS, None),
    ("context.Response.StatusCode < 500", TOKENS, True),
    ("context.Response.StatusCode == 500", BACKEND, None),
    ("!(context.Response.StatusCode == 429)", LIMIT, False),
    ('context.Response.StatusCode == 429 && context.LastError.Source == "rate-limit"', LIMIT, True),
    ('context.Request.Method == "GET" && context.Response.StatusCode == 401', LIMIT, False),
    ('context.Request.Method == "GET" && context.Response.StatusCode == 429', LIMIT, None),
    ('context.Request.Method == "GET" || context.Response.StatusCode == 429', LIMIT, True),
    ('context.Request.Method == "GET"', LIMIT, None),
    ('context.LastError.Message.Contains("limit")', LIMIT, None),
]


@pytest.mark.parametrize(("code", "failure", "expected"), ROWS)
def test_a_condition_for_a_failure(code: str, failure: RequestFailure, expected: bool | None) -> None:
    _, compiled = ExpressionCheck().compile(Excerpt.of(f"@({code})"))
    assert compiled.is_legal
    assert compiled.bound is not None
    assert is_true_for(compiled.bound.body, failure) is expected
