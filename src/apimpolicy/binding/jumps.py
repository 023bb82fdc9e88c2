"""Jumps: `return`, `throw`, `break`, `continue`, `goto`, `yield`, labels (C# specification, 13.5, 13.10 and 13.15)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.binding.nodes import (
    Bad,
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
from apimpolicy.binding.spelling import shown
from apimpolicy.binding.symbols import LocalFunctionSymbol
from apimpolicy.binding.type_relations import is_ref_struct
from apimpolicy.dotnet.types import NamedType
from apimpolicy.dotnet.values import OBJECT, VOID
from apimpolicy.syntax import literals
from apimpolicy.syntax.nodes import Node

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.dotnet.types import Type
    from apimpolicy.syntax.nodes import Child


class Enclosing(NamedTuple):
    """What encloses a statement inside its function, innermost last."""

    breakable: tuple[str, ...] = ()
    """Loops and switches by their keyword; a `finally` that jumps cannot leave is among them."""
    labels: tuple[frozenset[str] | None, ...] = ()
    """The labels of the blocks; None stands for a `finally`."""
    switch_types: tuple[Type, ...] = ()
    """The types of the values of the switches."""
    parts: tuple[str, ...] = ()
    """Parts of try statements: `try` (of one with catch clauses), `catch`, `finally`."""


class JumpBinder(QueryBinder):
    """Statements that leave the place where they stand."""

    enclosing = Enclosing()
    gotos: Sequence[Goto] = ()
    """The `goto case` and `goto default` of the innermost switch."""

    def enclosing_parts(self) -> Sequence[str]:
        return self.enclosing.parts

    def bind_statement(self, node: Child) -> Statement:
        return getattr(self, f"statement_{node.kind}")(node)  # type: ignore[union-attr, no-any-return]

    def statement_break_statement(self, node: Node) -> Statement:
        breakable = self.enclosing.breakable
        if not breakable:
            self.report(node, "CS0139", "'break' can only be used inside a loop or switch")
        elif breakable[-1] == "finally":
            self._leaves_finally(node)
        return Break(node)

    def statement_continue_statement(self, node: Node) -> Statement:
        around = [kind for kind in self.enclosing.breakable if kind != "switch"]
        if all(kind == "finally" for kind in around):
            self.report(node, "CS0139", "'continue' can only be used inside a loop")
        elif around[-1] == "finally":
            self._leaves_finally(node)
        return Continue(node)

    def _leaves_finally(self, node: Node) -> None:
        self.report(node, "CS0157", "control can't leave a finally block")

    def statement_goto_statement(self, node: Node) -> Statement:
        token = node.token(0)
        name = literals.identifier_name(token.text)
        passed = False
        for labels in reversed(self.enclosing.labels):
            if labels is None:
                passed = True
            elif name in labels:
                if passed:
                    self._leaves_finally(node)
                return Goto(node, name, None)
        return ExpressionStatement(node, self.failure(token, "CS0159", f"no label named '{name}' is in scope"))

    def statement_goto_case_statement(self, node: Node) -> Statement:
        value = self.bind_typed(node.children[0])
        if not self.enclosing.switch_types:
            return self._no_switch(node, "case")
        if isinstance(value, Bad):
            return Goto(node, None, value)
        value = self.convert(value, self.enclosing.switch_types[-1])
        if not isinstance(value, Bad) and not value.is_constant:
            return Goto(node, None, self.failure(node, "CS0150", "'goto case' must be given a constant"))
        made = Goto(node, None, value)
        self.gotos = (*self.gotos, made)
        return made

    def statement_goto_default_statement(self, node: Node) -> Statement:
        if not self.enclosing.switch_types:
            return self._no_switch(node, "default")
        made = Goto(node, None, None)
        self.gotos = (*self.gotos, made)
        return made

    def _no_switch(self, node: Node, kind: str) -> Statement:
        return ExpressionStatement(
            node, self.failure(node, "CS0153", f"'goto {kind}' can only be used inside a switch")
        )

    def statement_labeled_statement(self, node: Node) -> Statement:
        token = node.token(0)
        return Labeled(node, literals.identifier_name(token.text), self.bind_statement(node.children[1]))

    def declare_labels(self, statements: Sequence[Child]) -> Enclosing:
        """Make the labels of a block known in all of it; gives back what enclosed it before."""
        saved = self.enclosing
        found: set[str] = set()
        for statement in statements:
            current = statement
            while isinstance(current, Node) and current.kind == "labeled_statement":
                token = current.token(0)
                name = literals.identifier_name(token.text)
                if name in found:
                    self.report(token, "CS0140", f"the label '{name}' is declared more than once")
                elif any(labels is not None and name in labels for labels in saved.labels):
                    self.report(token, "CS0158", f"the label '{name}' is already declared in an enclosing block")
                found.add(name)
                current = current.children[1]
        if found:
            self.enclosing = saved._replace(labels=(*saved.labels, frozenset(found)))
        return saved

    def statement_return_statement(self, node: Node) -> Statement:
        if "finally" in self.enclosing.parts:
            self._leaves_finally(node)
        function = self.scope.function
        if isinstance(function, LocalFunctionSymbol) and function.is_iterator:
            self.report(node, "CS1622", "an iterator can't return a value", help="use 'yield return' or 'yield break'")
            return Return(node, None)
        written = node.children[0]
        by_reference = isinstance(written, Node) and written.kind == "ref_expression"
        if by_reference or (written is not None and self.returns_reference()):
            return Return(node, self.returned_reference(node, written, function))
        value = self.bind_value(written) if written is not None else None
        if self.return_type is not None:
            value = self._return_value(node, value, self.return_type)
        made = Return(node, value)
        if self.returns is not None and self.return_type is None:
            self.returns.append(made)
        return made

    def returned_reference(self, node: Node, value: Child, function: object) -> Expression:
        """What is returned by reference, or the complaint that value and function do not agree about `ref`."""
        is_reference = isinstance(value, Node) and value.kind == "ref_expression"
        at = node.start if node.kind == "return_statement" else value.start  # type: ignore[union-attr]
        if not isinstance(function, LocalFunctionSymbol) or not function.returns_reference:
            return self.failure_at(at, node.end, node, "CS8149", "this function doesn't return by reference")
        if not is_reference:
            help = "write 'ref' before the variable"
            return self.failure_at(at, node.end, node, "CS8150", "this function returns by reference", help=help)
        reference = self.reference(value, returned=True, read_only=function.returns_readonly)  # type: ignore[arg-type]
        if isinstance(reference, Bad):
            return reference
        return self.wanted_reference(value.children[0], reference, function.returns, "CS8151")  # type: ignore[union-attr]

    def _return_value(self, node: Node, value: Expression | None, wanted: Type) -> Expression | None:
        if value is None:
            if wanted is not VOID:
                self.report(node, "CS0126", f"a value of type '{shown(wanted)}' must be returned")
            return None
        if wanted is VOID:
            self.report(node, "CS0127", "this function returns nothing (void), so 'return' can't have a value")
            return None
        converted = self.convert(value, wanted)
        return converted if not is_ref_struct(wanted) or self.lives_on(converted, None) else self.bad(node)

    def statement_throw_statement(self, node: Node) -> Statement:
        if node.children[0] is None:
            around = [part for part in self.enclosing.parts if part != "try"]
            if "catch" not in around:
                self.report(node, "CS0156", "'throw;' without an exception can only be used in a catch block")
            elif around[-1] == "finally":
                self.report(node, "CS0724", "'throw;' can't be used in a finally block inside a catch block")
            return Throw(node, None)
        return Throw(node, self.thrown(node.children[0]))

    # ---------------------------------------------------------------------------------------------- iterators

    def statement_yield_return_statement(self, node: Node) -> Statement:
        element = self._yielded_type(node)
        parts = self.enclosing.parts
        if "finally" in parts:
            self._at_yield(node, "CS1625", "'yield' can't be used in a finally block")
        elif "catch" in parts:
            self._at_yield(node, "CS1631", "'yield return' can't be used in a catch block")
        elif "try" in parts:
            self._at_yield(node, "CS1626", "'yield return' can't be used in a try block that has a catch")
        value = self.bind_value(node.children[0])
        return Yield(node, self.convert(value, element) if element is not None else value)

    def statement_yield_break_statement(self, node: Node) -> Statement:
        self._yielded_type(node)
        if "finally" in self.enclosing.parts:
            self._at_yield(node, "CS1625", "'yield' can't be used in a finally block")
        return Yield(node, None)

    def _at_yield(self, node: Node, code: str, message: str) -> None:
        self.report_at(node.start, node.start + len("yield"), code, message)

    def _yielded_type(self, node: Node) -> Type | None:
        """The element type of the iterator that a `yield` stands in; None after a report, or when it had one."""
        function = self.scope.function
        if isinstance(function, LocalFunctionSymbol):
            return iterator_element(function.returns)
        if function is None:
            self.report_at(1, 2, "CS1624", "'yield' can't be used here: a policy expression is not an iterator")
        else:
            self._at_yield(node, "CS1621", "'yield' can't be used in a lambda")
        return None


_ITERATORS = ("IEnumerable", "IEnumerator")


def iterator_element(returns: Type) -> Type | None:
    """What an iterator with this return type yields (section 14.15.2); None for a type that no iterator has."""
    if isinstance(returns, NamedType):
        if returns.name in [f"System.Collections.Generic.{name}" for name in _ITERATORS]:
            return returns.arguments[0]
        if returns.name in [f"System.Collections.{name}" for name in _ITERATORS]:
            return OBJECT
    return None
