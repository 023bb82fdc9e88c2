"""Variables that the expressions of a statement declare for the enclosing block (C# specification, section 7.7.1).

`out int x` and `is int x` in an expression statement, a declaration, a `return`, the condition of an `if` and the like
are variables of the block, and known in all of it: using one before its declaration is CS0841, and a block inside
cannot have another of the name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.syntax import shapes
from apimpolicy.syntax.literals import identifier_name
from apimpolicy.syntax.nodes import Node, Token

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.syntax.nodes import Child

_WHOLE = frozenset(
    {
        "expression_statement",
        "goto_case_statement",
        "local_declaration_statement",
        "return_statement",
        "throw_statement",
        "yield_return_statement",
    }
)
_FIRST_ONLY = frozenset({"if_statement", "lock_statement", "switch_statement"})
_OWN_SCOPE = frozenset({"anonymous_method", "parenthesized_lambda", "query_expression", "simple_lambda"})


def declared_in(statement: Child) -> Iterator[tuple[str, int]]:
    """Yield the variables that the expressions of the statement declare: names and offsets."""
    while isinstance(statement, shapes.LabeledStatement):
        statement = statement.statement
    if not isinstance(statement, Node) or statement.kind not in _WHOLE | _FIRST_ONLY:
        return
    waiting: list[Child] = [statement.children[0]] if statement.kind in _FIRST_ONLY else list(statement.children)
    while waiting:
        node = waiting.pop()
        if not isinstance(node, Node) or node.kind in _OWN_SCOPE:
            continue
        if isinstance(node, (shapes.DeclarationPattern, shapes.DeclarationExpression)):
            yield from _named(node.name if isinstance(node, shapes.DeclarationPattern) else node.designation)
        elif isinstance(node, shapes.ParenthesizedDesignation):
            for child in node.designations:
                yield from _named(child)
        waiting.extend(node.children)


def _named(token: Child) -> Iterator[tuple[str, int]]:
    """Return a variable with its place; a discard is none."""
    if isinstance(token, Token) and token.text != "_":
        yield identifier_name(token.text), token.start
