"""Statements, walked as the run went through them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding import nodes
from apimpolicy.symbolic.operations import matched
from apimpolicy.symbolic.sequences import items_of
from apimpolicy.symbolic.values import Dual
from apimpolicy.symbolic.walker import Break, Continue, Return, Thrown, Unfollowed, Walker, walks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from apimpolicy.binding.symbols import LocalSymbol

_MOST_ROUNDS = 1000


@walks(nodes.Block, nodes.Statements)
def block(walker: Walker, node: nodes.Block | nodes.Statements) -> None:
    for statement in node.statements:
        walker.walk(statement)


@walks(nodes.Empty, nodes.LocalFunction)
def nothing(walker: Walker, node: nodes.Bound) -> None:
    return


@walks(nodes.ExpressionStatement)
def expression_statement(walker: Walker, node: nodes.ExpressionStatement) -> None:
    walker.evaluate(node.expression)


@walks(nodes.LocalDeclaration)
def declaration(walker: Walker, node: nodes.LocalDeclaration) -> None:
    walker.locals[node.symbol] = Dual() if node.value is None else walker.evaluate(node.value)


@walks(nodes.If)
def if_statement(walker: Walker, node: nodes.If) -> None:
    taken, _ = walker.decide(node.condition)
    if taken:
        walker.walk(node.then)
    elif node.otherwise is not None:
        walker.walk(node.otherwise)


@walks(nodes.Return)
def return_statement(walker: Walker, node: nodes.Return) -> None:
    if node.value is None:
        raise Return(Dual())
    found = walker.evaluate(node.value)
    if str(node.value.type) == "bool":
        walker.path.decide(found, node.value)
    raise Return(found)


@walks(nodes.Break)
def break_statement(walker: Walker, node: nodes.Break) -> None:
    raise Break


@walks(nodes.Continue)
def continue_statement(walker: Walker, node: nodes.Continue) -> None:
    raise Continue


@walks(nodes.Throw)
def throw(walker: Walker, node: nodes.Throw) -> None:
    if node.exception is not None:
        walker.evaluate(node.exception)
    raise Thrown


@walks(nodes.Loop)
def loop(walker: Walker, node: nodes.Loop) -> None:
    for statement in node.initializers:
        walker.walk(statement)
    rounds = 0
    try:
        while rounds < _MOST_ROUNDS:
            if not (node.is_do and rounds == 0) and node.condition is not None and not walker.decide(node.condition)[0]:
                return
            rounds += 1
            _round(walker, node.body)
            walker.evaluate_all(node.incrementors)
    except Break:
        return
    raise Unfollowed("a long loop")


def _round(walker: Walker, body: nodes.Statement) -> None:
    try:
        walker.walk(body)
    except Continue:
        return


@walks(nodes.Foreach)
def foreach(walker: Walker, node: nodes.Foreach) -> None:
    collection = walker.evaluate(node.collection)
    items = items_of(walker, collection, node)
    if items is None or node.deconstruction is not None:
        raise Unfollowed("foreach over what has no form")
    try:
        for item in items:
            walker.placeholders[node.placeholder] = item
            found = item if node.element is node.placeholder else walker.evaluate(node.element)
            if node.symbol is not None:
                walker.locals[node.symbol] = found
            _round(walker, node.body)
    except Break:
        return


@walks(nodes.Try)
def try_statement(walker: Walker, node: nodes.Try) -> None:
    handlers: set[int] = set()
    for each in node.catches:
        handlers |= walker.inside(each)
    if node.finally_body is not None:
        handlers |= walker.inside(node.finally_body)
    walker.catching(handlers)
    is_open = True
    try:
        walker.walk(node.body)
    except Thrown:
        walker.caught()
        is_open = False
        _handle(walker, node)
    finally:
        if is_open:
            walker.caught()
        if node.finally_body is not None:
            walker.walk(node.finally_body)


def _handle(walker: Walker, node: nodes.Try) -> None:
    """Walk the handler that the run took."""
    chosen = [each for each in node.catches if walker.is_within(each)]
    if not chosen:
        chosen = [each for each in node.catches if each.target is None or str(each.target) == "System.Exception"]
    chosen = chosen or list(node.catches)
    if not chosen:
        raise Thrown
    handler = chosen[0]
    if handler.symbol is not None:
        walker.locals[handler.symbol] = Dual(lost=walker.obstacle("exception", handler))
    if handler.filter is not None and not walker.decide(handler.filter)[0]:
        raise Unfollowed("a filter of exceptions")
    walker.walk(handler.body)


@walks(nodes.Using)
def using(walker: Walker, node: nodes.Using) -> None:
    for each in node.declarations:
        walker.walk(each)
    if node.resource is not None:
        walker.evaluate(node.resource)
    walker.walk(node.body)


@walks(nodes.Lock)
def lock(walker: Walker, node: nodes.Lock) -> None:
    walker.evaluate(node.target)
    walker.walk(node.body)


@walks(nodes.Switch)
def switch(walker: Walker, node: nodes.Switch) -> None:
    value = walker.evaluate(node.value)
    section = _section(walker, node, value)
    try:
        for statement in () if section is None else section.statements:
            walker.walk(statement)
    except Break:
        return


def _section(walker: Walker, node: nodes.Switch, value: Dual) -> nodes.SwitchSection | None:
    default: nodes.SwitchSection | None = None
    for section in node.sections:
        for label in section.labels:
            if label.pattern is None:
                default = section
            elif _matches(walker, node, value, label):
                return section
    return default


def _matches(walker: Walker, node: nodes.Switch, value: Dual, label: nodes.SwitchLabel) -> bool:
    assert label.pattern is not None
    found = matched(walker, label, value, label.pattern)
    if label.pattern.value is None:
        raise Unfollowed("switch over types")
    is_same = value.value == walker.evaluate(label.pattern.value).value
    if not walker.path.decide(Dual(is_same, found.term, lost=found.lost), label):
        return False
    return label.guard is None or walker.decide(label.guard)[0]


def assigned(walker: Walker, symbols: Iterable[LocalSymbol], value: Dual) -> None:
    """Variables get a value."""
    for symbol in symbols:
        walker.locals[symbol] = value
