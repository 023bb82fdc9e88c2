"""The syntax tree of one expression: every node is a `Node` of some kind (`shapes` lists them) or a `Token`.

Children are positional; `shapes` gives them names. Names are tokens as written: `@class` keeps its `@`, and a name may
be a contextual keyword (`from`, `value`, `async`); `literals.identifier_name(text)` gives the name that is meant. Token
kinds matter only where `shapes` shows a choice. Positions are offsets in the text that was given to `parse`, its `@`
included; `end` is exclusive.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias, final


@final
class Token:
    """One token of the text: `kind` is a terminal of the grammar, `text` is as written."""

    __slots__ = ("end", "kind", "start", "text")

    def __init__(self, kind: str, text: str, start: int, end: int) -> None:
        self.kind = kind
        self.text = text
        self.start = start
        self.end = end

    def __repr__(self) -> str:
        return repr(self.text)


class Node:
    """One node of the tree. Those that the parser makes are of the classes in `shapes`, by kind."""

    __slots__ = ("children", "end", "kind", "start")

    def __init__(self, kind: str, children: list[Child], start: int, end: int) -> None:
        self.kind = kind
        self.children = children
        self.start = start
        self.end = end

    def __repr__(self) -> str:
        return f"{self.kind}({', '.join(map(repr, self.children))})"

    def node(self, index: int) -> Node:
        child = self.children[index]
        if not isinstance(child, Node):
            raise AssertionError(f"{self.kind} has no node at {index}")
        return child

    def nodes(self, start: int = 0) -> list[Node]:
        return [self.node(index) for index in range(start, len(self.children))]

    def token(self, index: int) -> Token:
        child = self.children[index]
        if not isinstance(child, Token):
            raise AssertionError(f"{self.kind} has no token at {index}")
        return child

    def walk(self) -> Iterator[Node]:
        """Yield this node and every node below it, parents first, in the order of the text."""
        waiting: list[Child] = [self]
        while waiting:
            node = waiting.pop()
            if isinstance(node, Node):
                yield node
                waiting.extend(reversed(node.children))


Child: TypeAlias = "Node | Token | None"
