"""The Liquid templates, stylesheets and conversions of other people's policies run on bodies that fit them."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import pytest

from apimpolicy import Api, Gateway, Request, Response
from apimpolicy.csharp.dotnet.environment import Limits
from apimpolicy.csharp.dotnet.values import from_utf16, to_utf16
from apimpolicy.gateway.context.execution import Context
from apimpolicy.gateway.context.header_fields import HeaderCollection
from apimpolicy.gateway.context.messages import ResponseMessage
from apimpolicy.gateway.engine.evaluation import literal_content
from apimpolicy.gateway.policies.liquid.binding import bind_body, bind_context
from apimpolicy.gateway.policies.liquid.markup import LiquidSyntaxError
from apimpolicy.gateway.policies.liquid.template import read_template
from apimpolicy.gateway.policies.xsl_transform import XslTransform
from apimpolicy.gateway.policies.xslt import transform
from apimpolicy.text.markup import read
from apimpolicy.text.source import decode

if TYPE_CHECKING:
    from apimpolicy.text.document import Element

CORPUS = Path(__file__).parents[5] / "shared" / "corpus" / "documents"
pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real policies is not here")

PLACEHOLDER = "..."
"""In the statements of reference pages."""


@lru_cache(maxsize=1)
def elements() -> list[tuple[str, Element]]:
    """Every element that these policies are, with the file it is in."""
    wanted = re.compile(r"<(?:set-body|xsl-transform|json-to-xml|xml-to-json|redirect-content-urls)\b")
    found: list[tuple[str, Element]] = []
    for path in sorted(CORPUS.rglob("*.xml")):
        data = path.read_bytes()
        if wanted.search(data.decode("utf-8", "replace")) is None:
            continue
        source, _ = decode(data, path.name)
        for root in read(source).roots:
            found += [(str(path.relative_to(CORPUS)), element) for element in (root, *root.descendants())]
    return found


def given(name: str) -> list[tuple[str, Element]]:
    return [(file, element) for file, element in elements() if element.name == name]


def templates() -> list[tuple[str, str]]:
    """The Liquid templates, each once."""
    seen: dict[str, str] = {}
    for file, element in given("set-body"):
        attribute = element.get("template")
        if attribute is not None and attribute.value.text == "liquid":
            seen.setdefault(literal_content(element), file)
    return [(file, template) for template, file in seen.items()]


_LOOP = re.compile(r"(?:JSONArrayFor|for)\s+(\w+)\s+in\s+([\w.]+)")
_VARIABLE = re.compile(r"context\.Variables(?:\.|\[\")(\w+)")
_PATH = re.compile(r"(?<![\w.])(\w+)((?:\.\w+)*)")


def fitting(template: str) -> Any:
    """A body with everything that a template looks up: dictionaries, lists of two, and 7 at the end of each path."""
    loops = dict(_LOOP.findall(template))
    tree: Any = {}

    def path_of(first: str, rest: str) -> list[str] | None:
        if first == "body":
            return [part for part in rest.split(".") if part]
        if first in loops:
            outer, _, inner = loops[first].partition(".")
            around = path_of(outer, f".{inner}" if inner else "")
            return None if around is None else [*around, "[]", *(part for part in rest.split(".") if part)]
        return None

    for first, rest in _PATH.findall(template):
        place, parts = tree, path_of(first, rest)
        for part in parts or ():
            place = place.setdefault(part, {})
    return filled(tree)


def filled(tree: Any) -> Any:
    if not tree:
        return 7
    return [filled(tree["[]"])] * 2 if "[]" in tree else {name: filled(inner) for name, inner in tree.items()}


def as_xml(name: str, value: Any) -> str:
    if isinstance(value, dict):
        return f"<{name}>{''.join(as_xml(inner, entry) for inner, entry in value.items())}</{name}>"
    if isinstance(value, list):
        return f"<{name}>{''.join(as_xml('item', entry) for entry in value)}</{name}>"
    return f"<{name}>{escape(str(value))}</{name}>"


def message(body: Any, *, is_xml: bool) -> ResponseMessage:
    text = "".join(as_xml(name, value) for name, value in body.items()) if is_xml else json.dumps(body)
    kind = "text/xml" if is_xml else "application/json"
    return ResponseMessage(headers=HeaderCollection([("Content-Type", [kind])]), body=text.encode())


def test_liquid_templates() -> None:
    """What they write is well-formed JSON or XML, if that is what it begins like, and holds no error."""
    from lxml import etree

    kinds = {"json": 0, "xml": 0, "text": 0}
    refused: list[str] = []
    for file, template in templates():
        body = fitting(template)
        seen = bind_body(message(body, is_xml="body.envelope" in template), parses_dates=True, nil_is_null=False)
        context = Context(variables=dict.fromkeys(_VARIABLE.findall(template), "7"))
        try:
            rendering = read_template(to_utf16(template)).render({"body": seen, "context": bind_context(context)})
        except LiquidSyntaxError as error:
            refused.append(f"{Path(file).name}: {error.message}")
            continue
        text = from_utf16(rendering.text).strip()
        assert "Liquid" not in text, file
        if text[:1] in ("{", "["):
            kinds["json"] += 1
            parsed = json.loads(text)
            assert body in (7, {}) or "7" in json.dumps(parsed), file
        elif text[:1] == "<" and not text.startswith("<!--"):
            kinds["xml"] += 1
            etree.fromstring(text.encode())
        else:
            kinds["text"] += 1
    assert kinds["json"] >= 30
    assert kinds["xml"] >= 22
    assert kinds["text"] >= 7
    assert refused == ["sql-data-source-policy.md-02.xml: Unknown tag 'JSONArray'"]  # a typing error of its authors


def test_stylesheets() -> None:
    count = 0
    for file, element in given("xsl-transform"):
        policy = object.__new__(XslTransform)
        policy.markup = to_utf16(literal_content(element))
        if PLACEHOLDER in policy.markup:
            continue
        result = transform(policy.stylesheet(), "<a x='1'><b>t</b></a>", {"User-Agent": "me"}, Limits()).decode()
        assert ">t<" in result or result.endswith("?>t"), file
        count += 1
    assert count >= 10


CONVERSIONS = {
    "json-to-xml": (
        "application/json",
        '{"a": {"b": [1, null], "c_d": "2012-03-21T05:40:00Z"}}',
        r"<a.*<c_d>2012-03-21T05:40:00Z</c_d></a>",
        15,
    ),
    "xml-to-json": (
        "text/xml",
        "<?xml version='1.0'?><s:a xmlns:s='urn:s' n='1'><b>1</b><b/></s:a>",
        r'{"(version":"1.0","s\$)?a":{.*"b":\["1",null\]}}',
        7,
    ),
    "redirect-content-urls": ("text/plain", "https://backend.internal/api/1", r"https://contoso.example/1", 3),
}


@pytest.mark.parametrize("name", CONVERSIONS)
def test_conversions(name: str) -> None:
    """They convert, unless their expressions want variables that nobody set."""
    kind, body, expected, least = CONVERSIONS[name]
    converted = 0
    for file, element in given(name):
        written = element.source.text[element.start : element.end]
        if " | " in written or PLACEHOLDER in written:
            continue
        policy = f"<policies><inbound /><backend><base /></backend><outbound>{written}</outbound></policies>"
        answer = Response(200, headers={"Content-Type": kind}, body=body)
        gateway = Gateway(backend=answer, api=Api(service_url="https://backend.internal/api"))
        request = Request.get("https://contoso.example/", headers={"Accept": "application/json, application/xml"})
        result = gateway.run(policy, request)
        if result.error is not None:
            assert "was not present in the dictionary" in result.error.message, file
            continue
        assert re.fullmatch(expected, result.response.text), (file, result.response.text)
        converted += 1
    assert converted >= least
