"""POL030: the bodies of `if`, `else` and loops in `@{ … }` stand in braces.

The gateway hands expressions to a Razor parser before the C# compiler sees them, and that parser refuses bodies without
braces: `Expected a "{" but found a "return"`, as three teams were told when they saved such a policy. It skips what
stands in lambdas and local functions unread, so bodies in there are free.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from apimpolicy.diagnostics import Diagnostic
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
            f"the body of '{keyword}' needs braces",
            help=f"Azure's parser refuses a statement without braces here. Write {keyword} … {{ … }}.",
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
