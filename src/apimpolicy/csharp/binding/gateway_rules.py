"""The gateway's own rules for expressions, beyond the C# compiler's; `bind` doesn't call them.

`allow_list` has those about types and members (`dynamic` is the binder's). POL030 is here: Azure's parser refuses a
body of `if`, `else` or a loop without braces.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from apimpolicy.csharp.binding.allow_list import check_allow_list
from apimpolicy.csharp.binding.bind import BoundExpression
from apimpolicy.csharp.syntax import shapes
from apimpolicy.csharp.syntax.nodes import Node
from apimpolicy.diagnostics import Diagnostic
from apimpolicy.text.source import Excerpt

CODE: Final = "POL030"

_BODIES: Final = {
    "if_statement": (("if", "then"), ("else", "otherwise")),
    "for_statement": (("for", "body"),),
    "foreach_statement": (("foreach", "body"),),
    "foreach_variable_statement": (("foreach", "body"),),
    "while_statement": (("while", "body"),),
    "do_statement": (("do", "body"),),
    "using_statement": (("using", "body"),),
    "lock_statement": (("lock", "body"),),
}
_UNREAD: Final = frozenset({"local_function", "simple_lambda", "parenthesized_lambda", "anonymous_method"})


def check_gateway_rules(bound: BoundExpression, tree: Node) -> list[Diagnostic]:
    """Return the errors of the gateway in an expression that compiles, in order of the text.

    The codes can be switched off one by one by their names; an expression with compiler errors is only held against
    the rule on braces.
    """
    found = check_braces(tree, bound.excerpt)
    if not bound.diagnostics:
        found += check_allow_list(bound, tree)
    return sorted(found, key=lambda finding: finding.start)


def check_braces(tree: Node, excerpt: Excerpt) -> list[Diagnostic]:
    """Return a diagnostic for each body without braces in the syntax tree of an expression, in order of the text."""
    if not isinstance(tree, shapes.BlockBody):
        return []
    return [
        Diagnostic.within(
            excerpt,
            body.start,
            body.end,
            CODE,
            f"the body of '{keyword}' needs braces",
            help=f"Azure's parser refuses a statement without braces here. Write {keyword} … {{ … }}.",
        )
        for keyword, body in _bare_bodies(tree)
    ]


def _bare_bodies(tree: Node) -> Iterator[tuple[str, Node]]:
    waiting: list[Node] = [tree]
    while waiting:
        node = waiting.pop()
        for keyword, field in _BODIES.get(node.kind, ()):
            body = getattr(node, field)
            is_chained = keyword == "else" and isinstance(body, shapes.IfStatement)
            if isinstance(body, Node) and not isinstance(body, shapes.Block) and not is_chained:
                yield keyword, body
        waiting.extend(
            child for child in reversed(node.children) if isinstance(child, Node) and child.kind not in _UNREAD
        )
