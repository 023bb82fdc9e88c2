"""Every real document: lxml, given the document with its expressions masked, is the judge of the tree."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path

import pytest

from apimpolicy.text.document import Characters, Comment, Document, Element, Instruction, TextNode
from apimpolicy.text.markup import read
from apimpolicy.text.source import Source, decode

CORPUS = Path(__file__).parents[4] / "shared" / "corpus"
pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real policies is not here")

WRAPPER = "wrapper"
AGREED = 1368
UNLISTED = 16
# "xsl:..." abbreviates in a reference page: an XML name, but not one with namespaces. What APIM says is not known.
NOT_A_QUALIFIED_NAME = "xsl-transform-policy.md-00.xml"


@lru_cache(maxsize=1)
def documents() -> list[tuple[str, Document]]:
    rows = (CORPUS / "index.jsonl").read_text("utf-8").splitlines()
    names = [json.loads(row)["file"] for row in rows]
    result = []
    for name in names:
        source, problems = decode((CORPUS / "documents" / name).read_bytes(), name)
        assert not problems
        result.append((name, read(source)))
    return result


def masked(document: Document) -> str:
    """The text with every expression that the reader found replaced by as many neutral characters."""
    pieces, position = [], 0
    text = document.source.text
    for part in sorted(document.expressions(), key=lambda part: part.start):
        pieces += (text[position : part.start], "x" * (part.end - part.start))
        position = part.end
    return "".join(pieces) + text[position:]


def tokens(document: Document) -> list[str]:
    """The document in pieces, in order: tags, and whatever stands between them."""
    text, pieces = document.source.text, []
    waiting: list = list(reversed(document.children))
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            pieces.append(node)
        elif isinstance(node, Element):
            pieces.append(text[node.start : node.content_start])
            waiting.append(text[node.content_end : node.end])
            waiting.extend(reversed(node.children))
        else:
            pieces.append(node.raw)
    return pieces


def judge(text: str, several: bool):
    """The tree that lxml sees, as nested tuples, or None if it refuses the text."""
    from lxml import etree

    text = re.sub(r"^<\?xml.*?\?>", "", text)
    if several:
        text = f"<{WRAPPER}>{text}</{WRAPPER}>"
    parser = etree.XMLParser(resolve_entities=False, strip_cdata=False, no_network=True)
    try:
        root = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError:
        return None
    return [of_lxml(child) for child in root.iterchildren()] if several else [of_lxml(root)]


def of_lxml(node):
    from lxml import etree

    if node.tag is etree.Comment:
        return ("comment", node.text)
    if node.tag is etree.ProcessingInstruction:
        return ("instruction",)
    name = etree.QName(node).localname
    attributes = sorted((etree.QName(key).localname, value) for key, value in node.attrib.items())
    content: list = [node.text or ""]
    for child in node.iterchildren():
        content += (of_lxml(child), child.tail or "")
    return (name, attributes, content)


def of_reader(element: Element, text: str):
    """The same of our tree; values and text are taken from the masked text."""
    attributes = sorted(
        (attribute.name.split(":")[-1], re.sub(r"[\t\r\n]", " ", decoded(attribute.value, text).replace("\r\n", "\n")))
        for attribute in element.attributes
        if attribute.name.split(":")[0] != "xmlns"
    )
    content: list = [""]
    for child in element.children:
        if isinstance(child, Characters):
            content[-1] += decoded(child, text)
        elif isinstance(child, Element):
            content += (of_reader(child, text), "")
        elif isinstance(child, Comment):
            content += (("comment", child.text.replace("\r\n", "\n")), "")
        elif isinstance(child, Instruction):
            content += (("instruction",), "")
    return (element.name.split(":")[-1], attributes, content)


def decoded(node: Characters, text: str) -> str:
    if node.parts:
        raw = text[node.start : node.end].removeprefix("<![CDATA[").removesuffix("]]>").replace("\r\n", "\n")
        assert "&" not in raw or isinstance(node, TextNode)
        return raw.replace("&amp;", "&")
    return node.text


def test_every_document_agrees_with_lxml_or_has_a_diagnostic() -> None:
    agreed, wrong = 0, []
    reported: dict[str, str] = {}
    for name, document in documents():
        text = masked(document)
        codes = sorted({diagnostic.code for diagnostic in document.diagnostics})
        # A snippet may have several outermost elements, but text among them is wrong in any case.
        theirs = judge(text, len(document.roots) != 1 and "POL020" not in codes)
        if codes:
            reported[name] = " ".join(codes)
            if theirs is not None and codes != ["POL015"]:  # broken C# may be fine XML
                wrong.append(f"{name}: lxml accepts it, but: {document.diagnostics[0]}")
            for diagnostic in document.diagnostics:
                assert 0 <= diagnostic.start <= diagnostic.end <= len(document.source.text)
        elif theirs is None and not name.endswith(NOT_A_QUALIFIED_NAME):
            wrong.append(f"{name}: lxml refuses it")
        elif theirs is not None and [tree for tree in theirs if len(tree) == 3] != [
            of_reader(root, text) for root in document.roots
        ]:
            wrong.append(f"{name}: another tree")
        else:
            agreed += 1
    assert wrong == []
    assert (agreed, len(reported)) == (AGREED, len(documents()) - AGREED)


def test_expressions_are_those_of_the_corpus() -> None:
    """Each expression in the documents is an entry of expressions.jsonl, and each entry stands in a document."""
    rows = [json.loads(row) for row in (CORPUS / "expressions.jsonl").read_text("utf-8").splitlines()]
    entries = {text for row in rows for text in (row["code"], row.get("as_written", row["code"]))}
    entries = {text.replace("\r\n", "\n") for text in entries}
    found: set[str] = set()
    unknown = set()
    for _, document in documents():
        for part in document.expressions():
            forms = {part.text, part.source.text[part.start : part.end]}
            forms = {text.replace("\r\n", "\n") for text in forms}
            found |= forms
            if not forms & entries:
                unknown.add(part.text)
    # Trivial ones such as `@(context.Api.Id)` that the list of the corpus leaves out.
    assert len(unknown) == UNLISTED
    missing = [row for row in rows if not found & {row["code"].replace("\r\n", "\n"), row.get("as_written")}]
    assert [row["code"] for row in missing] == []


def test_reading_is_lossless_and_spans_are_exact() -> None:
    for name, document in documents():
        assert "".join(tokens(document)) == document.source.text, name


def test_cut_documents_are_read() -> None:
    for _, document in documents()[::7]:
        text = document.source.text
        for cut in range(0, len(text), len(text) // 5 + 1):
            for piece in (text[:cut], text[cut:]):
                assert "".join(tokens(read(Source(piece)))) == piece
