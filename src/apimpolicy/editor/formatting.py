"""Formatting on request: the indentation of tags and of lines of attributes, and nothing else.

Expressions, texts, comments and values stay as they are to the character. What comes out is read again and compared
with what went in: where anything but white space between tags and attributes differs, nothing is changed at all.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.policies.registry import is_known, specification_of
from apimpolicy.project.fixes import Edit
from apimpolicy.text.document import Characters, Comment, Element
from apimpolicy.text.markup import read
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.text.document import Document, Node

_BLANK = re.compile(r"[ \t\r\n]*")


def format_edits(text: str, indent: str = "    ") -> list[Edit]:
    """The edits that indent a policy document; none for one with mistakes in its markup, or where any doubt is left."""
    document = read(Source(text))
    if document.diagnostics:
        return []
    edits = sorted(_of_level(document.children, text, indent, 0))
    edits = [edit for edit in edits if text[edit.start : edit.end] != edit.text]
    return edits if edits and is_same(document, read(Source(_applied(text, edits)))) else []


def _applied(text: str, edits: list[Edit]) -> str:
    from apimpolicy.project.fixes import apply

    return apply(text, edits)


def _of_level(nodes: list[Node], text: str, indent: str, depth: int) -> Iterator[Edit]:
    for node in nodes:
        if isinstance(node, (Element, Comment)):
            yield from _before(node.start, text, indent * depth)
        if isinstance(node, Element):
            yield from _attributes(node, text, indent, depth)
            if _holds_elements(node):
                yield from _of_level(node.children, text, indent, depth + 1)
                yield from _before(node.content_end, text, indent * depth)


def _before(offset: int, text: str, indent: str) -> Iterator[Edit]:
    """The white space at the beginning of a line; what stands behind something on its line stays there."""
    line = max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1
    if text[line:offset].strip(" \t") == "":
        yield Edit(line, offset, indent)


def _attributes(element: Element, text: str, indent: str, depth: int) -> Iterator[Edit]:
    """One blank between attributes on a line; a line of attributes is indented by one step."""
    position = element.name_end
    for attribute in element.attributes:
        gap = text[position : attribute.name_start]
        if gap.strip(" \t\r\n") == "":
            last = max(gap.rfind("\n"), gap.rfind("\r"))
            if last >= 0:
                yield Edit(position + last + 1, attribute.name_start, indent * (depth + 1))
            else:
                yield Edit(position, attribute.name_start, " ")
        position = min(attribute.value.end + 1, element.content_start)


def _holds_elements(element: Element) -> bool:
    """Whether white space among the children means nothing: there are elements, no text, and nothing takes any."""
    if not any(isinstance(child, Element) for child in element.children):
        return False
    if any(isinstance(child, Characters) and child.raw.strip() for child in element.children):
        return False
    specification = specification_of(element.name) if is_known(element.name) else None
    return specification is None or not (specification.takes_text or specification.takes_markup)


def is_same(before: Document, after: Document) -> bool:
    """Whether two documents are the same but for white space between tags and between attributes."""
    return not after.diagnostics and list(_content(before.children)) == list(_content(after.children))


def _content(nodes: list[Node]) -> Iterator[tuple[str, ...]]:
    for node in nodes:
        if isinstance(node, Element):
            attributes = [part for a in node.attributes for part in (a.name, a.value.raw)]
            yield ("element", node.name, *attributes)
            if _holds_elements(node):
                yield from _content(node.children)
            else:
                yield ("inside", node.source.text[node.content_start : node.content_end])
            yield ("end", node.name)
        elif not isinstance(node, Characters) or node.raw.strip():
            yield (type(node).__name__, node.raw)
