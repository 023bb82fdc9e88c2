"""Guid, Uri, encodings, random numbers, enums, exceptions, addresses. The rows are answers of .NET Core 3.1."""

from __future__ import annotations

import base64
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apimpolicy.csharp.dotnet.environment import Environment, use_environment
from apimpolicy.csharp.dotnet.exceptions import (
    ArgumentException,
    DotnetException,
    FormatException,
    InvalidOperationException,
    SystemException,
    UriFormatException,
)
from apimpolicy.csharp.dotnet.metadata import named, parse
from apimpolicy.csharp.dotnet.system import byte_conversions, encodings, interfaces, net, objects, randoms, uris
from apimpolicy.csharp.dotnet.system.string_builders import StringBuilder
from apimpolicy.csharp.dotnet.values import EnumValue, Int64, Single, byte_array, string_array


def test_guids() -> None:
    guid = randoms.parse("{3F2504E0-4F89-11D3-9A0C-0305E82C3301}")
    assert guid.to_string() == "3f2504e0-4f89-11d3-9a0c-0305e82c3301"
    assert base64.b64encode(bytes(guid.to_byte_array())) == b"4AQlP4lP0xGaDAMF6CwzAQ=="
    assert randoms.parse(guid.format("X")) == guid
    assert randoms.from_bytes(guid.to_byte_array()) == guid
    for broken in ("x", "", "3f2504e04f8911d39a0c0305e82c330"):
        with pytest.raises(FormatException):
            randoms.parse(broken)


def test_new_guids_come_from_the_environment() -> None:
    made = []
    for _ in range(2):
        with use_environment(Environment(seed=1)):
            made.append(randoms.new_guid().to_string())
    assert made[0] == made[1]
    assert made[0][14] == "4"


@pytest.mark.parametrize(
    ("text", "shown", "host", "path"),
    [
        ("HTTP://Example.COM:80/A/../B?q=1#f", "http://example.com/B?q=1#f", "example.com", "/B"),
        ("http://example.com", "http://example.com/", "example.com", "/"),
        ("/rel/path", "file:///rel/path", "", "/rel/path"),
        ("http://x/%7Eabc/%2F", "http://x/~abc/%2F", "x", "/~abc/%2F"),
        ("http://x/a//b/./c", "http://x/a//b/c", "x", "/a//b/c"),
        ("http://[::1]:81/", "http://[::1]:81/", "[::1]", "/"),
        ("mailto:a@b.c", "mailto:a@b.c", "b.c", ""),
    ],
)
def test_uris(text: str, shown: str, host: str, path: str) -> None:
    uri = uris.parse(text)
    assert (uri.to_string(), uri.host, uri.path) == (shown, host, path)


@pytest.mark.parametrize(
    ("base", "relative", "expected"),
    [
        ("http://x/a/b", "c", "http://x/a/c"),
        ("http://x/a/b", "/c", "http://x/c"),
        ("http://x/a/b/", "../c?d", "http://x/a/c?d"),
        ("http://x/a/b", "http://y/z", "http://y/z"),
    ],
)
def test_combine(base: str, relative: str, expected: str) -> None:
    assert uris.combine(uris.parse(base), relative).to_string() == expected


@pytest.mark.parametrize(
    ("base", "target", "expected"),
    [
        ("http://x/a", "http://x/b/c", "b/c"),
        ("http://x/a/b/c", "http://x/a/d?q", "../d?q"),
        ("http://x/a", "http://y/a", "http://y/a"),
    ],
)
def test_make_relative(base: str, target: str, expected: str) -> None:
    assert uris.make_relative(uris.parse(base), uris.parse(target)).original == expected


@pytest.mark.parametrize("text", ["not a uri", "", "http://", "http://a b/", "http://x:99999/"])
def test_uris_refused(text: str) -> None:
    with pytest.raises(UriFormatException):
        uris.parse(text)


def test_relative_uris_have_no_host() -> None:
    with pytest.raises(InvalidOperationException, match="not supported for a relative URI"):
        uris.parse("/rel", uris.RELATIVE).absolute()


@given(st.text(max_size=40))
def test_uris_only_throw_what_dotnet_throws(text: str) -> None:
    with contextlib.suppress(DotnetException):
        uris.parse(text, 0).to_string()


def test_escaping() -> None:
    assert net.escape_data_string("a b&c=d/é+~!*'()-_.") == "a%20b%26c%3Dd%2F%C3%A9%2B~%21%2A%27%28%29-_."
    assert net.escape_data_string("\ud83d\ude00") == "%F0%9F%98%80"
    assert net.percent_decode("a%20b%2Bc+d%C3%A9%zz") == "a b+c+dé%zz"
    assert net.html_encode("<a href='x'>\"&é€</a>") == "&lt;a href=&#39;x&#39;&gt;&quot;&amp;&#233;€&lt;/a&gt;"
    assert net.html_decode("&lt;&#39;&eacute;&nbsp;&#x41;&bogus;&amp;lt;") == "<'é\xa0A&bogus;&lt;"


@given(st.text(st.characters(max_codepoint=0xD7FF), max_size=20))
def test_escaping_reads_back(text: str) -> None:
    assert net.percent_decode(net.escape_data_string(text)) == text
    assert net.form_decode(net.form_encode(text, "-_.")) == text


def test_encodings() -> None:
    assert encodings.UTF8.decode(b"\xe2\x82") == "\ufffd"
    assert encodings.UTF8.encode("\ud83d") == b"\xef\xbf\xbd"
    assert encodings.ASCII.decode(b"\xc3A") == "?A"
    assert encodings.get_encoding("ISO-8859-1").encode("é€") == b"\xe9?"
    with pytest.raises(ArgumentException, match="'windows-1252' is not a supported encoding name"):
        encodings.get_encoding("windows-1252")


@pytest.mark.parametrize("text", ["AQI", "A===", "====", "AQI@", "é", "=AQI", "AQ=I"])
def test_broken_base64(text: str) -> None:
    with pytest.raises(FormatException, match="not a valid Base-64 string"):
        byte_conversions.from_base64(text)


@given(st.binary(max_size=50))
def test_base64_reads_back(data: bytes) -> None:
    assert bytes(byte_conversions.from_base64(byte_conversions.to_base64(byte_array(data)))) == data


def test_seeded_random_numbers() -> None:
    numbers = randoms.Random(42)
    assert [numbers.next() for _ in range(3)] == [1434747710, 302596119, 269548474]


def test_enums() -> None:
    day = named("System.DayOfWeek")
    assert interfaces.parse_enum(day, "friday", True) == 5
    assert interfaces.format_enum(day, 5, "D") == "5"
    flags = named("System.Globalization.NumberStyles")
    assert interfaces.enum_to_string(flags, 3) == "AllowLeadingWhite, AllowTrailingWhite"
    with pytest.raises(ArgumentException, match="Requested value 'x' was not found"):
        interfaces.parse_enum(day, "x", False)


def test_objects() -> None:
    assert objects.to_string(string_array(["a"])) == "System.String[]"
    assert objects.to_string(EnumValue(named("System.DayOfWeek"), 1)) == "Monday"
    assert objects.to_string(Single(float("inf"))) == "Infinity"
    assert not objects.equals(1, Int64(1))
    assert objects.get_type(1) is objects.get_type(2)
    assert objects.type_object(parse("System.Collections.Generic.List<int>")).name == "List`1"


def test_exceptions_show_their_inner_ones() -> None:
    error = SystemException("outer", FormatException("inner"))
    assert objects.to_string(error).startswith("System.SystemException: outer\n ---> System.FormatException: inner")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::1", "::1"),
        ("2001:0db8:0000::0001", "2001:db8::1"),
        ("1.2.3", "1.2.0.3"),
        ("0x7f.1", "127.0.0.1"),
    ],
)
def test_addresses(text: str, shown: str) -> None:
    assert net.parse(text).to_string() == shown


def test_string_builder() -> None:
    builder = StringBuilder("abcabc")
    assert builder.replace_part("b", "-", 0, 3).to_string() == "a-cabc"
    builder.length -= 1
    assert builder.insert(0, "X").to_string() == "Xa-cab"
