"""Whatever the body: json-to-xml gives well-formed XML, xml-to-json gives JSON, and texts survive."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sampling import examples

from apimpolicy import Gateway, Request, Response

JSON_TO_XML = "<json-to-xml apply='always' consider-accept-header='false' {} />"
XML_TO_JSON = "<xml-to-json apply='always' consider-accept-header='false' kind='{}' />"
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=6)
NAMES = st.one_of(
    st.sampled_from(
        [
            "a",
            "b",
            "xmlns",
            "xmlns:p",
            "p:c",
            "xmlns:xml",
            "xmlns:xmlns",
            "xmlns:1",
            "xml:a",
            "p:",
            ":p",
            "xml:d",
            "#attrs",
            "1",
            "",
            "é",
            "x y",
            "a_b",
        ]
    ),
    TEXTS,
)
VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


def answered(policy: str, kind: str, body: str) -> tuple[str, str | None]:
    written = f"<policies><inbound /><backend><base /></backend><outbound>{policy}</outbound></policies>"
    gateway = Gateway(backend=Response(200, headers={"Content-Type": kind}, body=body))
    result = gateway.run(written, Request.get("/"))
    return result.response.text, None if result.error is None else result.error.message


@given(VALUES, st.sampled_from(["", "namespace-separator=':' namespace-prefix='xmlns' attribute-block-name='#attrs'"]))
@settings(max_examples=examples(150))
def test_any_json_becomes_xml(value: Any, attributes: str) -> None:
    from lxml import etree

    text, error = answered(JSON_TO_XML.format(attributes), "application/json", json.dumps(value))
    if error is None:
        try:
            etree.fromstring(text.encode())
        except etree.XMLSyntaxError as refused:
            if "is not a valid URI" not in str(refused):  # .NET takes any characters of XML for a namespace
                raise
    else:
        assert error.startswith("The body cannot be converted to XML. ")


ELEMENT_NAMES = st.sampled_from(["a", "b", "é", "x.y", "p:c", "p:b"])


@st.composite
def elements(draw: Any, depth: int = 0) -> str:
    from xml.sax.saxutils import escape, quoteattr

    name = draw(ELEMENT_NAMES)
    given_names = draw(st.lists(ELEMENT_NAMES, unique=True, max_size=2))
    attributes = "".join(f" {own}={quoteattr(draw(TEXTS))}" for own in given_names)
    inner = [escape(draw(TEXTS)) if draw(st.booleans()) or depth > 2 else draw(elements(depth + 1)) for _ in range(2)]
    return f'<{name} xmlns:p="urn:p"{attributes}>{"".join(inner)}</{name}>'


@given(elements(), st.sampled_from(["direct", "javascript-friendly"]))
@settings(max_examples=examples(100))
def test_any_xml_becomes_json_with_all_its_text(document: str, kind: str) -> None:
    text, error = answered(XML_TO_JSON.format(kind), "application/xml", document)
    assert error is None
    parsed = json.loads(text)
    assert len(parsed) == 1

    def texts(value: Any) -> int:
        if isinstance(value, str):
            return len(value)
        if isinstance(value, list):
            return sum(map(texts, value))
        return sum(texts(inner) for name, inner in value.items() if not name.startswith("@")) if value else 0

    if kind == "direct":
        from lxml import etree

        written = "".join(etree.fromstring(document.encode()).itertext())
        assert texts(parsed) >= len(re.sub(r"\s", "", written))


@pytest.mark.parametrize("depth", [100, 199])
def test_deep_bodies(depth: int) -> None:
    text, error = answered(JSON_TO_XML.format(""), "application/json", '{"a":' * depth + "1" + "}" * depth)
    assert error is None
    assert text == "<a>" * depth + "1" + "</a>" * depth
    text, error = answered(XML_TO_JSON.format("direct"), "text/xml", "<a>" * depth + "1" + "</a>" * depth)
    assert error is None
    assert text == '{"a":' * depth + '"1"' + "}" * depth


@pytest.mark.parametrize(
    ("policy", "kind", "body"),
    [
        (JSON_TO_XML.format(""), "application/json", '{"a":' * 5000 + "1" + "}" * 5000),
        (JSON_TO_XML.format(""), "application/json", "[" * 400 + "]" * 400),
        (XML_TO_JSON.format("direct"), "text/xml", "<a>" * 5000 + "</a>" * 5000),
        (XML_TO_JSON.format("direct"), "text/xml", "<a>" * 500 + "</a>" * 500),
    ],
)
def test_bodies_that_are_too_deep_are_refused(policy: str, kind: str, body: str) -> None:
    _, error = answered(policy, kind, body)
    assert error is not None
