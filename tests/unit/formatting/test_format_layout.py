"""The layout that `format` writes: the rows of `layout.toml`, each stable and the same policy as before."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sampling import examples, sampled

from apimpolicy.formatting import csharp
from apimpolicy.formatting.files import Formatted, Formatter, is_same
from apimpolicy.project.fixes import apply
from apimpolicy.project.format_settings import LayoutStyle
from apimpolicy.text.markup import read
from apimpolicy.text.source import Source

ROWS: list[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("layout.toml").read_text(encoding="utf-8"))["row"]
STYLE = LayoutStyle()
CORPUS = Path(__file__).parents[4] / "shared" / "corpus" / "documents"


def formatted(text: str, path: str = "orders.xml", style: LayoutStyle = STYLE, form: str | None = None) -> Formatted:
    return Formatter(style, form=form).file(text.encode(), path)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_the_layout(row: dict[str, Any]) -> None:
    path = row.get("file", "orders.xml")
    before, after = (row.get(key, row.get("same")) for key in ("before", "after"))
    if path == "orders.xml" and "kept" not in row:
        after = after.strip("\n") + ("\n" if before.endswith("\n") else "")
    result = formatted(before, path)
    assert result.data.decode() == after
    assert [reason for _, reason in result.kept] == ([row["kept"]] if row.get("kept") else [])
    assert formatted(after, path).data.decode() == after


def test_settings() -> None:
    text = '<inbound>\n<rate-limit calls="5" renewal-period="60" />\n</inbound>\n'
    wanted = '<inbound>\n  <rate-limit\n    calls="5"\n    renewal-period="60" />\n</inbound>\n'
    assert formatted(text, style=LayoutStyle(40, 2)).data.decode() == wanted


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_line_ends_stay_as_the_file_has_them(line_end: str, end: str) -> None:
    """An extract has CRLF and no line break at its end; a formatted one must not differ in every line."""
    text = line_end.join(["<inbound>", "<base/>", "</inbound>"]) + (end and line_end)
    wanted = line_end.join(["<inbound>", "    <base />", "</inbound>"]) + (end and line_end)
    assert formatted(text).data == wanted.encode()
    assert formatted(wanted).data == wanted.encode()


def test_tabs() -> None:
    text = '<inbound>\n  <!-- a\n       b -->\n  <set-variable name="a" value="@{\n return 1;\n }" />\n</inbound>\n'
    wanted = '<inbound>\n\t<!-- a\n\t\t b -->\n\t<set-variable name="a" value="@{\n\t\treturn 1;\n\t}" />\n</inbound>\n'
    assert formatted(text, style=LayoutStyle(indent_style="tab")).data.decode() == wanted
    assert formatted(wanted, style=LayoutStyle(indent_style="tab")).data.decode() == wanted


@pytest.mark.parametrize(
    ("form", "text", "wanted"),
    [
        ("raw", "<when condition='@(a == &quot;b&quot; &amp;&amp; c &lt; d)' />", '@(a == "b" && c < d)'),
        ("xml", '<when condition="@(a == "b" && c < d)" />', "@(a == &quot;b&quot; &amp;&amp; c &lt; d)"),
        ("xml", "<set-body>@(a<b ? \"&\" : 'c')</set-body>", "@(a &lt; b ? \"&amp;\" : 'c')"),
        ("raw", '<set-body>@("&amp;amp;")</set-body>', '@("&amp;amp;")'),  # raw, it would be another text
    ],
)
def test_forms_of_expressions(form: str, text: str, wanted: str) -> None:
    result = formatted(text, form=form).data.decode()
    assert wanted in result
    codes = [
        [code.text for code in read(Source(each)).expressions()] for each in (formatted(text).data.decode(), result)
    ]
    assert codes[0] == codes[1]


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus of real policies is not here")
def test_documents_of_the_corpus_are_the_same_policies_and_stable() -> None:
    changed = 0
    for path in sampled(sorted(CORPUS.rglob("*.xml")), 40):
        data = path.read_bytes()
        result = Formatter(LayoutStyle()).file(data, path.name)
        assert not any("internal error" in reason for _, reason in result.kept), path
        if result.data != data:
            changed += 1
            assert Formatter(LayoutStyle()).file(result.data, path.name).data == result.data, path
    assert changed > 20


NAMES = st.sampled_from(["policies", "inbound", "choose", "when", "set-body", "value", "set-header", "base", "other"])
BLANKS = st.sampled_from(["", " ", "\n", "\n\n\n", "\t", "\n  ", "\r\n"])
CODE = st.sampled_from(
    [
        "@(a+b)",
        "@{ return 1 ; }",
        "@{\nvar x=1;\n\n\nreturn x;}",
        '@(f("a",1 )\n&&b)',
        "text",
        "",
        "@(",
        "{{nv}}",
        "@({{nv}}+1)",
    ]
)


@st.composite
def elements(draw: st.DrawFn, depth: int = 3) -> str:
    name = draw(NAMES)
    attributes = "".join(
        f'{draw(BLANKS) or " "}{each}="{draw(CODE)}"' for each in draw(st.lists(st.sampled_from("abc"), unique=True))
    )
    if depth == 0 or draw(st.booleans()):
        return f"<{name}{attributes}{draw(BLANKS)}/>"
    inside = draw(
        st.lists(st.one_of(elements(depth=depth - 1), CODE, st.sampled_from(["<!-- c -->", "<!--\n d\n-->"])))
    )
    blanks = [draw(BLANKS) for _ in range(len(inside) + 1)]
    return (
        f"<{name}{attributes}>"
        + "".join(a + b for a, b in zip(blanks, inside, strict=False))
        + f"{blanks[-1]}</{name}>"
    )


@settings(max_examples=examples(150))
@given(elements())
def test_any_document_is_the_same_policy_and_stable(text: str) -> None:
    result = formatted(text)
    new = result.data.decode()
    assert not any("internal error" in reason for _, reason in result.kept)
    if not result.kept:
        assert is_same(read(Source(text)), read(Source(new)))
        assert formatted(new).data.decode() == new


TOKENS = st.sampled_from(
    (
        *"a()[]{};,+-<>=?:.!1 \n",
        *("++", "--", "==", "=>", "if", "return", "new", "int", "var", "is", "as", "case", "switch", "\n\n\n"),
        *('"s"', '$"{a}"', "//c\n", "/*d*/"),
    )
)


@settings(max_examples=examples(300))
@given(st.lists(TOKENS, max_size=25).map(" ".join))
def test_any_code_keeps_its_tokens(body: str) -> None:
    for text in (f"@({body})", f"@{{{body}}}"):
        new = apply(text, csharp.edits_of(text, 1, LayoutStyle()))
        assert csharp.tokens_of(new) == csharp.tokens_of(text)
        assert apply(new, csharp.edits_of(new, 1, LayoutStyle())) == new
