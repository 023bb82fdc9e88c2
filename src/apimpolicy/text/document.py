"""The tree of a policy document: elements, attributes, text, comments; every node knows its exact span.

Nothing is lost: the nodes of a document lie end to end; in an element its start tag, its children and its end tag do.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import dropwhile, islice, takewhile
from typing import TYPE_CHECKING

from apimpolicy.diagnostics import Diagnostic
from apimpolicy.records import Record
from apimpolicy.text.scanner import ENTITY, character_of
from apimpolicy.text.source import Excerpt, Source, has_hole, is_unknown

if TYPE_CHECKING:
    import re


BROKEN_TAG = frozenset(("POL010", "POL011", "POL017", "POL022", "POL024"))
"""Codes of findings that say that the inside of a tag can't be read as attributes."""


def _decoded(text: str) -> str:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return ENTITY.sub(_character, text) if "&" in text else text


def _character(entity: re.Match[str]) -> str:
    character = character_of(entity[0])
    return entity[0] if character is None else character


class MarkupNode:
    """A piece of a document: `source.text[start:end]`."""

    __slots__ = ("end", "source", "start")

    def __init__(self, source: Source, start: int, end: int) -> None:
        self.source = source
        self.start = start
        self.end = end

    @property
    def raw(self) -> str:
        return self.source.text[self.start : self.end]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.raw[:60]!r}, {self.start}, {self.end})"


class Comment(MarkupNode):
    """`<!-- … -->`, delimiters included."""

    __slots__ = ()

    @property
    def text(self) -> str:
        """Return the text between delimiters."""
        return self.raw.removeprefix("<!--").removesuffix("-->")


class Instruction(MarkupNode):
    """A processing instruction or the XML declaration, `<?…?>`."""

    __slots__ = ()


class Doctype(MarkupNode):
    """A document type declaration; it has been reported."""

    __slots__ = ()


class StrayTag(MarkupNode):
    """An end tag that ends nothing; it has been reported."""

    __slots__ = ()


class Characters(MarkupNode):
    """Characters that may be, or contain, C# expressions. `parts` are the expressions in it, in order."""

    __slots__ = ("expression", "parts")

    def __init__(
        self, source: Source, start: int, end: int, expression: Excerpt | None = None, parts: tuple[Excerpt, ...] = ()
    ) -> None:
        self.source = source
        self.start = start
        self.end = end
        self.expression = expression
        self.parts = parts

    @property
    def text(self) -> str:
        """The characters with entities decoded and line ends as LF; a whole-value expression is its own text."""
        if self.expression is not None:
            return self.expression.text
        text = self.source.text
        if not self.parts:
            return _decoded(text[self.start : self.end])
        pieces: list[str] = []
        position = self.start
        for part in self.parts:
            pieces += (_decoded(text[position : part.start]), part.text)
            position = part.end
        pieces.append(_decoded(text[position : self.end]))
        return "".join(pieces)

    @property
    def is_unknown_outside_expressions(self) -> bool:
        """Return whether a hole is in it that does not belong to an expression."""
        text, position = self.source.text, self.start
        if not is_unknown(text[self.start : self.end]):
            return False
        for part in self.parts:
            if is_unknown(text[position : part.start]):
                return True
            position = part.end
        return is_unknown(text[position : self.end])


class AttributeValue(Characters):
    """An attribute's value, without its quotes.

    `expression` is set when the whole value (white space around it aside) is one expression: the only way in which the
    gateway evaluates anything. Expressions among other characters are literal text to the gateway; they are in `parts`.
    """

    __slots__ = ()

    @property
    def is_cut(self) -> bool:
        """Return whether the value opens an expression, has a hole and no end: it may hold later attributes."""
        return not self.parts and has_hole(self.raw) and self.raw.lstrip().startswith(("@(", "@{"))


class TextNode(Characters):
    """Character data between tags; `expression` and `parts` as in `AttributeValue`."""

    __slots__ = ()


class CData(Characters):
    """`<![CDATA[ … ]]>`; nothing in it is decoded. `expression` and `parts` as in `AttributeValue`."""

    __slots__ = ()

    @property
    def text(self) -> str:
        """Return the text between delimiters, line ends as LF; a whole-value expression is its own text."""
        if self.expression is not None:
            return self.expression.text
        content = self.raw.removeprefix("<![CDATA[").removesuffix("]]>")
        return content.replace("\r\n", "\n").replace("\r", "\n")


class Attribute(Record):
    """An attribute: the span of its name, and its value."""

    name: str
    name_start: int
    name_end: int
    value: AttributeValue

    def __repr__(self) -> str:
        return f"Attribute({self.name!r}, {self.value.raw!r})"


class Element(MarkupNode):
    """An element: its start tag from `start` to `content_start`, its end tag from `content_end` to `end`.

    The end tag is empty when there is none.
    """

    __slots__ = ("attributes", "children", "content_end", "content_start", "name", "name_end", "name_start", "parent")

    def __init__(self, source: Source, name: str, start: int, parent: Element | None) -> None:
        self.source = source
        self.name = name
        self.name_start = start + 1
        self.name_end = start + 1 + len(name)
        self.start = start
        self.end = self.content_start = self.content_end = self.name_end
        self.attributes: list[Attribute] = []
        self.children: list[MarkupNode] = []
        self.parent = parent

    @property
    def is_unclosed(self) -> bool:
        """Return whether the element has content and no end tag (reported)."""
        return self.content_start < self.content_end == self.end

    def get(self, name: str) -> Attribute | None:
        """Return the attribute of that name; the first one if it is given twice."""
        for attribute in self.attributes:
            if attribute.name == name:
                return attribute
        return None

    def elements(self) -> Iterator[Element]:
        """Return the child elements, in order."""
        return (child for child in self.children if isinstance(child, Element))

    def find(self, name: str) -> Element | None:
        """Return the first child element of that name."""
        return next((child for child in self.elements() if child.name == name), None)

    def descendants(self) -> Iterator[Element]:
        """Yield the element and all elements below it, in document order."""
        waiting = [self]
        while waiting:
            element = waiting.pop()
            yield element
            waiting.extend(reversed([*element.elements()]))

    def ancestors(self) -> Iterator[Element]:
        """Yield the elements around this one, nearest first."""
        parent = self.parent
        while parent is not None:
            yield parent
            parent = parent.parent

    def preceding_siblings(self) -> Iterator[Element]:
        """Return the elements before this one in its parent, in document order."""
        siblings = self.parent.elements() if self.parent is not None else ()
        return takewhile(lambda sibling: sibling is not self, siblings)

    def following_siblings(self) -> Iterator[Element]:
        """Return the elements after this one in its parent, in document order."""
        siblings = self.parent.elements() if self.parent is not None else ()
        return islice(dropwhile(lambda sibling: sibling is not self, siblings), 1, None)

    @property
    def text(self) -> str:
        """The element's own character data, CDATA included, comments not."""
        return "".join(child.text for child in self.children if isinstance(child, Characters))

    @property
    def may_hold_more(self) -> bool:
        """Return whether a hole is among its children, which may be any number of elements, or a text."""
        return any(
            has_hole(child.name)
            if isinstance(child, Element)
            else isinstance(child, Characters) and child.is_unknown_outside_expressions
            for child in self.children
        )

    @property
    def may_have_more_attributes(self) -> bool:
        """Return whether a hole is among its attributes, or in an expression whose end is not known."""
        return any(has_hole(attribute.name) or attribute.value.is_cut for attribute in self.attributes)

    @property
    def expression(self) -> Excerpt | None:
        """The expression that is the element's whole content (white space and comments aside), if it is one."""
        found: Excerpt | None = None
        for child in self.children:
            if isinstance(child, Characters):
                if child.expression is not None and found is None:
                    found = child.expression
                elif child.expression is not None or child.text.strip():
                    return None
            elif isinstance(child, Element):
                return None
        return found

    def __repr__(self) -> str:
        return f"Element({self.name!r}, {self.start}, {self.end})"


class Document(Record):
    """A policy document: its nodes at the outermost level, and the findings about its markup."""

    source: Source
    children: list[MarkupNode]
    diagnostics: list[Diagnostic]

    @property
    def roots(self) -> list[Element]:
        """The outermost elements; a snippet may have several."""
        return [child for child in self.children if isinstance(child, Element)]

    @property
    def root(self) -> Element | None:
        """The first outermost element."""
        return next((child for child in self.children if isinstance(child, Element)), None)

    def elements(self) -> Iterator[Element]:
        """Yield every element, in document order."""
        for root in self.roots:
            yield from root.descendants()

    def comments(self) -> Iterator[tuple[Comment, Element | None]]:
        """Yield every comment, with the element that follows it; other comments and text between them do not count."""
        for level in [self.children, *(element.children for element in self.elements())]:
            following: Element | None = None
            for node in reversed(level):
                if isinstance(node, Element):
                    following = node
                elif isinstance(node, Comment):
                    yield node, following

    def misread_spans(self) -> list[tuple[int, int]]:
        """Return the (start, end) offsets whose structure is a guess, because the markup there is broken.

        A broken tag casts doubt on its attributes. An element without an end tag, or with an end tag too many, casts
        doubt on everything inside it. Findings about attributes and structure there follow from what was reported.
        """
        if not self.diagnostics:
            return []
        tags = [found.start for found in self.diagnostics if found.code in BROKEN_TAG]
        unclosed = {found.start for found in self.diagnostics if found.code == "POL006"}
        spans: list[tuple[int, int]] = []
        for element in self.elements():
            if element.start in unclosed or any(isinstance(child, StrayTag) for child in element.children):
                spans.append((element.start, max(element.end, element.content_start)))
            elif any(element.start <= place < element.content_start for place in tags):
                spans.append((element.start, element.content_start))
        return spans

    def expressions(self) -> Iterator[Excerpt]:
        """Yield every expression, in document order of the elements; those among other characters included."""
        for element in self.elements():
            for attribute in element.attributes:
                yield from attribute.value.parts
            for child in element.children:
                if isinstance(child, Characters):
                    yield from child.parts

    def __repr__(self) -> str:
        return f"Document({self.source.path!r}, {len(self.diagnostics)} diagnostics)"
