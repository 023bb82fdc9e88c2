"""Jumps: `return`, `throw`, `break`, `continue`, `goto` and labels (C# specification, sections 13.5 and 13.10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding.complaints import shown
from apimpolicy.binding.nodes import (
    Break,
    Continue,
    Expression,
    ExpressionStatement,
    Goto,
    Labeled,
    Return,
    Statement,
    Throw,
    Yield,
)
from apimpolicy.binding.queries import QueryBinder
from apimpolicy.dotnet.values import VOID
from apimpolicy.syntax import literals
from apimpolicy.syntax.nodes import Node

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.dotnet.types import Type
    from apimpolicy.syntax.nodes import Child, Token


class JumpBinder(QueryBinder):
    """Statements that leave the place where they stand."""

    _breakable: tuple[str, ...] = ()
    _in_catch = False
    _labels: tuple[frozenset[str], ...] = ()
    """The labels of the enclosing blocks of the function, innermost last."""

    def bind_statement(self, node: Child) -> Statement:
        return getattr(self, f"statement_{node.kind}")(node)  # type: ignore[union-attr, no-any-return]

    def statement_break_statement(self, node: Node) -> Statement:
        if not self._breakable:
            self.report(node, "CS0139", "there is no loop or switch to break out of")
        return Break(node)

    def statement_continue_statement(self, node: Node) -> Statement:
        if not any(kind != "switch" for kind in self._breakable):
            self.report(node, "CS0139", "there is no loop to continue")
        return Continue(node)

    def statement_goto_statement(self, node: Node) -> Statement:
        token: Token = node.children[0]  # type: ignore[assignment]
        name = literals.identifier_name(token.text)
        if not any(name in labels for labels in self._labels):
            return ExpressionStatement(node, self.failure(token, "CS0159", f"there is no label '{name}' to go to"))
        return Goto(node, name, None)

    def statement_goto_case_statement(self, node: Node) -> Statement:
        return Goto(node, None, self.bind_typed(node.children[0]))

    def statement_goto_default_statement(self, node: Node) -> Statement:
        return Goto(node, None, None)

    def statement_labeled_statement(self, node: Node) -> Statement:
        token: Token = node.children[0]  # type: ignore[assignment]
        return Labeled(node, literals.identifier_name(token.text), self.bind_statement(node.children[1]))

    def declare_labels(self, statements: Sequence[Child]) -> tuple[frozenset[str], ...]:
        """Make the labels of a block known in all of it; gives back those that were known before."""
        saved = self._labels
        found: set[str] = set()
        for statement in statements:
            current = statement
            while isinstance(current, Node) and current.kind == "labeled_statement":
                token: Token = current.children[0]  # type: ignore[assignment]
                name = literals.identifier_name(token.text)
                if name in found:
                    self.report(token, "CS0140", f"the label '{name}' occurs twice")
                elif any(name in labels for labels in saved):
                    self.report(token, "CS0158", f"the label '{name}' hides one of an enclosing block")
                found.add(name)
                current = current.children[1]
        if found:
            self._labels = (*saved, frozenset(found))
        return saved

    def statement_return_statement(self, node: Node) -> Statement:
        value = self.bind_value(node.children[0]) if node.children[0] is not None else None
        if self.return_type is not None:
            value = self._return_value(node, value, self.return_type)
        made = Return(node, value)
        if self.returns is not None and self.return_type is None:
            self.returns.append(made)
        return made

    def _return_value(self, node: Node, value: Expression | None, wanted: Type) -> Expression | None:
        if value is None:
            if wanted is not VOID:
                self.report(node, "CS0126", f"a value of type '{shown(wanted)}' must be returned")
            return None
        if wanted is VOID:
            self.report(node, "CS0127", "this function returns nothing, so 'return' takes no value")
            return None
        return self.convert(value, wanted)

    def statement_throw_statement(self, node: Node) -> Statement:
        if node.children[0] is None:
            if not self._in_catch:
                self.report(node, "CS0156", "'throw;' without an exception only rethrows inside a catch clause")
            return Throw(node, None)
        return Throw(node, self.thrown(node.children[0]))

    def statement_yield_return_statement(self, node: Node) -> Statement:
        if self.return_type is None:
            self.report_at(1, 2, "CS1624", "'yield' needs an iterator, and a policy expression is none")
        elif not str(self.return_type).startswith("System.Collections."):
            self.report(node, "CS1624", "'yield' needs a function that returns IEnumerable<…>")
        return Yield(node)

    statement_yield_break_statement = statement_yield_return_statement
