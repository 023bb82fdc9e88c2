"""`yield` (C# specification, section 13.15)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding.lookup import iterator_element
from apimpolicy.binding.nodes import Statement, Yield
from apimpolicy.binding.symbols import LocalFunctionSymbol

if TYPE_CHECKING:
    from apimpolicy.binding.core import Binder
    from apimpolicy.dotnet.types import Type
    from apimpolicy.syntax import shapes
    from apimpolicy.syntax.nodes import Node


def statement_yield_return_statement(binder: Binder, node: shapes.YieldReturnStatement) -> Statement:
    element = _yielded_type(binder, node)
    parts = binder.enclosing.parts
    if "finally" in parts:
        _at_yield(binder, node, "CS1625", "'yield' can't be used in a finally block")
    elif "catch" in parts:
        _at_yield(binder, node, "CS1631", "'yield return' can't be used in a catch block")
    elif "try" in parts:
        _at_yield(binder, node, "CS1626", "'yield return' can't be used in a try block that has a catch")
    value = binder.bind_value(node.value)
    return Yield(node, binder.convert(value, element) if element is not None else value)


def statement_yield_break_statement(binder: Binder, node: shapes.YieldBreakStatement) -> Statement:
    _yielded_type(binder, node)
    if "finally" in binder.enclosing.parts:
        _at_yield(binder, node, "CS1625", "'yield' can't be used in a finally block")
    return Yield(node, None)


def _at_yield(binder: Binder, node: Node, code: str, message: str) -> None:
    binder.report_at(node.start, node.start + len("yield"), code, message)


def _yielded_type(binder: Binder, node: Node) -> Type | None:
    """Return the element type of the iterator that a `yield` stands in; None after a report, or when it had one."""
    function = binder.scope.function
    if isinstance(function, LocalFunctionSymbol):
        return iterator_element(function.returns)
    if function is None:
        binder.report_at(1, 2, "CS1624", "'yield' can't be used here: a policy expression is not an iterator")
    else:
        _at_yield(binder, node, "CS1621", "'yield' can't be used in a lambda")
    return None
