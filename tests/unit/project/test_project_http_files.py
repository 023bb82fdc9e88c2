"""Requests in `.http` files."""

from __future__ import annotations

import pytest

from apimpolicy.errors import ConfigurationError
from apimpolicy.project.manual_requests import parse_request


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GET /a", ("GET", "/a", [], None)),
        ("https://x.example/", ("GET", "https://x.example/", [], None)),
        ("# c\n\npost /a HTTP/1.1\r\nA: b\r\nA:c\r\n\r\n{}\r\n", ("POST", "/a", [("A", "b"), ("A", "c")], b"{}")),
        ("GET /a\n// no header\nB:\n\n\nx\n\ny\n", ("GET", "/a", [("B", "")], b"\nx\n\ny")),
        ("GET /a\n\nbody\n### next\nGET /b", ("GET", "/a", [], b"body")),
        ("GET /a\n### next\nGET /b", ("GET", "/a", [], None)),
    ],
)
def test_reading(text: str, expected: object) -> None:
    assert parse_request(text.encode()) == expected


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "holds no request"),
        (b"# only a comment\n", "holds no request"),
        (b"GET two words here", ":1: expected a method and a URL"),
        (b"GET /\nno header", ":2: expected a header"),
        (b"GET /\nbad name: x", ":2: expected a header"),
        (b"GET /\xff", ":1: this line is not UTF-8"),
    ],
)
def test_mistakes(data: bytes, sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=r"r\.http") as caught:
        parse_request(data, "r.http")
    assert sentence in str(caught.value)
