"""Find the position of the caret in a policy document: in a name, a value, a text, or in C#."""

from __future__ import annotations

import re
from typing import Literal

from apimpolicy.records import Record
from apimpolicy.text.document import Attribute, Characters, Comment, Document, Element, MarkupNode
from apimpolicy.text.named_values import named_values_as_holes
from apimpolicy.text.scanner import ENTITY, EXPRESSION_START, character_of, scan_code
from apimpolicy.text.source import Excerpt

Kind = Literal["element", "end-tag", "attribute", "value", "content", "code", "named-value", "nothing"]

_OPEN_NAME = re.compile(r"<(/?)([\w.\-]*)\Z")
_WORD = re.compile(r"[\w.\-]*\Z")
_NAMED_VALUE = re.compile(r"\{\{([\w.\- ]*)\Z")
_NAME_REST = re.compile(r"[\w.\-]*")


class CaretPlace(Record):
    """The caret's place. `start` and `end` are offsets in the source of the name or value around it.

    `element` is the element that the name or value belongs to; of `element`, `end-tag` and `content` the one around it.
    `code` is the place of an expression: the node that contains it, from `start` (its `@`) on.
    """

    kind: Kind
    start: int
    end: int
    element: Element | None = None
    attribute: Attribute | None = None
    node: Characters | None = None


def place_at(document: Document, offset: int) -> CaretPlace:
    text = document.source.text
    around = _innermost(document, offset)
    node = _characters(document, around, offset)
    if node is not None and (start := _expression(node, offset)) >= 0:
        return CaretPlace("code", start, offset, around, _attribute(around, node), node)
    if isinstance(_child(document, around, offset), Comment):
        return CaretPlace("nothing", offset, offset)
    if (reference := _NAMED_VALUE.search(text, max(offset - 200, 0), offset)) is not None:
        return CaretPlace("named-value", reference.start(1), _end_of_name(text, offset), around)
    if (opened := _OPEN_NAME.search(text, max(offset - 200, 0), offset)) is not None:
        parent = around
        if parent is not None and parent.start == opened.start():
            parent = parent.parent
        kind: Kind = "end-tag" if opened[1] else "element"
        return CaretPlace(kind, opened.start(2), _end_of_name(text, offset), parent)
    if around is not None and around.name_end < offset and _is_in_tag(around, offset):
        return _in_tag(around, text, offset)
    return CaretPlace("content", offset, offset, around, node=node)


def _innermost(document: Document, offset: int) -> Element | None:
    """Return the innermost element around an offset, which ends before the offset after its last `>`."""
    found: Element | None = None
    level: list[Element] = document.roots
    while True:
        inside = next((e for e in level if e.start < offset and (offset < e.end or _reaches(e, offset))), None)
        if inside is None:
            return found
        found = inside
        if offset < inside.content_start:
            return found
        level = list(inside.elements())


def _reaches(element: Element, offset: int) -> bool:
    """Return whether an element without an end tag, or with an unclosed tag, continues at its end."""
    if offset != element.end:
        return False
    return element.is_unclosed or not element.source.text[element.start : element.end].endswith(">")


def _is_in_tag(element: Element, offset: int) -> bool:
    """Return whether an offset is in a start tag; an unclosed one continues to the next tag."""
    text = element.source.text
    if offset < element.content_start or text[element.start : element.content_start].endswith(">"):
        return offset < element.content_start
    return not any(mark in text[element.content_start : offset] for mark in "<>")


def _in_tag(element: Element, text: str, offset: int) -> CaretPlace:
    for attribute in element.attributes:
        if attribute.name_start <= offset <= attribute.name_end:
            return CaretPlace("attribute", attribute.name_start, attribute.name_end, element, attribute)
        if attribute.value.start <= offset <= attribute.value.end and attribute.value.start > attribute.name_end:
            return CaretPlace("value", attribute.value.start, attribute.value.end, element, attribute, attribute.value)
    word = _WORD.search(text, element.name_end, offset)
    return CaretPlace("attribute", word.start() if word else offset, offset, element)


def _end_of_name(text: str, offset: int) -> int:
    found = _NAME_REST.match(text, offset)
    return found.end() if found else offset


def _child(document: Document, around: Element | None, offset: int) -> MarkupNode | None:
    children = around.children if around is not None else document.children
    return next((child for child in children if child.start < offset < child.end), None)


def _characters(document: Document, around: Element | None, offset: int) -> Characters | None:
    if around is not None and _is_in_tag(around, offset):
        values = (attribute.value for attribute in around.attributes)
        return next((value for value in values if value.start <= offset <= value.end), None)
    children = around.children if around is not None else document.children
    touching = (c for c in children if isinstance(c, Characters) and c.start <= offset <= c.end)
    return next(touching, None)


def _attribute(around: Element | None, node: Characters) -> Attribute | None:
    attributes = around.attributes if around is not None else ()
    return next((attribute for attribute in attributes if attribute.value is node), None)


def _expression(node: Characters, offset: int) -> int:
    """Return where the expression begins that an offset is in; -1 outside of any."""
    text = node.source.text
    for part in node.parts:
        if part.start + 2 <= offset < part.end:
            return part.start
    position = node.start
    while (found := EXPRESSION_START.search(text, position, min(node.end, offset))) is not None:
        whole = next((part for part in node.parts if part.start == found.start()), None)
        if whole is not None:
            position = whole.end
            continue
        if found.end() <= offset and scan_code(text, found.start(), offset).open is not None:
            return found.start()
        position = found.end()
    return -1


class Code(Record):
    """An expression as the caret sees it: the C# and where the caret is in it."""

    text: str
    caret: int


def code_at(place: CaretPlace, offset: int) -> Code:
    """Return the C# at a place of the kind `code`: entities decoded, a mark for each named value."""
    node = place.node
    assert node is not None  # places in code have one
    text = node.source.text
    part = next((part for part in node.parts if part.start == place.start), None)
    if part is not None:
        caret = offset_in(part, offset)
        before, after = part.text[:caret], part.text[caret:]
    else:
        before, after = text[place.start : offset], text[offset : node.end]
        if ENTITY.search(before):
            before, after = _decoded(before), _decoded(after)
    before = named_values_as_holes(Excerpt.of(before)).text
    return Code(before + named_values_as_holes(Excerpt.of(after)).text, len(before))


def offset_in(excerpt: Excerpt, offset: int) -> int:
    """Return the offset in an excerpt of a character of its source: the inverse of `Excerpt.locate`."""
    anchors = excerpt.anchors
    for index in range(len(anchors) - 1, -1, -1):
        mine, theirs = anchors[index]
        if theirs <= offset:
            limit = anchors[index + 1][0] if index + 1 < len(anchors) else len(excerpt.text)
            return min(mine + offset - theirs, limit)
    return 0


def _decoded(text: str) -> str:
    return ENTITY.sub(lambda found: character_of(found[0]) or found[0], text)
