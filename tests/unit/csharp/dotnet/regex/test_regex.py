"""`Regex` as emitted code calls it; the values are those of the conformance rows and of .NET's documentation."""

from __future__ import annotations

import itertools

import pytest

from apimpolicy.csharp.dotnet.environment import Environment, Limits, use_environment
from apimpolicy.csharp.dotnet.exceptions import ArgumentNullException, DotnetException, RegexParseException
from apimpolicy.csharp.dotnet.metadata import look_up
from apimpolicy.csharp.dotnet.regex.character_classes import (
    ECMA_SCRIPT,
    EXPLICIT_CAPTURE,
    IGNORE_CASE,
    IGNORE_PATTERN_WHITESPACE,
    MULTILINE,
    RIGHT_TO_LEFT,
    SINGLELINE,
)
from apimpolicy.csharp.dotnet.regex.expressions import Regex, escape, unescape
from apimpolicy.csharp.dotnet.registry import find_implementation
from apimpolicy.csharp.emit.expression import compile_expression
from apimpolicy.errors import LimitExceededError, NotSimulatedError
from apimpolicy.gateway.context.execution import Context

IS_MATCH = [
    (r"\d+", 0, "abc123", True),
    ("^ABC$", IGNORE_CASE, "abc", True),
    ("^b$", 0, "a\nb", False),
    ("^b$", MULTILINE, "a\nb", True),
    ("a.b", 0, "a\nb", False),
    ("a.b", SINGLELINE, "a\nb", True),
    ("^abc$", 0, "abc\n", True),
    (r"^abc\z", 0, "abc\n", False),
    (r"^abc\Z", 0, "abc\n", True),
    (r"^\d$", 0, "\u0663", True),
    (r"^\d$", ECMA_SCRIPT, "\u0663", False),
    (r"^\w$", 0, "\u00e9", True),
    (r"^\w$", ECMA_SCRIPT, "\u00e9", False),
    ("a b", IGNORE_PATTERN_WHITESPACE, "a b", False),
    ("a b # comment", IGNORE_PATTERN_WHITESPACE, "ab", True),
    (r"(?<=b)X", 0, "aXbX", True),
    ("foo(?!bar)", 0, "foobar", False),
    ("(?i)ABC", 0, "abc", True),
    ("a(?i)b(?-i)c", 0, "aBc", True),
    ("a(?i)b(?-i)c", 0, "aBC", False),
    ("(?i:a)b", 0, "AB", False),
    (r"^[\w-]+$", 0, "a-b", True),
    ("^[a-z-[aeiou]]+$", 0, "xyz", True),
    ("^[a-z-[aeiou]]+$", 0, "xaz", False),
    ("^[^a-z-[0-9]]$", 0, "5", False),
    (r"^[\W\d]$", 0, "-", True),
    (r"^[^\W\d]$", 0, "7", False),
    ("^a{,3}$", 0, "a{,3}", True),
    ("^a{000000000000002}$", 0, "aa", True),
    ("^a{000000000000001,000000000000002}$", 0, "aaa", False),
    (r"^\s$", 0, "\x1f", False),
    (r"^\s$", 0, "\x85", True),
    (r"^\p{IsGreek}+$", 0, "\u03b1\u03b2", True),
    (r"^\P{IsBasicLatin}$", 0, "a", False),
    (r"\p{L}", 0, "x", True),
    (r"^(?<a>x)\k<a>\k'a'\1$", 0, "xxxx", True),
    (r"^(a)?(?(1)b|c)$", 0, "c", True),
    ("^(?(?=a)ab|cd)$", 0, "ab", True),
    ("^(?(a)ab|cd)$", 0, "cd", True),
    (r"^\x41\u0042\103\cJ\e$", 0, "ABC\n\x1b", True),
    (r"^(?#comment)a(?#another)+$", 0, "aaa", True),
    (r"^(?>a+)b$", 0, "aab", True),
    (r"\bfoo\b", 0, "a foo.", True),
    (r"^\uD83D.$", 0, "\ud83d\ude00", True),
    (r"^.$", 0, "\ud83d\ude00", False),
    (r"^\12$", 0, "\n", True),
    (r"^[]a]+$", 0, "]a", True),
    (r"^[\b]$", 0, "\b", True),
    ("^a+?b*$", 0, "aab", True),
]


@pytest.mark.parametrize(("pattern", "options", "text", "expected"), IS_MATCH)
def test_is_match(pattern: str, options: int, text: str, expected: bool) -> None:
    assert Regex.create(pattern, options).is_match(text) is expected


INVALID = [
    ("[", "Invalid pattern '[' at offset 1. Unterminated [] set."),
    ("(", "Invalid pattern '(' at offset 1. Not enough )'s."),
    ("a)", "Invalid pattern 'a)' at offset 2. Too many )'s."),
    ("[z-a]", "Invalid pattern '[z-a]' at offset 4. [x-y] range in reverse order."),
    ("a\\", "Invalid pattern 'a\\' at offset 2. Illegal \\ at end of pattern."),
    (r"\q", r"Invalid pattern '\q' at offset 2. Unrecognized escape sequence \q."),
    (r"\3", r"Invalid pattern '\3' at offset 2. Reference to undefined group number 3."),
    ("*a", "Invalid pattern '*a' at offset 1. Quantifier {x,y} following nothing."),
    ("(?z)", "Invalid pattern '(?z)' at offset 3. Unrecognized grouping construct."),
    ("a{3,1}", "Invalid pattern 'a{3,1}' at offset 6. Illegal {x,y} with x > y."),
    (
        "a{1,99999999999}",
        "Invalid pattern 'a{1,99999999999}' at offset 14. "
        "Capture group numbers must be less than or equal to Int32.MaxValue.",
    ),
]


@pytest.mark.parametrize(("pattern", "message"), INVALID)
def test_invalid_pattern(pattern: str, message: str) -> None:
    with pytest.raises(RegexParseException) as caught:
        Regex.create(pattern)
    assert caught.value.message == message


@pytest.mark.parametrize(
    "pattern",
    [
        "a{2000000000}",
        "((a{1000}){1000}){1000}",
        "(?<b>)(?<-b>x)(?<=(c))",
        r"^(?:[^()]|(?<open>\()|(?<-open>\)))*(?(open)(?!))$",
        "(?<x>a)(?<y-x>bc)",
        "(" * 200 + "a" + ")" * 200,
        "[a-[b" * 200,
    ],
)
def test_refused_by_name(pattern: str) -> None:
    with pytest.raises(NotSimulatedError):
        Regex.create(pattern)


REPLACE = [
    ("abc", "b", "X", "aXc"),
    ("abcabc", "(b)(c)", "$2$1", "acbacb"),
    ("abc", "b", "$$", "a$c"),
    ("abc", "b", "[$&]", "a[b]c"),
    ("abc", "b", "[$`]", "a[a]c"),
    ("abc", "b", "[$']", "a[c]c"),
    ("abc", "b", "$_", "aabcc"),
    ("abc", "b", "$1", "a$1c"),
    ("abc", "(?<x>b)", "<${x}>", "a<b>c"),
    ("abc", "(?<x>b)", "${y}$", "a${y}$c"),
    ("abc", "(a)(b)", "$+", "bc"),
    ("abc", "(b)", "$10", "a$10c"),
    ("abc", "", "-", "-a-b-c-"),
    ("aab", "a*", "x", "xxbx"),
    ("a  b   c", r"\s+", " ", "a b c"),
]


@pytest.mark.parametrize(("text", "pattern", "replacement", "expected"), REPLACE)
def test_replace(text: str, pattern: str, replacement: str, expected: str) -> None:
    assert Regex.create(pattern).replace(text, replacement) == expected


def test_replace_by_evaluator_and_count() -> None:
    assert Regex.create(r"\b\w").replace_by("hello world", lambda m: m.value.upper()) == "Hello World"
    assert Regex.create("a").replace("aaa", "b", 2, 1) == "abb"
    assert Regex.create("a", RIGHT_TO_LEFT).replace("aaa", "b", 1) == "aab"


SPLIT = [
    ("a1b2c", r"\d", 0, ["a", "b", "c"]),
    ("a1b2c", r"(\d)", 0, ["a", "1", "b", "2", "c"]),
    ("", ",", 0, [""]),
    ("a,b,c", ",", 2, ["a", "b,c"]),
    ("a,b,c", ",", 1, ["a,b,c"]),
    ("abc", "", 0, ["", "a", "b", "c", ""]),
]


@pytest.mark.parametrize(("text", "pattern", "count", "expected"), SPLIT)
def test_split(text: str, pattern: str, count: int, expected: list[str]) -> None:
    assert list(Regex.create(pattern).split(text, count)) == expected


def test_groups() -> None:
    match = Regex.create(r"(?<l>[a-z]+)(\d+)").match("abc123")
    assert [group.value for group in match.groups] == ["abc123", "123", "abc"]
    assert [group.name for group in match.groups] == ["0", "1", "l"]
    assert match.groups.get_named("l").value == match.groups.get_item(2).value == "abc"
    missing = match.groups.get_named("zzz")
    assert (missing.success, missing.value) == (False, "")
    assert (match.index, match.length, match.groups.get_item(1).index) == (0, 6, 3)
    assert match.result("$1/${l}/$2") == "123/abc/abc"
    assert not match.groups.get_named("2").success
    assert not Regex.create("(x)?abc").match("abc").groups.get_item(1).success


def test_captures() -> None:
    match = Regex.create(r"(?:([a-z])(\d))+").match("a1b2")
    assert [capture.value for capture in match.groups.get_item(1).captures] == ["a", "b"]
    assert match.groups.get_item(1).value == "b"


def test_group_numbers() -> None:
    assert list(Regex.create("(?<a>x)(?<b>y)").get_group_names()) == ["0", "a", "b"]
    assert list(Regex.create("(?<b>x)(y)").get_group_numbers()) == [0, 1, 2]
    assert list(Regex.create("(?<12>x)(y)").get_group_numbers()) == [0, 1, 12]
    assert list(Regex.create("(x)(?<n>y)", EXPLICIT_CAPTURE).get_group_names()) == ["0", "n"]
    assert [capture.value for capture in Regex.create("(?<d>a)(?<d>b)").match("ab").groups.get_named("d").captures] == [
        "a",
        "b",
    ]


def test_no_match() -> None:
    match = Regex.create(r"\d+").match("abc")
    assert (match.success, match.value, match.groups.count) == (False, "", 1)
    assert match.next_match() is match


def test_matches() -> None:
    assert Regex.create("").matches("aaa").count == 4
    assert [match.index for match in Regex.create("b").matches("abcabc")] == [1, 4]
    assert Regex.create("b").match("abcabc").next_match().index == 4
    assert [match.value for match in Regex.create(r"\d\d", RIGHT_TO_LEFT).matches("12345")] == ["45", "23"]
    assert Regex.create("c", RIGHT_TO_LEFT).match("cbacb").index == 3
    assert [match.index for match in Regex.create(r"\G\d").matches("12a3")] == [0, 1]
    part = Regex.create("^b").match_part("abc", 1, 2)
    assert (part.index, part.value) == (1, "b")


def test_escape() -> None:
    assert escape("a.b*c[d] {e}#") == r"a\.b\*c\[d]\ \{e}\#"
    assert unescape(r"a\.b\n\x41") == "a.b\nA"


def test_static_form() -> None:
    definition = look_up("System.Text.RegularExpressions.Regex")
    assert definition is not None
    found = find_implementation(definition, "static string Replace(string input, string pattern, string replacement)")
    assert found is not None
    assert found.target("abc", "b", "x") == "axc"
    with pytest.raises(ArgumentNullException) as caught:
        found.target(None, "b", "x")
    assert caught.value.message == "Value cannot be null. (Parameter 'input')"
    with pytest.raises(DotnetException, match="pattern"):
        found.target("abc", None, "x")


def test_time_is_limited() -> None:
    with use_environment(Environment(limits=Limits(regex_seconds=0.05))), pytest.raises(LimitExceededError):
        Regex.create("^(a|aa)+$").is_match("a" * 60 + "b")


@pytest.mark.parametrize(
    ("pattern", "options", "length"),
    [
        ("GET|POST", 0, 200),
        ("^[a-z]+$", 0, 200),
        ("a*a*b", 0, 63),
        (r"\w+\w+\d+x", 0, 21),
        (".{0,99}.{0,99}.{0,99}.{0,99}x", 0, 11),
        ("a?" * 30 + "a" * 30, 0, -1),
        ("(a|aa)" * 20 + "b", 0, -1),
        ("(a|aa)+b", 0, -1),
        ("(a|aa) +b", IGNORE_PATTERN_WHITESPACE, -1),
        ("^[a-z]+$", RIGHT_TO_LEFT, -1),
        (r"(a)\1", 0, -1),
    ],
)
def test_longest_text_without_a_clock(pattern: str, options: int, length: int) -> None:
    """The product of all choices is bounded, so that no match can take long."""
    assert Regex.create(pattern, options).longest_quick == length


def test_own_timeout() -> None:
    from apimpolicy.csharp.dotnet.system.timespans import TimeSpan

    with pytest.raises(DotnetException, match="RegexMatchTimeoutException"):
        Regex.create("^(a|aa)+$", 0, TimeSpan(500_000)).is_match("a" * 60 + "b")
    assert Regex.create("a", 0, TimeSpan(-10_000)).is_match("a")
    with pytest.raises(DotnetException, match="matchTimeout"):
        Regex.create("a", 0, TimeSpan(0))


def test_all_long_matches_together_have_the_time_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted in steps: a clock of the test's own says that each match takes half of the limit."""
    from apimpolicy.csharp.dotnet.regex import expressions

    ticks = itertools.count()
    for clock in ("perf_counter", "processor_time", "thread_time"):
        monkeypatch.setattr(expressions, clock, lambda *_: next(ticks) * 0.5)
    here = Environment(limits=Limits(regex_seconds=2.0, seconds=1_000.0))
    pattern = expressions.Regex("(a*)*b")
    with use_environment(here):
        assert not pattern.is_match("a" * 20_000)
        assert here.steps_left < here.limits.steps * 0.51
        pattern.is_match("a" * 20_000)
        with pytest.raises(LimitExceededError):
            pattern.is_match("a" * 20_000)


def test_a_match_that_the_policy_gives_up_counts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    code = """@{ var n = 0; for (int i = 0; i < 9; i++) try { new Regex("^(a|aa)+$", RegexOptions.None,
        TimeSpan.FromMilliseconds(20)).IsMatch(new string('a', 60) + "!"); } catch (Exception) { n++; } return n; }"""
    here = Environment(limits=Limits(regex_seconds=0.05, seconds=1_000.0))
    with use_environment(here), pytest.raises(LimitExceededError):
        compile_expression(code).evaluate(Context())
