"""Find the meaning of ambiguous punctuation (`<`, `?`, `:`, `{`) from the syntax tree of an expression."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from apimpolicy.syntax import shapes

if TYPE_CHECKING:
    from apimpolicy.syntax.lexer import Tokens
    from apimpolicy.syntax.nodes import Node


class Roles:
    """Offsets of tokens by their role.

    `binary` are operators between two operands, `glued` the second `>` of `>>`, `conditional` the `?` and `:` of a
    conditional expression, `casts` the brackets that close the type of a cast, `nullable` the `?` of a type, `blocks`
    the braces that open statements, `switches` those of a switch, `labels` the words that begin a switch label.
    """

    def __init__(self, tree: Node, tokens: Tokens) -> None:
        self.binary: set[int] = set()
        self.glued: set[int] = set()
        self.conditional: set[int] = set()
        self.casts: set[int] = set()
        self.nullable: set[int] = set()
        self.blocks: set[int] = set()
        self.switches: set[int] = set()
        self.labels: set[int] = set()
        self._tokens = tokens
        for node in tree.walk():
            self._add(node)

    def _add(self, node: Node) -> None:
        if isinstance(node, shapes.Binary):
            operator = node.token(1)
            self.binary.add(operator.start)
            self.glued.update(self._tokens.starts[index] for index in self._within(operator.start + 1, operator.end))
        elif isinstance(node, shapes.Conditional):
            condition, then, otherwise = node.nodes()
            self.conditional.add(self._first(condition.end, then.start, "QMARK"))
            self.conditional.add(self._first(then.end, otherwise.start, "COLON"))
        elif isinstance(node, shapes.Cast):
            target, operand = node.nodes()
            self.casts.add(self._first(target.end, operand.start, "RPAR"))
        elif isinstance(node, shapes.NullableType):
            self.nullable.add(node.end - 1)
        elif isinstance(node, shapes.SwitchStatement):
            self.switches.add(self._first(node.node(0).end, node.end, "LBRACE"))
        elif isinstance(node, (shapes.CaseLabel, shapes.DefaultLabel)):
            self.labels.add(node.start)
        elif isinstance(node, shapes.Block):
            self.blocks.add(node.start)

    def _within(self, start: int, end: int) -> range:
        """Return the indexes of the tokens that begin between two offsets."""
        return range(bisect_left(self._tokens.starts, start), bisect_left(self._tokens.starts, end))

    def _first(self, start: int, end: int, kind: str) -> int:
        """Return the offset of the first token of a kind between two offsets, or -1."""
        found = (index for index in self._within(start, end) if self._tokens.kinds[index] == kind)
        index = next(found, None)
        return -1 if index is None else self._tokens.starts[index]
