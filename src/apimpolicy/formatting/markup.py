"""The layout of a document: elements, attributes and comments, with the C# in them laid out by `csharp`.

Each child of an element begins a line; a parent that its author wrote on one line stays there. Attributes stay on the
line of their tag, or each gets a line of its own if one already had, or if the tag is longer than a line. Text is data,
and never touched, unless it is one expression and white space.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from apimpolicy.formatting import csharp
from apimpolicy.gateway.policies.registry import is_known, specification_of
from apimpolicy.project.fixes import Edit, apply
from apimpolicy.text.document import Attribute, CData, Characters, Comment, Document, Element, MarkupNode, TextNode

if TYPE_CHECKING:
    from apimpolicy.project.format_settings import LayoutStyle
    from apimpolicy.text.source import Excerpt

_SWITCH = re.compile(r"\s*apimpolicy:\s*format\s+(on|off)\s*")
_BREAK = re.compile(r"\r\n|\r|\n")


def edits_of(document: Document, style: LayoutStyle, level: int = 0) -> list[Edit]:
    """Return the edits of white space in a document without faults, in order.

    The outermost elements are indented by `level`.
    """
    layout = _Layout(document, style)
    layout.children(document.children, level, None)
    off = layout.off + [(layout.off_since, len(document.source.text) + 1)] * (layout.off_since >= 0)
    gaps = sorted(layout.found)
    return [gap for gap in gaps if not any(start <= gap.start < end for start, end in off)]


def is_data(element: Element) -> bool:
    """Return whether white space among the children of an element may mean something.

    It does in elements that take a text or any markup by the declaration of their policy, and around text.
    """
    if any(isinstance(child, (CData, Characters)) and child.raw.strip() for child in element.children):
        return True
    if is_known(element.name):
        specification = specification_of(element.name)
        return specification is not None and (specification.takes_text or specification.takes_markup)
    parent = specification_of(element.parent.name) if element.parent is not None else None
    return parent is not None and any(slot.child == element.name for slot in parent.contents)


class _Layout:
    def __init__(self, document: Document, style: LayoutStyle) -> None:
        self.text = document.source.text
        self.style = style
        self.found: list[Edit] = []
        self.off: list[tuple[int, int]] = []
        self.off_since = -1

    def gap(self, start: int, end: int, wanted: str) -> None:
        if self.text[start:end] != wanted:
            self.found.append(Edit(start, end, wanted))

    # Elements

    def children(self, nodes: Sequence[MarkupNode], level: int, parent: Element | None) -> None:
        """Lay out nodes on lines of their own, and the white space between them."""
        start = parent.content_start if parent is not None else 0
        is_first = True
        for node in nodes:
            if isinstance(node, TextNode) and not node.raw.strip():
                continue
            breaks = _breaks(self.text[start : node.start])
            if isinstance(node, Comment) and not breaks and not is_first:
                self.gap(start, node.start, " ")
            elif is_first and parent is None:
                self.gap(start, node.start, self.style.indent(level))
            else:
                self.gap(start, node.start, self._line(level, 1 if is_first else min(max(breaks, 1), 2)))
            if isinstance(node, Element):
                self.element(node, level)
            elif isinstance(node, Comment):
                self.comment(node, level)
            start = node.end
            is_first = False
        if parent is not None:
            self.gap(start, parent.content_end, self._line(level - 1, 1))

    def _line(self, level: int, breaks: int) -> str:
        return "\n" * breaks + self.style.indent(level)

    def element(self, element: Element, level: int) -> None:
        """Lay out a tag, and what is inside."""
        self.tag(element, level)
        if element.content_end < element.end:
            name_end = element.content_end + 2 + len(element.name)
            self.gap(name_end, element.end - 1, "")
        inside = self.text[element.content_start : element.content_end]
        if element.expression is not None:
            self.content(element, element.expression, level)
        elif not is_data(element) and any(isinstance(child, (Element, Comment)) for child in element.children):
            if _breaks(inside) or self._is_too_long(element, level):
                self.children(element.children, level + 1, element)
            else:
                for child in element.elements():
                    self.element(child, level)

    def _is_too_long(self, element: Element, level: int) -> bool:
        return element.end - element.start + self.style.indent_width * level > self.style.line_length

    def content(self, element: Element, code: Excerpt, level: int) -> None:
        """Lay out a text that is one expression: on the line of its tags, or on lines of its own."""
        holder = next(child for child in element.children if isinstance(child, Characters) and child.expression is code)
        if isinstance(holder, CData) or len([child for child in element.children if child.raw.strip()]) > 1:
            self.code(code, level)
            return
        is_apart = _breaks(self.text[element.content_start : code.start]) > 0
        inner = level + 1 if is_apart else level
        self.gap(element.content_start, code.start, self._line(inner, 1) if is_apart else "")
        self.code(code, inner)
        is_apart = _breaks(self.text[code.end : element.content_end]) > 0
        self.gap(code.end, element.content_end, self._line(level, 1) if is_apart else "")

    def comment(self, comment: Comment, level: int) -> None:
        """Move the lines of a comment along with its first one; note where the layout is switched off."""
        switch = _SWITCH.fullmatch(comment.text)
        if switch is not None and switch[1] == "off" and self.off_since < 0:
            self.off_since = comment.end
        elif switch is not None and switch[1] == "on" and self.off_since >= 0:
            self.off.append((self.off_since, comment.start))
            self.off_since = -1
        lines = list(_BREAK.finditer(self.text, comment.start, comment.end))
        if not lines:
            return
        line = max(self.text.rfind("\n", 0, comment.start), self.text.rfind("\r", 0, comment.start)) + 1
        written = self.text[line : comment.start]
        if written.strip():
            return
        old, new = _width(written, self.style), self.style.indent_width * level
        for found in lines:
            blank = re.compile(r"[ \t]*").match(self.text, found.end(), comment.end)
            assert blank is not None  # it may be empty
            is_empty = blank.end() == comment.end or self.text[blank.end()] in "\r\n"
            width = max(0, _width(blank[0], self.style) - old + new)
            self.gap(blank.start(), blank.end(), "" if is_empty else self.style.blank(width))

    # Tags

    def tag(self, element: Element, level: int) -> None:
        """Lay out the attributes of a tag and its end."""
        attributes = element.attributes
        closing = self.text[: element.content_start].removesuffix(">")
        is_empty = closing.endswith("/")
        end = element.content_start - (2 if is_empty else 1)
        breaks = [_breaks(self.text[start:stop]) for start, stop in self._before(element)]
        is_broken = len(attributes) > 1 and (any(breaks[1:]) or self._is_long(element, level, is_empty))
        position = element.name_end
        for attribute in attributes:
            self.gap(position, attribute.name_start, self._line(level + 1, 1) if is_broken else " ")
            quote = attribute.value.start - 1
            self.gap(attribute.name_end, quote, "=")
            if attribute.value.expression is not None:
                code = attribute.value.expression
                self.gap(attribute.value.start, code.start, "")
                self.gap(code.end, attribute.value.end, "")
                self.code(code, level + 1 if is_broken else level)
            position = attribute.value.end + 1
        self.gap(position, end, " " if is_empty else "")

    def _before(self, element: Element) -> Iterator[tuple[int, int]]:
        position = element.name_end
        for attribute in element.attributes:
            yield position, attribute.name_start
            position = attribute.value.end + 1

    def _is_long(self, element: Element, level: int, is_empty: bool) -> bool:
        """Return whether the tag on one line would be longer than a line; lines inside of values don't count."""
        written = " " * (self.style.indent_width * level) + "<" + element.name
        for attribute in element.attributes:
            written += f' {attribute.name}="{self._value(attribute)}"'
        written += " />" if is_empty else ">"
        lines = _BREAK.split(written)
        return len(lines[0]) > self.style.line_length

    def _value(self, attribute: Attribute) -> str:
        code = attribute.value.expression
        if code is None:
            return attribute.value.raw
        return apply(code.text, csharp.edits_of(code.text, 0, self.style))

    # C#

    def code(self, code: Excerpt, level: int) -> None:
        """Lay out an expression; a gap that the file writes otherwise, as with entities, stays as it is."""
        for gap in csharp.edits_of(code.text, level, self.style):
            start, end = code.locate(gap.start), code.locate(gap.end - 1) + 1 if gap.end > gap.start else -1
            if end < 0:
                end = start
                # Between two tokens that touch: the place is the beginning of the second one.
            written = self.text[start:end]
            if _BREAK.sub("\n", written) == code.text[gap.start : gap.end]:
                self.found.append(Edit(start, end, gap.text))


def _breaks(text: str) -> int:
    return len(_BREAK.findall(text))


def _width(blank: str, style: LayoutStyle) -> int:
    return len(blank.expandtabs(style.indent_width))
