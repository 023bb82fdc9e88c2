"""The lossless reader: what it makes of markup, and what it says about broken markup."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apimpolicy.text.document import CData, Characters, Comment, Document, Element, Instruction
from apimpolicy.text.markup import MAX_DEPTH, MAX_DIAGNOSTICS, read
from apimpolicy.text.source import Source, decode


def codes(text: str) -> list[str]:
    return [diagnostic.code for diagnostic in read(Source(text)).diagnostics]


def test_a_document() -> None:
    text = (
        '<?xml version="1.0"?>\r\n<policies>\r\n  <!-- why -->\r\n'
        '  <set-variable name = \'a&amp;b\' value="@(x["y"] < 1\n)"/>\r\n'
        "  <value>\r\n @{ return a < b; }\r\n</value><b>1 &lt; 2<![CDATA[ &lt; ]]></b></policies>\r\n"
    )
    document = read(Source(text))
    assert document.diagnostics == []
    assert isinstance(document.children[0], Instruction)
    root = document.root
    assert root is not None
    assert [element.name for element in root.elements()] == ["set-variable", "value", "b"]
    assert [child.text for child in root.children if isinstance(child, Comment)] == [" why "]
    variable, value, last = root.elements()
    assert variable.parent is root
    name, code = variable.attributes
    assert (name.value.text, name.value.expression) == ("a&b", None)
    assert text[name.name_start : name.name_end] == "name"
    assert text[name.value.start : name.value.end] == "a&amp;b"
    assert code.value.expression.text == code.value.text == '@(x["y"] < 1\n)'
    assert variable.get("value") is code
    assert variable.get("nothing") is None
    assert value.expression.text == "@{ return a < b; }"
    assert root.find("b") is last
    assert last.text == "1 < 2 &lt; "
    assert isinstance(last.children[1], CData)
    assert text[last.start : last.content_start] + "…" + text[last.content_end : last.end] == "<b>…</b>"


def test_whole_values_and_parts() -> None:
    root = read(Source('<a b=" @(1) " c="x @(2)" d="@(3) and @("4")"> x @(5 < 6)<![CDATA[ @("&lt;") ]]></a>')).root
    assert [attribute.value.expression is not None for attribute in root.attributes] == [True, False, False]
    assert [[part.text for part in attribute.value.parts] for attribute in root.attributes] == [
        ["@(1)"],
        ["@(2)"],
        ["@(3)", '@("4")'],
    ]
    text, cdata = root.children
    assert text.expression is None
    assert text.text == " x @(5 < 6)"
    assert cdata.expression.text == '@("&lt;")'
    assert root.expression is None


@pytest.mark.parametrize("text", ["<a/><b/>", "<inbound></inbound>", "<a x='1'\n/>", "\ufeff<?xml version='1.0'?><a/>"])
def test_snippets(text: str) -> None:
    assert codes(text) == []


@pytest.mark.parametrize(
    ("text", "expected", "marked"),
    [
        ("<a>\x01</a>", "POL004", "\x01"),
        (" \n", "POL005", " \n"),
        ("<!-- nothing -->", "POL005", "<!-- nothing -->"),
        ("<a><b></a>", "POL006", "<b"),
        ("<a><when></whn></a>", "POL007", "</whn>"),
        ("<a></zebra></a>", "POL008", "</zebra>"),
        ("<a b='1' c='2' b='3'/>", "POL009", "b"),
        ("<a b=1/>", "POL010", "1"),
        ("<a b c='1'/>", "POL011", "b"),
        ("<a>1 < 2</a>", "POL012", "<"),
        ("<a>1 & 2</a>", "POL013", "&"),
        ("<a>&nbsp;</a>", "POL014", "&nbsp;"),
        ("<a>&#0;</a>", "POL014", "&#0;"),
        ('<a b="@(c(1)" d="@(2)"/>', "POL015", "("),
        ("<a>@{ if (a < b) { }</a>", "POL015", "{"),
        ("<a><!-- b -- c --></a>", "POL016", "--"),
        ("<a/><!-- b", "POL017", "<!"),
        ("<a b='1' <c/></a>", "POL017", "<a"),
        ("<a b='1\n/>", "POL017", "'"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", "POL018", "<!DOCTYPE a [<!ENTITY b 'c'>]>"),
        ("<a/>b", "POL020", "b"),
        ("<a><?xml version='1.0'?></a>", "POL021", "<?xml version='1.0'?>"),
        ("<a b='1'c='2'/>", "POL022", "c"),
        ("<a b='<'/>", "POL023", "<"),
        ("<a {b}/>", "POL024", "{b}"),
        ("<a>]]></a>", "POL025", "]]>"),
        # A quote that is missing at the end of a value, before another attribute, the tag's end or the next tag.
        ('<a b="1 c="2" d="3"/>', "POL017", '"'),
        ('<a b=" c="2"/>', "POL017", '"'),
        ('<a b="400 reason="Bad Request" /><c/>', "POL017", '"'),
        ('<a b="hello world c="@(1)" d="2"/>', "POL017", '"'),
        ('<a b="@(1) c="2"/>', "POL017", '"'),
        ('<a b="@(1)><c d="2"/></a>', "POL017", '"'),
        ('<a><b c="override>\n<d>@(1 < 2)</d></b><e f="2"/></a>', "POL017", '"'),
        ('<a b="1/>\n<c d="2"/>', "POL017", '"'),
        ('<a b"@{ var x = 1; return x; }" c="2"/>', "POL011", "b"),
        # A tag that can't be read has one finding, whatever follows the first fault in it.
        ("<a @{ var x = 1; }/>", "POL024", "@{"),
        ("<a b c=d 'e' f/>", "POL011", "b"),
        ("<a><b @(c)</b></a>", "POL024", "@(c)"),
        ("<a><b x='1' /\n<c/></a>", "POL024", "/"),
        ("</a></b></c>", "POL008", "</a>"),
    ],
)
def test_one_fault_one_diagnostic(text: str, expected: str, marked: str) -> None:
    document = read(Source(text))
    assert [diagnostic.code for diagnostic in document.diagnostics] == [expected]
    (diagnostic,) = document.diagnostics
    assert text[diagnostic.start : diagnostic.end] == marked


@pytest.mark.parametrize(
    ("text", "attributes"),
    [
        ('<a b="1 c="2" d="3"/>', {"b": "1", "c": "2", "d": "3"}),
        ('<a b="400 reason="Bad Request" />', {"b": "400", "reason": "Bad Request"}),
        ('<a b="1/>\n<c d="2"/>', {"b": "1"}),
        ('<a b"@(1)" c="2"/>', {"b": "@(1)", "c": "2"}),
        ('<a b="x = "/>', {"b": "x = "}),
        ('<a b="c d=" e="2"/>', {"b": "c d=", "e": "2"}),
        ('<a b="1 > 2"/>', {"b": "1 > 2"}),
    ],
)
def test_what_is_read_of_a_tag_with_a_missing_quote(text: str, attributes: dict[str, str]) -> None:
    element = read(Source(text)).roots[0]
    assert {attribute.name: attribute.value.raw for attribute in element.attributes} == attributes


def test_messages_show_where_things_were_opened() -> None:
    (diagnostic,) = read(Source("<a>\n  <when>\n  </wen>\n</a>")).diagnostics
    assert diagnostic.label == "<when> was opened at line 2, column 3"
    (diagnostic,) = read(Source('<a b="1"\n b="2"/>')).diagnostics
    assert diagnostic.label == "first at line 1, column 4"


def test_reading_goes_on_after_a_broken_expression() -> None:
    document = read(Source('<a><b c="@(d(1)" e="@(2)"/><f>@("\n")</f><g h="@(3)"/></a>'))
    assert [diagnostic.code for diagnostic in document.diagnostics] == ["POL015", "POL015"]
    assert [expression.text for expression in document.expressions()] == ["@(2)", "@(3)"]


def test_limits() -> None:
    deep = codes("<a>" * (MAX_DEPTH + 5))
    assert deep == ["POL019"]
    assert codes("<a>" * MAX_DEPTH + "</a>" * MAX_DEPTH) == []
    many = codes("<a>" + "& " * 10_000 + "</a>")
    assert many == ["POL013"] * MAX_DIAGNOSTICS + ["POL026"]
    hostile = codes("<a>" + "x @( " * 20_000 + "</a>")
    assert hostile == ["POL026"]


@pytest.mark.parametrize(
    ("data", "code", "text"),
    [
        (b"\xef\xbb\xbf<a/>", None, "<a/>"),
        ("<ä/>".encode(), None, "<ä/>"),
        ("<ä/>".encode("latin-1"), "POL002", "<\ufffd/>"),
        ("<a/>".encode("utf-16"), "POL003", "<a/>"),
    ],
)
def test_encoding(data: bytes, code: str | None, text: str) -> None:
    source, diagnostics = decode(data, "p.xml")
    assert source.text == text
    assert [diagnostic.code for diagnostic in diagnostics] == ([code] if code else [])
    if code == "POL002":
        assert diagnostics[0].position == (1, 2)


def spans_tile(document: Document) -> None:
    """Nodes lie end to end, so that together they are the document."""
    start = 1 if document.source.text.startswith("\ufeff") else 0
    waiting = [(document.children, start, len(document.source.text))]
    while waiting:
        nodes, position, end = waiting.pop()
        for node in nodes:
            assert node.start == position <= node.end
            position = node.end
            if isinstance(node, Element):
                assert node.start < node.content_start <= node.content_end <= node.end
                waiting.append((node.children, node.content_start, node.content_end))
                for attribute in node.attributes:
                    assert node.name_end <= attribute.name_start < attribute.name_end <= attribute.value.start
                    assert attribute.value.end <= node.content_start
            if isinstance(node, Characters):
                for part in node.parts:
                    assert node.start <= part.start < part.end <= node.end
        assert position == end


MARKUP = st.lists(
    st.sampled_from(
        [
            "<a>",
            "</a>",
            "<b ",
            "c=",
            '"',
            "'",
            "/>",
            ">",
            "<",
            "&",
            "&amp;",
            "@(",
            ")",
            "@{",
            "}",
            "<!--",
            "--",
            "-->",
            "x",
            "<![CDATA[",
            "]]>",
            "<?xml",
            "?>",
            "<!DOCTYPE",
            '$"',
            "{{n}}",
            " ",
            "\r\n",
            "\ufeff",
            "\x00",
            "/",
            "=",
            "</b",
        ]
    ),
    max_size=40,
).map("".join)


@given(st.one_of(st.text(max_size=40), MARKUP))
def test_any_text_is_read_without_loss(text: str) -> None:
    document = read(Source(text))
    spans_tile(document)
    for diagnostic in document.diagnostics:
        assert 0 <= diagnostic.start <= diagnostic.end <= len(text)
        assert str(diagnostic)
    for element in document.elements():
        assert isinstance(element.text, str)
