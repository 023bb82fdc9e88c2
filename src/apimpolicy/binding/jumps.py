"""Jumps: `return`, `throw`, `break`, `continue`, `goto`, `yield`, labels (C# specification, 13.5, 13.10 and 13.15)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding.nodes import (
    Bad,
    Break,
    Continue,
    ExpressionStatement,
    Goto,
    Labeled,
    Statement,
)
from apimpolicy.binding.returns import leaves_finally
from apimpolicy.syntax import literals
from apimpolicy.syntax.nodes import Node

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.binding.core import Binder
    from apimpolicy.binding.symbols import Enclosing
    from apimpolicy.syntax.nodes import Child


def statement_break_statement(binder: Binder, node: Node) -> Statement:
    breakable = binder.enclosing.breakable
    if not breakable:
        binder.report(node, "CS0139", "'break' can only be used inside a loop or switch")
    elif breakable[-1] == "finally":
        leaves_finally(binder, node)
    return Break(node)


def statement_continue_statement(binder: Binder, node: Node) -> Statement:
    around = [kind for kind in binder.enclosing.breakable if kind != "switch"]
    if all(kind == "finally" for kind in around):
        binder.report(node, "CS0139", "'continue' can only be used inside a loop")
    elif around[-1] == "finally":
        leaves_finally(binder, node)
    return Continue(node)


def statement_goto_statement(binder: Binder, node: Node) -> Statement:
    token = node.token(0)
    name = literals.identifier_name(token.text)
    passed = False
    for labels in reversed(binder.enclosing.labels):
        if labels is None:
            passed = True
        elif name in labels:
            if passed:
                leaves_finally(binder, node)
            return Goto(node, name, None)
    return ExpressionStatement(node, binder.failure(token, "CS0159", f"no label named '{name}' is in scope"))


def statement_goto_case_statement(binder: Binder, node: Node) -> Statement:
    value = binder.bind_typed(node.children[0])
    if not binder.enclosing.switch_types:
        return _no_switch(binder, node, "case")
    if isinstance(value, Bad):
        return Goto(node, None, value)
    value = binder.convert(value, binder.enclosing.switch_types[-1])
    if not isinstance(value, Bad) and not value.is_constant:
        return Goto(node, None, binder.failure(node, "CS0150", "'goto case' must be given a constant"))
    made = Goto(node, None, value)
    binder.gotos = (*binder.gotos, made)
    return made


def statement_goto_default_statement(binder: Binder, node: Node) -> Statement:
    if not binder.enclosing.switch_types:
        return _no_switch(binder, node, "default")
    made = Goto(node, None, None)
    binder.gotos = (*binder.gotos, made)
    return made


def _no_switch(binder: Binder, node: Node, kind: str) -> Statement:
    return ExpressionStatement(node, binder.failure(node, "CS0153", f"'goto {kind}' can only be used inside a switch"))


def statement_labeled_statement(binder: Binder, node: Node) -> Statement:
    token = node.token(0)
    return Labeled(node, literals.identifier_name(token.text), binder.bind_statement(node.children[1]))


def declare_labels(binder: Binder, statements: Sequence[Child]) -> Enclosing:
    """Make the labels of a block known in all of it; gives back what enclosed it before."""
    saved = binder.enclosing
    found: set[str] = set()
    for statement in statements:
        current = statement
        while isinstance(current, Node) and current.kind == "labeled_statement":
            token = current.token(0)
            name = literals.identifier_name(token.text)
            if name in found:
                binder.report(token, "CS0140", f"the label '{name}' is declared more than once")
            elif any(labels is not None and name in labels for labels in saved.labels):
                binder.report(token, "CS0158", f"the label '{name}' is already declared in an enclosing block")
            found.add(name)
            current = current.children[1]
    if found:
        binder.enclosing = saved._replace(labels=(*saved.labels, frozenset(found)))
    return saved


# ---------------------------------------------------------------------------------------------- iterators
