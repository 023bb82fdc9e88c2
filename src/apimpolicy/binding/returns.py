"""`return` and `throw` (C# specification, sections 13.10.5 and 13.10.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding.bodies import thrown
from apimpolicy.binding.nodes import Expression, Return, Statement, Throw
from apimpolicy.binding.reports import shown
from apimpolicy.binding.symbols import LocalFunctionSymbol
from apimpolicy.dotnet.values import VOID
from apimpolicy.syntax import shapes

if TYPE_CHECKING:
    from apimpolicy.binding.core import Binder
    from apimpolicy.dotnet.types import Type
    from apimpolicy.syntax.nodes import Node


def statement_return_statement(binder: Binder, node: shapes.ReturnStatement) -> Statement:
    if "finally" in binder.enclosing.parts:
        leaves_finally(binder, node)
    function = binder.scope.function
    if isinstance(function, LocalFunctionSymbol) and function.is_iterator:
        binder.report(node, "CS1622", "an iterator can't return a value", help="use 'yield return' or 'yield break'")
        return Return(node, None)
    written = node.value
    wants_reference = isinstance(function, LocalFunctionSymbol) and function.returns_reference
    if written is not None and (wants_reference or isinstance(written, shapes.RefExpression)):
        from apimpolicy.binding.references import returned_reference

        return Return(node, returned_reference(binder, node, written, function))
    value = binder.bind_value(written) if written is not None else None
    if binder.return_type is not None:
        value = _return_value(binder, node, value, binder.return_type)
    made = Return(node, value)
    if binder.returns is not None and binder.return_type is None:
        binder.returns.append(made)
    return made


def _return_value(binder: Binder, node: Node, value: Expression | None, wanted: Type) -> Expression | None:
    if value is None:
        if wanted is not VOID:
            binder.report(node, "CS0126", f"a value of type '{shown(wanted)}' must be returned")
        return None
    if wanted is VOID:
        binder.report(node, "CS0127", "this function returns nothing (void), so 'return' can't have a value")
        return None
    return binder.convert(value, wanted)


def statement_throw_statement(binder: Binder, node: shapes.ThrowStatement) -> Statement:
    if node.exception is None:
        around = [part for part in binder.enclosing.parts if part != "try"]
        if "catch" not in around:
            binder.report(node, "CS0156", "'throw;' without an exception can only be used in a catch block")
        elif around[-1] == "finally":
            binder.report(node, "CS0724", "'throw;' can't be used in a finally block inside a catch block")
        return Throw(node, None)
    return Throw(node, thrown(binder, node.exception))


def leaves_finally(binder: Binder, node: Node) -> None:
    binder.report(node, "CS0157", "control can't leave a finally block")
