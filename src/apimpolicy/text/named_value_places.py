"""Write the value of a named value in the place of its reference.

The gateway puts it in after the document was read as XML (seen on real gateways: JSON with its quotes in an attribute,
URLs with `&`). Here it is put into the text, and so it is escaped where XML would read it: in attributes and between
tags. In an expression it is code: written as it is in the raw form, escaped in the form that is well-formed XML.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

from apimpolicy.text.document import CData, Characters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.text.document import Element
    from apimpolicy.text.source import Excerpt, Source

_RAW_AMPERSAND = re.compile(r"&(?!(?:#[0-9]+|#x[0-9A-Fa-f]+|[A-Za-z][\w.-]*);)")


class NamedValuePlaces:
    """The attributes and texts of a document that contain references."""

    def __init__(self, source: Source) -> None:
        from apimpolicy.text.markup import read

        self.text = source.text
        document = read(source)
        self.places = sorted(_characters(document.roots), key=lambda place: place[0])
        self.starts = [start for start, _, _ in self.places]

    def written(self, value: str, start: int) -> str:
        """Return the value as it is in the place of the reference that begins at `start`."""
        index = bisect_right(self.starts, start) - 1
        if index < 0 or not any(mark in value for mark in "&<\"'"):
            return value
        _, delimiter, found = self.places[index]
        if start >= found.end or isinstance(found, CData):
            return value
        expression = next((part for part in _expressions(found) if part.start <= start < part.end), None)
        if expression is not None and self.is_raw(expression, delimiter):
            return value
        return _escaped(value, delimiter)

    def is_raw(self, expression: Excerpt, delimiter: str) -> bool:
        """Return whether an expression is not well-formed XML where it is."""
        code = self.text[expression.start : expression.end]
        return "<" in code or (delimiter != "" and delimiter in code) or _RAW_AMPERSAND.search(code) is not None


def _characters(roots: list[Element]) -> Iterator[tuple[int, str, Characters]]:
    """Yield every attribute value and text: where it begins, what would end it, and itself."""
    for root in roots:
        for element in root.descendants():
            for attribute in element.attributes:
                start = attribute.value.start
                yield start, element.source.text[start - 1 : start], attribute.value
            for child in element.children:
                if isinstance(child, Characters):
                    yield child.start, "", child


def _expressions(found: Characters) -> list[Excerpt]:
    return [*found.parts, *([found.expression] if found.expression is not None else [])]


def _escaped(value: str, delimiter: str) -> str:
    escaped = value.replace("&", "&amp;").replace("<", "&lt;")
    return escaped.replace(delimiter, "&quot;" if delimiter == '"' else "&apos;") if delimiter else escaped
