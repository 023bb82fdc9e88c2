"""Jumps inside a function: `break`, `continue`, `goto`, and labels (C# specification, sections 13.5 and 13.10)."""

from __future__ import annotations

from collections.abc import Sequence

from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.binding.core import Binder
from apimpolicy.csharp.binding.functions import thrown
from apimpolicy.csharp.binding.lookup import iterator_element
from apimpolicy.csharp.binding.nodes import Bad, Expression, Return, Statement, Throw, Yield
from apimpolicy.csharp.binding.reports import shown
from apimpolicy.csharp.binding.symbols import LocalFunctionSymbol
from apimpolicy.csharp.dotnet.types import Type
from apimpolicy.csharp.dotnet.values import VOID
from apimpolicy.csharp.syntax import literals, shapes
from apimpolicy.csharp.syntax.nodes import Child, Node


def statement_break_statement(binder: Binder, node: shapes.BreakStatement) -> Statement:
    breakable = binder.enclosing.breakable
    if not breakable:
        binder.report(node, "CS0139", "'break' can only be used inside a loop or switch")
    elif breakable[-1] == "finally":
        leaves_finally(binder, node)
    return nodes.Break(node)


def statement_continue_statement(binder: Binder, node: shapes.ContinueStatement) -> Statement:
    around = [kind for kind in binder.enclosing.breakable if kind != "switch"]
    if all(kind == "finally" for kind in around):
        binder.report(node, "CS0139", "'continue' can only be used inside a loop")
    elif around[-1] == "finally":
        leaves_finally(binder, node)
    return nodes.Continue(node)


def statement_goto_statement(binder: Binder, node: shapes.GotoStatement) -> Statement:
    token = node.label
    name = literals.identifier_name(token.text)
    passed = False
    for labels in reversed(binder.enclosing.labels):
        if labels is None:
            passed = True
        elif name in labels:
            if passed:
                leaves_finally(binder, node)
            return nodes.Goto(node, name, None)
    return nodes.ExpressionStatement(node, binder.failure(token, "CS0159", f"no label named '{name}' is in scope"))


def statement_goto_case_statement(binder: Binder, node: shapes.GotoCaseStatement) -> Statement:
    value = binder.bind_typed(node.value)
    if not binder.enclosing.switch_types:
        return _no_switch(binder, node, "case")
    if isinstance(value, Bad):
        return nodes.Goto(node, None, value)
    value = binder.convert(value, binder.enclosing.switch_types[-1])
    if not isinstance(value, Bad) and not value.is_constant:
        return nodes.Goto(node, None, binder.failure(node, "CS0150", "'goto case' must be given a constant"))
    made = nodes.Goto(node, None, value)
    binder.gotos = (*binder.gotos, made)
    return made


def statement_goto_default_statement(binder: Binder, node: shapes.GotoDefaultStatement) -> Statement:
    if not binder.enclosing.switch_types:
        return _no_switch(binder, node, "default")
    made = nodes.Goto(node, None, None)
    binder.gotos = (*binder.gotos, made)
    return made


def _no_switch(binder: Binder, node: Node, kind: str) -> Statement:
    return nodes.ExpressionStatement(
        node, binder.failure(node, "CS0153", f"'goto {kind}' can only be used inside a switch")
    )


def statement_labeled_statement(binder: Binder, node: shapes.LabeledStatement) -> Statement:
    token = node.label
    return nodes.Labeled(node, literals.identifier_name(token.text), binder.bind_statement(node.statement))


def declare_labels(binder: Binder, statements: Sequence[Child]) -> None:
    around = binder.enclosing
    found: set[str] = set()
    for statement in statements:
        current = statement
        while isinstance(current, shapes.LabeledStatement):
            token = current.label
            name = literals.identifier_name(token.text)
            if name in found:
                binder.report(token, "CS0140", f"the label '{name}' is declared more than once")
            elif any(labels is not None and name in labels for labels in around.labels):
                binder.report(token, "CS0158", f"the label '{name}' is already declared in an enclosing block")
            found.add(name)
            current = current.statement
    if found:
        binder.enclosing = around.replaced(labels=(*around.labels, frozenset(found)))


# ------------------------------------------------------------------------------------------- iterators


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
    """Return the element type of the iterator around a `yield`; None after an error, reported here or before."""
    function = binder.scope.function
    if isinstance(function, LocalFunctionSymbol):
        return iterator_element(function.returns)
    if function is None:
        binder.report_at(1, 2, "CS1624", "'yield' can't be used here: a policy expression is not an iterator")
    else:
        _at_yield(binder, node, "CS1621", "'yield' can't be used in a lambda")
    return None


# `return` and `throw` (C# specification, sections 13.10.5 and 13.10.6)


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
        from apimpolicy.csharp.binding.references import returned_reference

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
