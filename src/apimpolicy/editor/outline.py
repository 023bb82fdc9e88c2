"""The outline of a file: symbols, foldable spans, and spans around a selection."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.errors import PolicySyntaxError
from apimpolicy.policies.spec import SECTIONS
from apimpolicy.syntax.parser import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.editor.analysis import Analysis, PolicyText
    from apimpolicy.syntax.nodes import Node
    from apimpolicy.text.document import Element

_TELLING = ("name", "fragment-id", "backend-id", "code", "condition", "id", "variable-name", "key", "counter-key")
"""Attributes that identify a policy in the outline; the first one that it has is shown."""


class Symbol(NamedTuple):
    """An element: `kind` is section, policy, branch or variable; spans are of the file."""

    name: str
    detail: str
    kind: str
    start: int
    end: int
    name_start: int
    name_end: int
    children: list[Symbol]


def symbols(analysis: Analysis) -> list[Symbol]:
    """Return sections and policies, as they are nested; of a template its first reading."""
    policies = analysis.policies[:1] if len(analysis.policies) == 1 else _apart(analysis)
    return [_symbol(policy, root) for policy in policies for root in policy.document.roots]


def _apart(analysis: Analysis) -> list[PolicyText]:
    """Return one reading of each policy of the file: readings of one policy overlap."""
    found: list[PolicyText] = []
    reached = -1
    for policy in analysis.policies:
        start, end = policy.span(0, len(policy.source.text))
        if start >= reached:
            found.append(policy)
            reached = max(reached, end)
    return found


def _symbol(policy: PolicyText, element: Element) -> Symbol:
    given = next((attribute for name in _TELLING if (attribute := element.get(name)) is not None), None)
    detail = " ".join(given.value.raw.split())[:60] if given is not None else ""
    kind = "section" if element.name in SECTIONS else "policy" if policy.subject.is_policy(element) else "part"
    name = policy.span(element.name_start, element.name_end)
    children = [_symbol(policy, child) for child in element.elements()]
    return Symbol(element.name, detail, kind, *policy.span(element.start, element.end), *name, children)


def folding(analysis: Analysis) -> list[tuple[int, int, str]]:
    """Return the spans of several lines that can be folded, with their kinds: `region` or `comment`."""
    found: set[tuple[int, int, str]] = set()
    for policy in analysis.policies:
        for element in policy.document.elements():
            found.add((*policy.span(element.start, element.end), "region"))
        for comment, _ in policy.document.comments():
            found.add((*policy.span(comment.start, comment.end), "comment"))
        for excerpt in policy.document.expressions():
            found.add((*policy.span(excerpt.start, excerpt.end), "region"))
            found |= {(*policy.code_span(excerpt, *span), "region") for span in _blocks(excerpt.text)}
    return sorted(span for span in found if "\n" in analysis.text[span[0] : span[1]])


def _blocks(code: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of C# that may have several lines."""
    for node in _walk(code) if "\n" in code else ():
        if node.kind in ("block", "initializer", "switch_statement"):
            yield node.start, node.end


def _walk(code: str) -> Iterator[Node]:
    """Return the nodes of the syntax tree; none if the code has syntax errors."""
    try:
        return parse(code).walk()
    except PolicySyntaxError:
        return iter(())


def selections(analysis: Analysis, offset: int) -> list[tuple[int, int]]:
    """Return the spans around an offset, the smallest first: a word, expressions, a value, an attribute, elements."""
    found = analysis.at(offset)
    if found is None:
        return []
    policy, position = found
    spans: set[tuple[int, int]] = set()
    code = policy.expression_at(position)
    if code is not None:
        excerpt, place = code[0].excerpt, code[1]
        spans.add(policy.span(excerpt.start, excerpt.end))
        spans |= {policy.code_span(excerpt, *span) for span in _nodes(excerpt.text, place)}
    inner = policy.subject.element_at(position)
    for element in (inner, *inner.ancestors()) if inner is not None else ():
        spans.add(policy.span(element.start, element.end))
        for attribute in element.attributes:
            if attribute.name_start <= position <= attribute.value.end:
                spans.add(policy.span(attribute.name_start, attribute.value.end + 1))
                spans.add(policy.span(attribute.value.start, attribute.value.end))
        if element.content_start <= position <= element.content_end:
            spans.add(policy.span(element.content_start, element.content_end))
    around = [span for span in spans if span[0] <= offset <= span[1] and span[0] < span[1]]
    return _nested(sorted(around, key=lambda span: span[1] - span[0]))


def _nested(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    kept: list[tuple[int, int]] = []
    for start, end in spans:
        if not kept or (start <= kept[-1][0] and end >= kept[-1][1] and (start, end) != kept[-1]):
            kept.append((start, end))
    return kept


def _nodes(code: str, place: int) -> Iterator[tuple[int, int]]:
    for node in _walk(code):
        if node.start <= place <= node.end and node.start < node.end:
            yield node.start, node.end
            for child in node.children:
                if child is not None and child.start <= place <= child.end and child.start < child.end:
                    yield child.start, child.end
