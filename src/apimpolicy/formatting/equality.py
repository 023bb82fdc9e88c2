"""Compare two documents without their layout, before a formatted file is written."""

from __future__ import annotations

import re
from collections.abc import Iterator

from apimpolicy.formatting import csharp, markup
from apimpolicy.text.document import Characters, Comment, Document, Element, MarkupNode

_BREAK = re.compile(r"\r\n|\r")
_INDENT = re.compile(r"\n[ \t]*")


def is_same(before: Document, after: Document) -> bool:
    """Return whether the elements, attributes, texts, comments and C# tokens of two documents are equal, in order."""
    if [found.code for found in before.diagnostics] != [found.code for found in after.diagnostics]:
        return False
    return list(_content(before.children)) == list(_content(after.children))


def _content(nodes: list[MarkupNode]) -> Iterator[tuple[object, ...]]:
    for node in nodes:
        if isinstance(node, Element):
            yield ("element", node.name, *((each.name, _characters(each.value)) for each in node.attributes))
            if node.expression is None and markup.is_data(node):
                inside = node.source.text[node.content_start : node.content_end]
                yield ("inside", _BREAK.sub("\n", inside))
            else:
                yield from _content(node.children)
            yield ("end", node.name)
        elif isinstance(node, Characters):
            if node.raw.strip():
                yield (type(node).__name__, _characters(node))
        elif isinstance(node, Comment):
            yield ("comment", _INDENT.sub("\n", _BREAK.sub("\n", node.raw)))
        else:
            yield (type(node).__name__, node.raw)


def _characters(characters: Characters) -> object:
    """Return the tokens of an expression, or the text."""
    if characters.expression is None:
        return _BREAK.sub("\n", characters.raw)
    tokens = csharp.tokens_of(characters.expression.text)
    return tokens or _BREAK.sub("\n", characters.raw.strip())
