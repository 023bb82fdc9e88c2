"""Strings: formatting, searching, splitting, comparing. The rows are answers of .NET Core 3.1 with ICU."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apimpolicy.csharp.dotnet.environment import Environment, Limits, use_environment
from apimpolicy.csharp.dotnet.exceptions import ArgumentException, ArgumentOutOfRangeException, FormatException
from apimpolicy.csharp.dotnet.system import collation, string_comparison, string_edits, string_search
from apimpolicy.csharp.dotnet.system.characters import to_lower, to_upper
from apimpolicy.csharp.dotnet.system.string_search import split
from apimpolicy.csharp.dotnet.system.strings import concat, format_composite, format_item
from apimpolicy.errors import LimitExceededError

COMPARED = [
    ("a", "B", -1),
    ("a", "A", -1),
    ("b", "B", -1),
    ("A", "_", 1),
    ("1", "_", 1),
    ("a", "10", 1),
    ("ab", "a-b", 1),
    ("co-op", "coop", -1),
    ("ae", "æ", -1),
    ("é", "e", 1),
    ("é", "f", -1),
    ("é", "e\u0301", 0),
    ("a\u00adb", "ab", 0),
    ("", "a", -1),
    ("a", "a b", -1),
    ("Z", "é", 1),
]


@pytest.mark.parametrize(("a", "b", "expected"), COMPARED)
def test_culture_order(a: str, b: str, expected: int) -> None:
    assert collation.compare(a, b) == expected
    assert collation.compare(b, a) == -expected


@given(st.text(max_size=8), st.text(max_size=8), st.text(max_size=8))
def test_culture_order_is_an_order(a: str, b: str, c: str) -> None:
    first, second, third = sorted((a, b, c), key=collation.sort_key)
    assert collation.compare(first, third) <= 0
    assert collation.compare(first, second) <= 0


def test_null_comes_first() -> None:
    assert string_comparison.compare(None, "a") == -1
    assert string_comparison.compare(None, None) == 0
    assert string_comparison.compare_ordinal("a", "A") == 32


@pytest.mark.parametrize(
    ("text", "value", "comparison", "expected"),
    [
        ("Hello", "l", 0, 2),
        ("Hello", "L", 5, 2),
        ("Hello", "", 0, 0),
        ("abc\0def", "def", 0, 4),
        ("a\u00adb", "ab", 0, 0),
        ("a\u00adb", "ab", 4, -1),
        ("\r\n", "\n", 0, -1),
        ("straße", "ss", 2, -1),
        ("straße", "SS", 3, 4),
    ],
)
def test_index_of(text: str, value: str, comparison: int, expected: int) -> None:
    assert string_search.index_of(text, value, 0, len(text), comparison) == expected


@given(st.text("aeés\u0301\u00adßS \n\r", max_size=8), st.text("aes ", min_size=1, max_size=2))
def test_the_short_way_finds_what_the_long_way_finds(text: str, value: str) -> None:
    found = collation.find(text, value)
    # A soft hyphen before the text does not count, and sends the search the long way.
    long_way = collation.find("\u00ad" + text, value)
    assert (found[0] < 0) == (long_way[0] < 0)
    assert found[0] < 0 or found[0] + 1 == long_way[0]
    assert collation.starts_with(text, value) == collation.starts_with("\u00ad" + text, value)
    assert collation.ends_with(text, value) == collation.ends_with(text + "\u00ad", value)


def test_last_index_of() -> None:
    assert string_search.last_index_of("Hello", "", 4, 5, 0) == 4
    assert string_search.last_index_of("Hello", "l", 2, 3, 0) == 2
    with pytest.raises(ArgumentOutOfRangeException):
        string_search.index_of("Hello", "l", 6, 0, 0)


@pytest.mark.parametrize(
    ("text", "separators", "count", "options", "expected"),
    [
        ("a,,b", [","], None, 0, ["a", "", "b"]),
        ("a,b,c", [","], 2, 0, ["a", "b,c"]),
        ("a,b,c", [","], 1, 0, ["a,b,c"]),
        ("a,b,c", [","], 0, 0, []),
        ("a,b,,c", [","], 3, 1, ["a", "b", "c"]),
        ("a--b--c", ["--"], None, 0, ["a", "b", "c"]),
        ("a b\tc\nd", None, None, 0, ["a", "b", "c", "d"]),
        (" a  b ", [], None, 1, ["a", "b"]),
        (",a,", [","], None, 0, ["", "a", ""]),
        ("a,b;c", [",", ";"], None, 0, ["a", "b", "c"]),
        ("", [","], None, 0, [""]),
        ("", [","], None, 1, []),
    ],
)
def test_split(text, separators, count, options, expected) -> None:
    arguments = (text, separators) if count is None else (text, separators, count)
    assert list(split(*arguments, options=options)) == expected


@given(st.text(",ab", max_size=20))
def test_split_and_join(text: str) -> None:
    assert ",".join(split(text, [","])) == text


def test_composite_formats() -> None:
    assert format_composite("{0,5}|{0,-5}|", [1]) == "    1|1    |"
    assert format_composite("{0:N2} {1:P1}", [1234.5, 0.123]) == "1,234.50 12.3 %"
    assert format_item(7, -3, "D2") == "07 "
    with pytest.raises(FormatException, match="Index \\(zero based\\)"):
        format_composite("{0}{1}", [1])
    for broken in ("{0", "{", "}", "{a}", "{0,}", "{0:"):
        with pytest.raises(FormatException, match="Input string was not in a correct format"):
            format_composite(broken, [1])


def test_concat() -> None:
    assert concat("n=", 1, None, True, 1.5) == "n=1True1.5"


def test_long_strings_are_refused_before_they_are_made() -> None:
    with use_environment(Environment(limits=Limits(string_length=1000))), pytest.raises(LimitExceededError):
        format_item("a", 100_000_000)
    with use_environment(Environment(limits=Limits(string_length=1000))), pytest.raises(LimitExceededError):
        string_edits.replace("a" * 900, "a", "b" * 900)


def test_replace_needs_something_to_replace() -> None:
    with pytest.raises(ArgumentException, match="String cannot be of zero length"):
        string_edits.replace("Hello", "", "x")


def test_case() -> None:
    assert (to_upper("ǅß"), to_lower("ǅÀ"), to_upper("ı")) == ("Ǆß", "ǆà", "ı")


def test_trim_keeps_zero_width_characters() -> None:
    assert string_edits.trim(" \u3000x\u200b ") == "x\u200b"


def test_framework_reads_doubled_braces_as_a_part_of_a_format() -> None:
    with use_environment(Environment(is_framework=True)):
        assert format_composite("{{{0:D2}}}", [1]) == "{D2}"
    assert format_composite("{{{0:D2}}}", [1]) == "{01}"
