"""A policy file as HTML lines: its places as nested spans, its markup in colors.

All text comes out escaped; what the file says can neither end a span nor begin one.
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

import attrs

from apimpolicy.text.document import Comment, Element
from apimpolicy.text.markup import read
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from apimpolicy.report.coverage_data import FileCoverage, Place
    from apimpolicy.text.document import Document, Node

FULL, PART, NONE = "full", "part", "none"
_INDENT = re.compile(r"(\n)([ \t]+)")


def state_of(places: Iterable[Place]) -> str:
    """Return whether all outcomes of some places were seen, some or none."""
    outcomes = [bool(tests) for place in places for tests in place.outcomes.values()]
    return FULL if all(outcomes) else PART if any(outcomes) else NONE


@attrs.define(eq=False)
class Span:
    """The places with one span of the text; `numbers` are their indexes in the file; a leaf has no span inside."""

    start: int
    end: int
    numbers: list[int]
    state: str
    is_leaf: bool = True


def spans_of(file: FileCoverage) -> list[Span]:
    """Return the spans of a file's places, outer ones before inner ones; none crosses the end of one around it."""
    found: dict[tuple[int, int], list[int]] = {}
    for number, place in enumerate(file.places):
        if place.end > place.start:
            found.setdefault((place.start, place.end), []).append(number)
    spans: list[Span] = []
    around: list[Span] = []
    for start, end in sorted(found, key=lambda span: (span[0], -span[1])):
        while around and around[-1].end <= start:
            around.pop()
        end_inside = min(end, around[-1].end) if around else end
        if around:
            around[-1].is_leaf = False
        numbers = found[start, end]
        spans.append(Span(start, end_inside, numbers, state_of(file.places[number] for number in numbers)))
        around.append(spans[-1])
    return spans


def listing(file: FileCoverage, spans: list[Span], prefix: str) -> str:
    """Return the text with its spans; the id of a span is the prefix and the index of its first place."""
    text = file.text
    tokens = dict(_tokens(text))
    edges = {0, len(text), *tokens, *(end for end, _ in tokens.values())}
    edges.update(edge for span in spans for edge in (span.start, span.end))
    places = sorted(edges)
    opening: dict[int, list[Span]] = {}
    for span in spans:
        opening.setdefault(span.start, []).append(span)
    pieces: list[str] = []
    open_ends: list[int] = []
    token = (0, "")
    for start, end in zip(places, [*places[1:], len(text)], strict=True):
        while open_ends and open_ends[-1] <= start:
            open_ends.pop()
            pieces.append("</span>")
        for span in opening.get(start, ()):
            open_ends.append(span.end)
            pieces.append(_open(file, span, prefix))
        token = tokens.get(start, token)
        piece = _shown(text[start:end])
        if open_ends:
            piece = _INDENT.sub(r'\1<span class="s">\2</span>', piece)
        pieces.append(f'<i class="{token[1]}">{piece}</i>' if piece and start < token[0] else piece)
    pieces.append("</span>" * len(open_ends))
    return "".join(pieces)


def line_states(file: FileCoverage, source: Source) -> list[str]:
    """Return the state of each line: of places that begin on it, else of the innermost one around it, else empty."""
    count = source.line_count
    own: list[list[Place]] = [[] for _ in range(count)]
    going: list[list[Place]] = [[] for _ in range(count)]
    for place in file.places:
        first = source.position(place.start).line
        last = source.position(max(place.end - 1, place.start)).line
        own[first - 1].append(place)
        for line in range(first, last):
            going[line].append(place)
    return [
        state_of(starting) if starting else state_of(over[-1:]) if over else ""
        for starting, over in zip(own, going, strict=True)
    ]


def _open(file: FileCoverage, span: Span, prefix: str) -> str:
    numbers = " ".join(f"{prefix}{number}" for number in span.numbers)
    label = "; ".join(_label(file.places[number]) for number in span.numbers)
    states = f"p leaf {span.state}" if span.is_leaf else f"p {span.state}"
    return (
        f'<span class="{states}" id="{prefix}{span.numbers[0]}" data-p="{numbers}" tabindex="-1" role="note"'
        f' aria-label="{escape(_shown(label))}">'
    )


def _label(place: Place) -> str:
    seen = ", ".join(f"{outcome}: {len(tests) or 'no'} tests" for outcome, tests in place.outcomes.items())
    return f"{place.kind} {place.name}, {seen}"


def _end_of_tag(element: Element) -> int:
    end = element.content_start
    return max(end - (2 if element.source.text.endswith("/>", 0, end) else 1), element.name_end)


def _shown(text: str) -> str:
    """Escaped, with line ends that a browser counts as we do, and without what would turn the direction of writing."""
    from apimpolicy.report.columns import printable

    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.isascii() or not text.replace("\n", "").replace("\t", "").isprintable():
        text = "".join(char if char in "\n\t" else printable(char) for char in text)
    return escape(text)


def _tokens(text: str) -> Iterator[tuple[int, tuple[int, str]]]:
    """Yield names of elements and attributes and comments: start, end and class."""
    document: Document = read(Source(text))
    levels: list[list[Node]] = [document.children, *(element.children for element in document.elements())]
    for level in levels:
        for node in level:
            if isinstance(node, Comment):
                yield node.start, (node.end, "c")
            elif isinstance(node, Element):
                yield node.start, (node.name_end, "t")
                yield _end_of_tag(node), (node.content_start, "t")
                for attribute in node.attributes:
                    yield attribute.name_start, (attribute.name_end, "n")
                if node.end > node.content_end:
                    yield node.content_end, (node.end, "t")
