"""The outline of a file, hints between its lines, formatting on request, and semantic tokens.

Semantic tokens are the kind of each word of the C#, and the positions of placeholders and named values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final, NamedTuple

from apimpolicy.csharp.binding.nodes import Call, Local, LocalDeclaration, ObjectCreation
from apimpolicy.csharp.binding.reports import shown
from apimpolicy.csharp.dotnet.types import ERROR
from apimpolicy.csharp.syntax import shapes
from apimpolicy.csharp.syntax.lexer import PADDING, Tokens, tokenize
from apimpolicy.csharp.syntax.parser import parse
from apimpolicy.editor.caret import nodes_of_kind
from apimpolicy.editor.members import simple_types
from apimpolicy.editor.names_completion import types_of
from apimpolicy.errors import ConfigurationError, PolicySyntaxError
from apimpolicy.formatting.files import Formatter
from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.gateway.policies.spec import SECTIONS
from apimpolicy.project.fixes import Edit
from apimpolicy.text.named_values import find_named_values
from apimpolicy.text.source import OPEN

if TYPE_CHECKING:
    from apimpolicy.checks.expressions import CheckedExpression
    from apimpolicy.checks.flow import FlowState, Variable
    from apimpolicy.csharp.syntax.nodes import Node
    from apimpolicy.editor.analysis import Analysis, OpenPolicy
    from apimpolicy.project.format_settings import LayoutStyle
    from apimpolicy.text.document import Element

# The outline of a file: symbols, foldable spans, and spans around a selection

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


def _apart(analysis: Analysis) -> list[OpenPolicy]:
    """Return one reading of each policy of the file: readings of one policy overlap."""
    found: list[OpenPolicy] = []
    reached = -1
    for policy in analysis.policies:
        start, end = policy.span(0, len(policy.source.text))
        if start >= reached:
            found.append(policy)
            reached = max(reached, end)
    return found


def _symbol(policy: OpenPolicy, element: Element) -> Symbol:
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
    at_offset = analysis.at(offset)
    if at_offset is None:
        return []
    policy, position = at_offset
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


# Hints between the lines: the types of `var` and of policy variables, the names of parameters


class Hint(NamedTuple):
    """A text at an offset of the file; `is_type` or else the name of a parameter, shown before its argument."""

    offset: int
    text: str
    is_type: bool


def inlay_hints(analysis: Analysis, start: int, end: int) -> list[Hint]:
    """Return the hints in a span of the file, in order."""
    found: set[Hint] = set()
    for policy in analysis.policies:
        for expression in policy.expressions:
            first, last = policy.span(expression.excerpt.start, expression.excerpt.end)
            if first < end and last > start:
                found.update(_of_expression(policy, expression))
        found.update(_of_variables(policy))
    return sorted(hint for hint in found if start <= hint.offset <= end)


def _of_expression(policy: OpenPolicy, expression: CheckedExpression) -> Iterator[Hint]:
    excerpt = expression.excerpt
    for declaration in nodes_of_kind(expression, LocalDeclaration):
        token = declaration.symbol.declared_at
        if token is not None and _is_var(excerpt.text, token.start) and declaration.symbol.type is not ERROR:
            yield Hint(_place(policy, expression, token.end), f": {shown(declaration.symbol.type)}", True)
    for call in nodes_of_kind(expression, Call):
        yield from _of_arguments(policy, expression, call)
    for made in nodes_of_kind(expression, ObjectCreation):
        yield from _of_arguments(policy, expression, made)


def _is_var(text: str, start: int) -> bool:
    return text[:start].rstrip().endswith("var")


def _of_arguments(policy: OpenPolicy, expression: CheckedExpression, call: Call | ObjectCreation) -> Iterator[Hint]:
    """Yield the names of the parameters that literals are passed to."""
    method = call.method if isinstance(call, Call) else call.constructor
    syntax = getattr(call.syntax, "arguments", None)
    if method is None or not isinstance(syntax, shapes.Arguments) or len(method.parameters) < 2:
        return
    skips = isinstance(call, Call) and method.is_extension and call.receiver is None
    has_receiver = skips and len(syntax.arguments) < len(method.parameters)
    parameters = method.parameters[1:] if has_receiver else method.parameters
    for argument, parameter in zip(syntax.arguments, parameters, strict=False):
        if argument.name is None and argument.value.kind.endswith("_literal") and parameter.mode != "params":
            yield Hint(_place(policy, expression, argument.start), f"{parameter.name}:", False)


def _place(policy: OpenPolicy, expression: CheckedExpression, offset: int) -> int:
    excerpt = expression.excerpt
    place = excerpt.locate(offset - 1) + 1 if offset else excerpt.start
    return policy.span(place, place)[0]


def _of_variables(policy: OpenPolicy) -> Iterator[Hint]:
    """Yield the types of the values that policy variables get, after their names."""
    for element in policy.document.elements():
        if not has_trait(element.name, "sets-variable"):
            continue
        name, value = element.get("name"), element.get("value")
        if name is None or value is None or value.value.expression is None:
            continue
        variable = _after(policy, element).variables.get(name.value.text)
        if variable is not None and variable.types:
            yield Hint(policy.span(name.value.end + 1, name.value.end + 1)[0], f": {types_of(variable)}", True)


def _after(policy: OpenPolicy, element: Element) -> FlowState:
    """Return the state after a policy, with its own assignments only."""
    from apimpolicy.checks.flow import FlowState, Variable, variables_set_by

    set_here: dict[str, Variable] = {
        name: Variable(types, is_certain, element)
        for name, types, is_certain in variables_set_by(policy.subject, element)
    }
    return FlowState(set_here)


# Formatting on request, with the layout of `apimpolicy format`: of a document, of some lines, and while typing

_LINE = re.compile(r"(?P<blank>[ \t]*)(?P<rest>[^\r\n]*)")
_OPENING, _CLOSING = ("{", "(", "["), ("}", ")", "]")


def format_edits(
    text: str, path: str, style: LayoutStyle, placeholders: Sequence[str] = (), lines: range | None = None
) -> list[Edit]:
    """Return the edits that lay out a document, or only its lines within `lines`, counted from 0.

    There are none for a document that can't be read, and none for text outside of policies.
    """
    try:
        formatted = Formatter(style, placeholders).file(text.encode("utf-8", "replace"), path).data.decode()
    except ConfigurationError:
        return []
    before, after = text.splitlines(keepends=True), formatted.splitlines(keepends=True)
    starts = [0]
    for line in before:
        starts.append(starts[-1] + len(line))
    return [
        Edit(starts[first], starts[last], "".join(after[start:end]))
        for first, last, start, end in _changes(before, after)
        if lines is None or (lines.start <= first and last <= lines.stop)
    ]


def indent_new_line(text: str, start: int, width: int) -> Edit | None:
    """Return the edit that indents the line of C# that begins at an offset and was just begun; None where it is right.

    The code after the caret may be unfinished, so only the lines before count.
    """
    before = text[:start].rstrip()
    last = before[before.rfind("\n") + 1 :]
    margin = last[: len(last) - len(last.lstrip())]
    line = _LINE.match(text, start)
    assert line is not None  # it matches everywhere
    if last.endswith(_OPENING) and not line["rest"].startswith(_CLOSING):
        margin += " " * width
    elif line["rest"].startswith(_CLOSING) and not last.endswith(_OPENING):
        margin = margin[: max(0, len(margin) - width)]
    return None if line["blank"] == margin else Edit(start, start + len(line["blank"]), margin)


def _changes(before: list[str], after: list[str]) -> Iterator[tuple[int, int, int, int]]:
    """Yield which lines become which; lines that only change by themselves come one by one."""
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for kind, first, last, start, end in matcher.get_opcodes():
        if kind == "replace" and last - first == end - start:
            for index in range(last - first):
                yield first + index, first + index + 1, start + index, start + index + 1
        elif kind != "equal":
            yield first, last, start, end


KINDS: Final = (
    "keyword",
    "string",
    "number",
    "variable",
    "parameter",
    "property",
    "method",
    "class",
    "macro",
    "comment",
)
"""The names that editors know; the protocol sends their numbers."""

_LITERALS: Final = {
    "STRING_LITERAL": "string",
    "VERBATIM_STRING_LITERAL": "string",
    "CHARACTER_LITERAL": "string",
    "INTERPOLATED_START": "string",
    "INTERPOLATED_TEXT": "string",
    "_INTERPOLATED_END": "string",
    "INTERPOLATION_FORMAT": "string",
    "INTEGER_LITERAL": "number",
    "REAL_LITERAL": "number",
    "PREDEFINED_TYPE": "keyword",
}
_COMMENT = re.compile(r"//[^\r\n]*|/\*.*?\*/", re.DOTALL)


class SemanticToken(NamedTuple):
    """A span of the file on one line, with its kind."""

    start: int
    end: int
    kind: str


def semantic_tokens(analysis: Analysis) -> list[SemanticToken]:
    """Return the semantic tokens of a file, in order, without overlaps."""
    found: set[SemanticToken] = set()
    for policy in analysis.policies:
        for expression in policy.expressions:
            found.update(_tokens_of(policy, expression))
        for reference in find_named_values(policy.source.text):
            found.add(SemanticToken(*policy.span(reference.start, reference.end), "macro"))
    return list(_without_overlaps(analysis.text, sorted(found, key=lambda c: (c.start, c.kind != "macro", -c.end))))


def _without_overlaps(text: str, found: list[SemanticToken]) -> Iterator[SemanticToken]:
    position = 0
    for token in found:
        start = max(token.start, position)
        for line in _lines(text, start, token.end):
            yield SemanticToken(*line, token.kind)
            position = line[1]


def _lines(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the parts of a span, line by line."""
    while start < end:
        stop = min((place for mark in "\r\n" if (place := text.find(mark, start, end)) >= 0), default=end)
        if stop > start:
            yield start, stop
        start = stop + 1


def _tokens_of(policy: OpenPolicy, expression: CheckedExpression) -> Iterator[SemanticToken]:
    excerpt = expression.excerpt
    tokens, _ = tokenize(excerpt.text, 1 if excerpt.text.startswith("@") else 0)
    symbols = {node.syntax.start: node.symbol.kind for node in nodes_of_kind(expression, Local)}
    position = 0
    for index in range(len(tokens.kinds) - PADDING):
        start, end = tokens.starts[index], tokens.ends[index]
        for comment in _COMMENT.finditer(excerpt.text, position, start):
            yield SemanticToken(*policy.code_span(excerpt, *comment.span()), "comment")
        position = end
        kind = _kind(tokens, index, symbols)
        if kind and start < end:
            yield SemanticToken(*policy.code_span(excerpt, start, end), kind)


def _kind(tokens: Tokens, index: int, symbols: dict[int, str]) -> str:
    kind, text = tokens.kinds[index], tokens.spelling(index)
    if OPEN in text:
        return "macro"
    if kind in _LITERALS:
        return _LITERALS[kind]
    if kind != "NAME":
        return "keyword" if text[:1].isalpha() else ""
    if tokens.starts[index] in symbols:
        return "parameter" if symbols[tokens.starts[index]] in ("parameter", "range") else "variable"
    following = tokens.kinds[index + 1]
    if tokens.kinds[index - 1] == "DOT" or (tokens.kinds[index - 1] == "QMARK" and tokens.kinds[index - 2] == "DOT"):
        return "method" if following == "LPAR" or _is_generic_call(tokens, index) else "property"
    if text in dict(simple_types()):
        return "class"
    return "method" if following == "LPAR" else "variable"


def _is_generic_call(tokens: Tokens, index: int) -> bool:
    return tokens.kinds[index + 1] == "RELATIONAL_OPERATOR" and tokens.spelling(index + 1) == "<"
