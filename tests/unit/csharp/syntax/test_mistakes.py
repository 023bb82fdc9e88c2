"""Mistakes people make, where they are reported, and what is suggested."""

from __future__ import annotations

import pytest

from apimpolicy.csharp.syntax.parser import parse
from apimpolicy.errors import PolicySyntaxError
from apimpolicy.text.source import Excerpt, Source

MISTAKES = [
    # code, diagnostic, marked text, a word of the help or the message
    ("@(a === b)", "CS1525", "=", "=="),
    ("@(a and b)", "CS1026", "and", "&&"),
    ("@(not a)", "CS1026", "a", "!"),
    ("@(a == 'it')", "CS1012", "'it'", 'double quotes: "it"'),
    ("@(`x`)", "CS1525", "`", "double quotes"),
    ("@(“x”)", "CS1525", "“", "straight"),
    ('@("a"b")', "CS1026", "b", "quote inside"),
    ('@("""a""")', "CS1026", '"a"', "raw strings"),
    ("@{ return 1 }", "CS1002", " ", "semicolon"),
    ("@{\n  var x = 1\n  return x;\n}", "CS1002", "\n", "semicolon"),
    ("@(if (a) b)", "CS1525", "if", "@{"),
    ("@{ var x = 1; } return x; }", "CS1519", "return", "last }"),
    ("@{ return 1; } }", "CS1022", "}", "last }"),
    ("@{ Func<int, int> f = x -> x; return f(1); }", "CS0103", "x", "=>"),
    ("@{ int class = 5; }", "CS1001", "class", "@class"),
    ("@{ public int x; }", "CS0106", "public", "public"),
    ("foo", "CS1525", "foo", "@("),
    ("@foo", "CS1525", "foo", "@{"),
    ("", "CS1525", "", "@("),
    ('@($"{a")', "CS8076", '"{', "}"),
    # A hole keeps to one line unless every string around it is verbatim.
    ('@($"{a\n}")', "CS8076", '"{', "one line"),
    ('@($"{ /* a\n */ 1 }")', "CS8076", '"{', "one line"),
    ('@($"b{f(1,\n 2)}{3}")', "CS8076", "b{", "one line"),
    ('@($@"{$"{1\n}"}")', "CS8076", '"{', "one line"),
    ('@($"{$@"{1\n}"}")', "CS8076", '"{', "one line"),
    ('@($"{@"x\ny"}")', "CS8076", '"{', "one line"),
    ('@($"{1 // c\n}")', "CS8077", "//", "/* … */"),
    ('@($"a}")', "CS8086", "}", "}}"),
    ('@("\\d+")', "CS1009", "\\d", "verbatim"),
    ('@("\\q" 1)', "CS1009", "\\q", "verbatim"),
    ("@(delegate)", "CS1514", ")", "{"),
    ("@{ try { } catch x { } }", "CS1514", "x", "{"),
    ("@(0x)", "CS1013", "0x", "number"),
    # newer than C# 7.3
    ('@(@$"a{b}")', "CS8401", '@$"', '$@"'),
    ("@(a ??= b)", "CS8370", "a ??=", "coalescing assignment"),
    ("@(f(a).b switch { 1 => 2, _ => 3 })", "CS8370", "f(a).b switch", "switch expression"),
    ("@{ using var x = y; return x; }", "CS8370", "using var", "using declarations"),
    ("@(a!.b)", "CS8370", "a!", "nullable reference types"),
    ("@(new())", "CS8370", "new()", "target-typed object creation"),
    ("@{ A x = new(1); return x; }", "CS8370", "new(1", "target-typed object creation"),
    ("@(a[^1])", "CS8370", "^", "index operator"),
    ("@(a[1..2])", "CS8370", "1..2", "range operator"),
    ("@(a[..2])", "CS8370", ".", "range operator"),
    ("@(a[1..])", "CS8370", "1..", "range operator"),
]


@pytest.mark.parametrize(("code", "expected", "marked", "hint"), MISTAKES, ids=[row[0] or "empty" for row in MISTAKES])
def test_a_mistake(code: str, expected: str, marked: str, hint: str) -> None:
    with pytest.raises(PolicySyntaxError) as caught:
        parse(code)
    first = caught.value.diagnostics[0]
    assert (first.code, code[first.start : first.end]) == (expected, marked)
    assert hint in f"{first.message} {first.help}"


@pytest.mark.parametrize(
    "code", ['@($@"{1\n}")', '@($@"{1 // c\n}")', '@($"{1 /* // */}")', '@($"{"http://a"}")', '@($@"{$@"{1\n}"}")']
)
def test_what_a_hole_may_hold(code: str) -> None:
    parse(code)


def test_positions_are_those_of_the_source() -> None:
    source = Source('<set-variable value="@(a &amp;&amp; )" />')
    excerpt = Excerpt("@(a && )", source, 21, 37, ((0, 21), (4, 25), (5, 30), (6, 35)))
    with pytest.raises(PolicySyntaxError) as caught:
        parse(excerpt)
    first = caught.value.diagnostics[0]
    assert first.source is source
    assert source.text[first.start :].startswith(' )"')


def test_every_mistake_in_literals_is_reported() -> None:
    with pytest.raises(PolicySyntaxError) as caught:
        parse("@('ab' + \"\\q\" + '' + 1e400)")
    assert [diagnostic.code for diagnostic in caught.value.diagnostics] == ["CS1012", "CS1009", "CS1011", "CS0594"]
