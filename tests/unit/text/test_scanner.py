"""Where expressions end, how they are decoded, and what is said when they do not end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rows import for_each

from apimpolicy.errors import PolicySyntaxError
from apimpolicy.text.scanner import scan_expression
from apimpolicy.text.source import Source

# What stands at the start of a longer text is found as it is.
VERBATIM = [
    "@(a)",
    "@((a) + (b))",
    '@(a + ")" + \')\' /* ) */ + "\\")")',
    "@(a // ) not here\n)",
    "@{ if (a) { return 1; } return '}'; }",
    '@(@"a"")")',
    '@(@"C:\\")',
    '@($"{d["k"]} {{ )")',
    '@{ return $"{(a ? b : $"{c}}}")} {x:yy-MM}"; }',
    '@($@"a""{x}\n)")',
    '@(@$"a""{x}\n)")',
    '@($"{a:h\'h}")',
    '@($"{a::b}")',
    '@($"{{{a}}}")',
    "@(a[0)",
    "@('Retry-After)')",
    '@("{{name}}" + {{other}})',
    "@(a < b && c)",
    '@(a.Replace("&quot;", "x") < 1)',
    "@(@class)",
    "@{\n#region it's a \"quote } {\nreturn 1;\n  # endregion }\n}",
    "@{\n#pragma warning disable CS0168 // it's {\nreturn 1; }",
    "@(a #b)",
]


@for_each((code, rest) for code in VERBATIM for rest in ("", ")", '" />', " \"'{", "}}"))
def test_end_is_found(code: str, rest: str) -> None:
    excerpt = scan_expression(Source("<a>" + code + rest), 3)
    assert (excerpt.text, excerpt.start, excerpt.end) == (code, 3, 3 + len(code))


@pytest.mark.parametrize(
    ("written", "delimiter", "code"),
    [
        ("@(x[&quot;a&quot;] &lt; 1)", '"', '@(x["a"] < 1)'),
        ("@(x[&#34;)&#x22;])", '"', '@(x[")"])'),
        ("@(a &gt; &apos;b&apos;)", "'", "@(a > 'b')"),
        ('@($"?a=1&amp;b={x["c"]}")', "", '@($"?a=1&b={x["c"]}")'),
        ('@(a != "GET" &amp;&amp; b)', '"', '@(a != "GET" && b)'),
        ('@(a != &quot;G)T&quot; && b["c"])', '"', '@(a != "G)T" && b["c"])'),
        ('@(a && b.Replace("&amp;", "x"))', '"', '@(a && b.Replace("&amp;", "x"))'),
        ('@(a.Replace("&quot;", ""))', '"', '@(a.Replace("&quot;", ""))'),
        ('@(a.Replace("&quot;", ""))', "'", '@(a.Replace("&quot;", ""))'),
        ("@(a + " + "b + " * 500 + "&quot;)&quot;)", '"', "@(a + " + "b + " * 500 + '")")'),
    ],
)
def test_written_form_is_decided_for_each_expression(written: str, delimiter: str, code: str) -> None:
    text = f"<a b={delimiter}{written}{delimiter} />" if delimiter else f"<a>{written}</a>"
    start = text.index("@")
    excerpt = scan_expression(Source(text), start, delimiter=delimiter)
    assert excerpt.text == code
    assert text[excerpt.start : excerpt.end] == written
    # Every character knows its place: a verbatim one is the same character there, a decoded one begins an entity.
    for offset, character in enumerate(code):
        assert text[excerpt.locate(offset)] in (character, "&")


@pytest.mark.parametrize(
    ("text", "delimiter", "code"),
    [
        ("@{ return 1; // }</a>", "", "@{ return 1; // }"),
        ("@{ return 1; // } \n</a><b>{ 1) }</b>", "", "@{ return 1; // }"),
        ("@{ if (x < 1) { return 1; } return 2; // }</a>\n<b>@{ return 3; }</b>", "", None),
        ("@{ return x &lt; 1 ? &quot;&amp;&quot; : y; // }</a>", "", '@{ return x < 1 ? "&" : y; // }'),
        ("@{ return 1; // } done }<!-- x --></a>", "", "@{ return 1; // } done }"),
        ('@(true // )" b="(" />', '"', "@(true // )"),
        ('@("a" == x // )" />', '"', '@("a" == x // )'),
        ("@('a' == x // )' />", "'", "@('a' == x // )"),
        ('@{ return \'}\' + "}" + @"}" + $"{{{1}}}"; // }</a>', "", None),
    ],
)
def test_last_bracket_in_a_comment(text: str, delimiter: str, code: str | None) -> None:
    """The compiler gets the text between the brackets of the whole, whatever the comment covers."""
    excerpt = scan_expression(Source(text), 0, delimiter=delimiter)
    assert excerpt.text == (code or text.partition("</a>")[0])


@pytest.mark.parametrize(
    "text",
    [
        "@{ return 1; /* } */</a>",
        "@{ if (x) { return 1; // }</a>",
        "@{ return 1; // } done</a>",
        '@{ return @"a; // }</a>',
    ],
)
def test_bracket_in_a_comment_ends_nothing_else(text: str) -> None:
    with pytest.raises(PolicySyntaxError):
        scan_expression(Source(text), 0)


def test_cdata_is_not_decoded() -> None:
    assert scan_expression(Source('@("&amp;")'), 0, entities=False).text == '@("&amp;")'


@pytest.mark.parametrize(
    ("text", "opened", "what"),
    [
        ("@(foo(1)", 1, "'('"),
        ("@{ if (a) { return 1; ", 10, "'{'"),
        ('@("abc\n")', 2, "string"),
        ('@(@"abc)', 2, "string"),
        ('@($"a{b}c)\n")', 2, "string"),
        ('@($"a{b)', 5, "'{'"),
        ("@('a\n')", 2, "character literal"),
        ("@(/* )", 2, "comment"),
    ],
)
def test_unterminated(text: str, opened: int, what: str) -> None:
    with pytest.raises(PolicySyntaxError) as caught:
        scan_expression(Source("\n" + text), 1)
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.code, diagnostic.start) == ("POL015", opened + 1)
    assert what in diagnostic.message
    assert diagnostic.help == "The expression begins at line 2, column 1."


def test_limit() -> None:
    with pytest.raises(PolicySyntaxError):
        scan_expression(Source("@(a)"), 0, 3)


def test_nesting_is_not_limited_by_recursion() -> None:
    code = "@(" + '$"{' * 50_000 + "1" + '}"' * 50_000 + ")"
    assert scan_expression(Source(code), 0).text == code


@given(st.text(alphabet="@(){}[]\"'$\\/*&;aquot:\n<", max_size=60), st.sampled_from(["", '"', "'"]))
def test_any_text_has_an_answer(rest: str, delimiter: str) -> None:
    source = Source("@(" + rest)
    try:
        excerpt = scan_expression(source, 0, delimiter=delimiter)
    except PolicySyntaxError as error:
        (diagnostic,) = error.diagnostics
        assert 0 < diagnostic.start < diagnostic.end <= len(source.text)
    else:
        assert excerpt.text.startswith("@(")
        assert source.text[excerpt.end - 1] == excerpt.text[-1] == ")"
        assert [excerpt.locate(offset) for offset in range(len(excerpt.text))] == sorted(
            {excerpt.locate(offset) for offset in range(len(excerpt.text))}
        )
