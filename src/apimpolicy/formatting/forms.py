"""The two forms of an expression: raw, for uploads with the format `rawxml`, or with entities, for `xml`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from apimpolicy.project.fixes import Edit
from apimpolicy.text.document import CData, Characters, Document
from apimpolicy.text.source import Excerpt

FORMS: Final = ("raw", "xml")


def edits_of(document: Document, form: str) -> list[Edit]:
    """Return the edits that write every whole-value expression of a document in a form, in order."""
    found: list[Edit] = []
    for code, quote in _expressions(document):
        written = document.source.text[code.start : code.end]
        wanted = code.text if form == "raw" else _escaped(code.text, quote)
        if written != wanted:
            found.append(Edit(code.start, code.end, wanted))
    return sorted(found)


def _expressions(document: Document) -> Iterator[tuple[Excerpt, str]]:
    """Yield expressions that are a whole value or text, with the quote around them; those in CDATA have no entities."""
    for element in document.elements():
        for attribute in element.attributes:
            if attribute.value.expression is not None:
                yield attribute.value.expression, document.source.text[attribute.value.start - 1]
        for child in element.children:
            if isinstance(child, Characters) and not isinstance(child, CData) and child.expression is not None:
                yield child.expression, ""


def _escaped(text: str, quote: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&quot;") if quote == '"' else text.replace("'", "&apos;") if quote == "'" else text
