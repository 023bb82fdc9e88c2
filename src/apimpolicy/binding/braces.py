"""POL030: the bodies of `if`, `else` and loops in `@{ … }` stand in braces.

The gateway hands expressions to a Razor parser before the C# compiler sees them, and that parser refuses bodies without
braces ("You cannot use single-statement control-flow statements in CSHTML pages"). It skips what stands in lambdas and
local functions unread, so bodies in there are free. A warning, because a few policies that teams have deployed have
such bodies, and no page of the documentation states the rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.syntax.nodes import Node

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.text.source import Excerpt

CODE: Final = "POL030"

_BODIES: Final = {
    "if_statement": (("if", 1), ("else", 2)),
    "for_statement": (("for", 3),),
    "foreach_statement": (("foreach", 3),),
    "foreach_variable_statement": (("foreach", 2),),
    "while_statement": (("while", 1),),
    "do_statement": (("do", 0),),
    "using_statement": (("using", 1),),
    "lock_statement": (("lock", 1),),
}
_UNREAD: Final = frozenset({"local_function", "simple_lambda", "parenthesized_lambda", "anonymous_method"})


def check_braces(tree: Node, excerpt: Excerpt) -> list[Diagnostic]:
    """A diagnostic for each body without braces in the syntax tree of an expression, in order of the text."""
    if tree.kind != "block_body":
        return []
    return [
        Diagnostic.within(
            excerpt,
            body.start,
            body.end,
            CODE,
            f"the body of '{keyword}' should stand in braces",
            severity=Severity.WARNING,
            help=f"the gateway's parser does not take a single statement here: {keyword} … {{ … }}",
        )
        for keyword, body in _bare_bodies(tree)
    ]


def _bare_bodies(tree: Node) -> Iterator[tuple[str, Node]]:
    waiting: list[Node] = [tree]
    while waiting:
        node = waiting.pop()
        for keyword, index in _BODIES.get(node.kind, ()):
            body = node.children[index]
            is_chained = keyword == "else" and isinstance(body, Node) and body.kind == "if_statement"
            if isinstance(body, Node) and body.kind != "block" and not is_chained:
                yield keyword, body
        waiting.extend(
            child for child in reversed(node.children) if isinstance(child, Node) and child.kind not in _UNREAD
        )
