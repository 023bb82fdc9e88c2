"""Changes of an expression.

- `condition`: negate a condition: `!(a)`, or `a` in place of `!a`
- `operand`: leave out one operand of `&&`, `||` or `??`
- `comparison`: swap `==` and `!=`, `<` and `<=`, `>` and `>=`
- `constant`: increment numbers, append a character to strings, swap `true` and `false`

Unchanged parts are copied from the file, with entities and named values; a constant that contains a named value is not
changed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.binding.conditions import TRUTH, conditions_of
from apimpolicy.engine.steps import compiled
from apimpolicy.errors import DiagnosticError, LimitExceededError, NotSimulatedError
from apimpolicy.syntax.nodes import Node, Token
from apimpolicy.syntax.parser import parse
from apimpolicy.testing.coverage.places import code_in_file, file_source, is_escaped, span_in_file
from apimpolicy.testing.mutation.change import Change

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.testing.mutation.checks import CheckIndex
    from apimpolicy.text.source import Excerpt

COMPARISONS = {"==": "!=", "!=": "==", "<": "<=", "<=": "<", ">": ">=", ">=": ">"}
_SWAPPED = ("==", "!=")
_NUMBER = re.compile(r"(\d+)([uUlLmMdDfF]*)")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}


def expression_changes(excerpt: Excerpt, checks: CheckIndex) -> Iterator[Change]:
    """Yield the changes of one expression, each as a span of the file. None for one that does not compile."""
    try:
        tree = parse(excerpt)
        conditions = conditions_of(compiled(excerpt).bound.body)
    except (DiagnosticError, LimitExceededError, NotSimulatedError):
        return
    changes = _Changes(excerpt, checks)
    with_operator: set[tuple[int, int]] = set()
    waiting: list[Node | Token] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Token):
            continue
        waiting.extend(child for child in node.children if isinstance(child, (Node, Token)))
        operator = changes.comparison_in(node)
        if operator is not None and operator.text in _SWAPPED:
            with_operator.add((node.start, node.end))
        yield from changes.of(node)
    for condition in conditions:
        syntax = condition.node.syntax
        if condition.outcomes == TRUTH and (syntax.start, syntax.end) not in with_operator:
            yield changes.negated(syntax)


class _Changes:
    def __init__(self, excerpt: Excerpt, checks: CheckIndex) -> None:
        self.excerpt = excerpt
        self.file = file_source(excerpt.source)
        self.is_escaped = is_escaped(excerpt)
        self.checks = checks
        self.locals = [(re.compile(rf"\b{name}\b"), about) for name, about in checks.locals_of(excerpt.text).items()]

    def of(self, node: Node) -> Iterator[Change]:
        """Yield the changes of one node of the syntax tree itself."""
        children = node.children
        if node.kind in ("logical_or", "logical_and", "coalesce"):
            left, right = children[0], children[-1]
            assert isinstance(left, Node)
            assert isinstance(right, (Node, Token))
            yield self.without(node, kept=left, dropped=right)
            if left.kind != node.kind:  # of `a || b || c` one at a time
                yield self.without(node, kept=right, dropped=left)
        elif (comparison := self.comparison_in(node)) is not None:
            yield self.with_operator(node, comparison)
        elif node.kind == "integer_literal":
            number = _NUMBER.fullmatch(self.code(node))
            if number is not None:
                more = f"{int(number[1]) + 1}{number[2]}"
                yield self.change("constant", node, more, f"{number[0]} becomes {more}")
        elif node.kind in ("string_literal", "verbatim_string_literal") and "{{" not in self.raw(node):
            raw, code = self.raw(node), self.code(node)
            start, _ = span_in_file(self.excerpt, node.start, node.end)
            end = span_in_file(self.excerpt, node.end - 1, node.end)[0] - start
            yield self.change("constant", node, f"{raw[:end]}!{raw[end:]}", f'{code} becomes {code[:-1]}!"')
        elif node.kind in ("true_literal", "false_literal"):
            other = "false" if node.kind == "true_literal" else "true"
            yield self.change("constant", node, other, f"{self.code(node)} becomes {other}")

    def negated(self, syntax: Node | Token) -> Change:
        """Return a negated condition."""
        raw, code = self.raw(syntax), self.code(syntax)
        is_negated = isinstance(syntax, Node) and syntax.kind == "logical_not"
        text = raw[1:].lstrip() if is_negated else f"!({raw})"
        return self.change("condition", syntax, text, f"`{code}` is negated", about=code)

    def comparison_in(self, node: Node) -> Token | None:
        """Return the operator of a comparison, unless it is part of a named value."""
        operator = node.children[1] if node.kind == "binary" else None
        if not isinstance(operator, Token) or operator.text not in COMPARISONS:
            return None
        return operator if self.code(operator) == operator.text else None

    def with_operator(self, node: Node, operator: Token) -> Change:
        """Return a comparison with another operator."""
        other, code = COMPARISONS[operator.text], self.code(node)
        description = f"{operator.text} becomes {other} in `{code}`"
        return self.change("comparison", operator, self.written(other), description, about=code)

    def without(self, node: Node, kept: Node | Token, dropped: Node | Token) -> Change:
        code = self.code(dropped)
        return self.change("operand", node, self.raw(kept), f"without `{code}`", about=code)

    def change(self, kind: str, syntax: Node | Token, text: str, description: str, about: str = "") -> Change:
        start, end = span_in_file(self.excerpt, syntax.start, syntax.end)
        found = dict.fromkeys(self.checks.of_code(about))
        for name, checks in self.locals:
            if name.search(about):
                found |= dict.fromkeys(checks)
        return Change(kind, start, end, text, description, about=tuple(found))

    def raw(self, syntax: Node | Token) -> str:
        """Return the source text in the file."""
        start, end = span_in_file(self.excerpt, syntax.start, syntax.end)
        return self.file.text[start:end]

    def code(self, syntax: Node | Token) -> str:
        """Return C# on one line; a named value by its name."""
        return code_in_file(self.excerpt, syntax.start, syntax.end)

    def written(self, code: str) -> str:
        """Return C#, escaped as this expression needs."""
        return "".join(_ENTITIES.get(char, char) for char in code) if self.is_escaped else code
