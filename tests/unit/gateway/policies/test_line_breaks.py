"""Line breaks that an expression makes reach neither the backend nor the caller: .NET throws, or escapes them."""

from __future__ import annotations

import pytest

from apimpolicy import Gateway, Request

INVALID = "Expression value is invalid. "
REFUSED = {
    '<set-header name="X"><value>@("a\\r\\nSet-Cookie: b")</value></set-header>': (
        "Specified value has invalid CRLF characters."
    ),
    '<set-header name="X"><value>@("a\\0")</value></set-header>': ("Specified value has invalid Control characters."),
    '<set-header name="@(&quot;X\\nY&quot;)"><value>a</value></set-header>': (
        "Header name is invalid or restricted from modification."
    ),
    '<set-method>@("GET /x HTTP/1.1\\r\\nX: y")</set-method>': "The format of the HTTP method is invalid.",
    '<return-response><set-status code="200" reason="@(&quot;a\\r\\nX: y&quot;)" /></return-response>': (
        "The reason phrase must not contain new-line characters."
    ),
    '<return-response><set-status code="@(99999)" reason="a" /></return-response>': (
        "Specified argument was out of the range of valid values. (Parameter 'value')"
    ),
}


def document(inbound: str) -> str:
    return f"<policies><inbound>{inbound}</inbound><backend><forward-request /></backend></policies>"


@pytest.mark.parametrize("policy", REFUSED)
def test_refused(policy: str) -> None:
    result = Gateway().run(document(policy), Request("GET", "/x"))
    assert result.response.status_code == 500
    assert result.error is not None
    assert result.error.message == INVALID + REFUSED[policy]
    assert result.error.reason == "ExpressionValueValidationFailure"
    assert result.backend_requests == ()


def test_the_path_is_escaped() -> None:
    policy = '<rewrite-uri template="@(&quot;/a\\r\\nX: y?b\\0=\\tc&quot;)" />'
    result = Gateway().run(document(policy), Request("GET", "/x"))
    (request,) = result.backend_requests
    assert str(request.url).endswith("/a%0D%0AX:%20y?b%00=%09c")
