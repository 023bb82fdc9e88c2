"""Messages, headers, URLs and bodies."""

from __future__ import annotations

import pytest

from apimpolicy.csharp.dotnet.exceptions import (
    ArgumentNullException,
    DotnetException,
    InvalidOperationException,
    KeyNotFoundException,
)
from apimpolicy.csharp.dotnet.metadata import parse
from apimpolicy.errors import ConfigurationError, NotSimulatedError
from apimpolicy.gateway.context.bodies import MessageBody
from apimpolicy.gateway.context.extension_methods import joined_values, to_form_url_encoded_content, to_query_string
from apimpolicy.gateway.context.header_fields import HeaderCollection
from apimpolicy.gateway.context.headers import Headers, charset_of
from apimpolicy.gateway.context.messages import RequestMessage, ResponseMessage
from apimpolicy.gateway.context.records import Request, Response
from apimpolicy.gateway.context.urls import Url

TEXT = (parse("string"),)
BYTES = (parse("byte[]"),)
JOBJECT = (parse("Newtonsoft.Json.Linq.JObject"),)


def body(content, content_type="application/json", **options):
    return MessageBody(content, HeaderCollection([("Content-Type", [content_type])]), **options)


def test_headers_for_python():
    headers = Headers({"Accept": ["a", "b"], "X": "1"})
    assert headers["accept"] == "a, b"
    assert headers.get_all("ACCEPT") == ["a", "b"]
    assert "x" in headers
    assert headers.get("nope") is None
    assert dict(headers) == {"Accept": "a, b", "X": "1"}
    assert Headers([("A", "1"), ("a", "2")]).fields() == [("A", ["1", "2"])]
    with pytest.raises(KeyError):
        headers["nope"]


def test_headers_for_csharp():
    headers = HeaderCollection([("Accept", ["a", "b"]), ("X-Empty", [""])])
    assert list(headers.get_item("ACCEPT")) == ["a", "b"]
    assert headers.try_get_value("nope") == (False, None)
    assert (headers.contains_key("accept"), headers.count) == (True, 2)
    assert list(headers.keys) == ["Accept", "X-Empty"]
    assert headers.keys.contains("accept")
    assert [list(values) for values in headers.values] == [["a", "b"], [""]]
    assert [(pair.key, list(pair.value)) for pair in headers] == [("Accept", ["a", "b"]), ("X-Empty", [""])]
    headers.get_item("Accept")[0] = "changed"
    assert headers.get_all("Accept") == ["a", "b"], "C# gets a copy"
    with pytest.raises(KeyNotFoundException) as caught:
        headers.get_item("nope")
    assert caught.value.message == "The given key 'nope' was not present in the dictionary."
    with pytest.raises(ArgumentNullException):
        headers.get_item(None)


def test_headers_for_policies():
    headers = HeaderCollection([("A", ["1"]), ("B", ["2"])])
    headers.set("a", ["x", "y"])
    headers.append("B", ["3"])
    headers.append("C", ["4"])
    assert headers.fields() == [("a", ["x", "y"]), ("B", ["2", "3"]), ("C", ["4"])]
    assert headers.delete("A")
    assert not headers.delete("A")
    assert headers.joined("b") == "2,3"


@pytest.mark.parametrize(
    ("name", "default", "expected"),
    [("accept", "", "a,b"), ("nope", "d", "d"), ("nope", None, None), ("x-empty", "d", "")],
)
def test_get_value_or_default(name, default, expected):
    headers = HeaderCollection([("Accept", ["a", "b"]), ("X-Empty", [""])])
    assert joined_values(headers, name, default) == expected


@pytest.mark.parametrize(
    ("text", "path", "query", "port", "written"),
    [
        ("https://a.example/x?b=1", "/x", "?b=1", 443, "https://a.example/x?b=1"),
        ("http://LOCALHOST", "/", "", 80, "http://localhost/"),
        ("https://a.example:8443/p%20x/%C3%A9", "/p%20x/%C3%A9", "", 8443, "https://a.example:8443/p%20x/%C3%A9"),
        ("https://a.example/p x/é", "/p%20x/%C3%A9", "", 443, "https://a.example/p%20x/%C3%A9"),
        ("http://[::1]:8080/", "/", "", 8080, "http://[::1]:8080/"),
        ("/orders?x=1#part", "/orders", "?x=1", 443, "https://gateway.example/orders?x=1"),
    ],
)
def test_urls(text, path, query, port, written):
    url = Url.parse(text, "https://gateway.example")
    assert (url.path, url.query_string, url.port, url.to_string()) == (path, query, port, written)


@pytest.mark.parametrize("text", ["orders", "ftp://x/", "https://", "https://x:99999/", "https://[::1/", "http://x:y/"])
def test_what_is_no_url(text):
    with pytest.raises(ConfigurationError, match="is not a URL"):
        Url.parse(text)


def test_queries():
    url = Url.parse("/o?expand=items&tag=a&tag=b&q=hello%20world&plus=a+b&empty=&bare")
    assert url.query.joined("TAG") == "a,b"
    assert url.query.joined("q") == "hello world"
    assert url.query.joined("plus") == "a b"
    assert (url.query.joined("empty"), url.query.joined("bare")) == ("", "")
    changed = url.query.copy()
    changed.set("q", ["x y&z"])
    changed.delete("plus")
    assert url.with_parameters(changed).query_string == "?expand=items&tag=a&tag=b&q=x%20y%26z&empty=&bare="
    assert url.replaced(path="/other", query_string="").to_string() == "https://localhost/other"


def test_a_body_is_used_up():
    found = body(b'{"a": 1}')
    assert found.as_(TEXT, True) == '{"a": 1}'
    assert found.as_(TEXT, False) == '{"a": 1}'
    assert found.as_(TEXT, False) == ""
    assert found.remaining == b""
    with pytest.raises(DotnetException) as caught:
        found.as_(JOBJECT, False)
    assert caught.value.message.endswith(". Error reading JObject from JsonReader. Path '', line 0, position 0.")


def test_second_reads():
    again = body(b"x", second_read="again")
    assert [again.as_(TEXT, False) for _ in range(2)] == ["x", "x"]
    error = body(b"x", second_read="error")
    error.as_(BYTES, False)
    with pytest.raises(InvalidOperationException):
        error.as_(BYTES, False)


@pytest.mark.parametrize(
    ("content", "content_type", "expected"),
    [
        ("é".encode(), "text/plain", "é"),
        ("é".encode("latin-1"), "text/plain; charset=iso-8859-1", "é"),
        ("é".encode("utf-16"), "text/plain", "é"),
        (b"\xef\xbb\xbfx", "text/plain; charset=iso-8859-1", "x"),
        ("😀".encode(), "", "\ud83d\ude00"),
        (b"\xff", "text/plain", "\ufffd"),
    ],
)
def test_character_sets(content, content_type, expected):
    assert body(content, content_type).as_(TEXT, False) == expected


def test_an_unknown_character_set():
    with pytest.raises(InvalidOperationException, match="The character set provided in ContentType is invalid"):
        body(b"x", "text/plain; charset=nope").as_(TEXT, False)
    assert charset_of('text/plain;a=b; CHARSET="utf-8"') == "utf-8"
    assert charset_of("text/plain") is None


def test_bodies_of_other_types():
    assert bytes(body(b"\0\xff").as_(BYTES, False)) == b"\0\xff"
    with pytest.raises(NotSimulatedError, match=r"As<System\.Guid>"):
        body(b"x").as_((parse("System.Guid"),), False)


def test_forms():
    found = body(b"a=1&b=two+words&a=3&c=%C3%A9%26", "application/x-www-form-urlencoded")
    form = found.as_form_url_encoded_content(True)
    assert [(pair.key, list(pair.value)) for pair in form] == [("a", ["1", "3"]), ("b", ["two words"]), ("c", ["é&"])]
    form.get_item("newKey").add("new Value")
    assert to_form_url_encoded_content(form) == "a=1&a=3&b=two+words&c=%C3%A9%26&newKey=new+Value"
    assert to_query_string(form) == "a=1&a=3&b=two%20words&c=%C3%A9%26&newKey=new%20Value"


def test_requests_in_and_out():
    request = Request.post("/orders?x=1", json={"name": "😀"}, headers={"A": ["1", "2"]}, ip_address="10.0.0.1")
    assert (request.method, request.headers["content-type"], request.json()) == (
        "POST",
        "application/json",
        {"name": "😀"},
    )
    message = RequestMessage.of(request, "https://gateway.example")
    assert message.url.to_string() == "https://gateway.example/orders?x=1"
    assert message.original_url is message.url
    message.url = message.url.replaced(host="backend.example")
    message.headers.append("A", ["3"])
    sent = message.to_request()
    assert sent.url == "https://backend.example/orders?x=1"
    assert message.original_url.host == "gateway.example"
    assert sent.headers.get_all("a") == ["1", "2", "3"]
    assert sent.json() == {"name": "😀"}
    message.match_parameters({"id": "17"})
    assert message.matched_parameters.get_item("id") == "17"


@pytest.mark.parametrize("content", [None, b"", ""])
def test_a_request_without_a_body(content):
    message = RequestMessage.of(Request("GET", "/", body=content))
    assert message.body is None
    message.set_body("é")
    assert message.body.content == "é".encode()
    assert message.to_request().body == "é".encode()


def test_responses_in_and_out():
    response = Response(404, headers={"Set-Cookie": ["a=1", "b=2"]}, body="nope")
    assert (response.reason, response.text) == ("Not Found", "nope")
    message = ResponseMessage.of(response)
    assert message.body.as_(TEXT, True) == "nope"
    message.status_code, message.status_reason = 200, "Fine"
    message.set_body(None)
    sent = message.to_response()
    assert (sent.status_code, sent.reason, sent.body) == (200, "Fine", b"")
    assert sent.headers.get_all("set-cookie") == ["a=1", "b=2"]
    assert Response(299).reason == ""
    with pytest.raises(ConfigurationError):
        Response(json={}, body="x")
