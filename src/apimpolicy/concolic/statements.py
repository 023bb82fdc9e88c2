"""Statements, walked as the run went through them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding import nodes
from apimpolicy.concolic.operations import matched
from apimpolicy.concolic.replayer import Break, Continue, Replayer, Return, Thrown, UnsupportedStatement, handles
from apimpolicy.concolic.sequences import items_of
from apimpolicy.concolic.values import ConcolicValue

if TYPE_CHECKING:
    from collections.abc import Iterable

    from apimpolicy.binding.symbols import LocalSymbol

_MOST_ROUNDS = 1000


@handles(nodes.Block, nodes.Statements)
def block(replayer: Replayer, node: nodes.Block | nodes.Statements) -> None:
    for statement in node.statements:
        replayer.walk(statement)


@handles(nodes.Empty, nodes.LocalFunction)
def nothing(replayer: Replayer, node: nodes.Bound) -> None:
    return


@handles(nodes.ExpressionStatement)
def expression_statement(replayer: Replayer, node: nodes.ExpressionStatement) -> None:
    replayer.evaluate(node.expression)


@handles(nodes.LocalDeclaration)
def declaration(replayer: Replayer, node: nodes.LocalDeclaration) -> None:
    replayer.locals[node.symbol] = ConcolicValue() if node.value is None else replayer.evaluate(node.value)


@handles(nodes.If)
def if_statement(replayer: Replayer, node: nodes.If) -> None:
    taken, _ = replayer.decide(node.condition)
    if taken:
        replayer.walk(node.then)
    elif node.otherwise is not None:
        replayer.walk(node.otherwise)


@handles(nodes.Return)
def return_statement(replayer: Replayer, node: nodes.Return) -> None:
    if node.value is None:
        raise Return(ConcolicValue())
    found = replayer.evaluate(node.value)
    if str(node.value.type) == "bool":
        replayer.path.decide(found, node.value)
    raise Return(found)


@handles(nodes.Break)
def break_statement(replayer: Replayer, node: nodes.Break) -> None:
    raise Break


@handles(nodes.Continue)
def continue_statement(replayer: Replayer, node: nodes.Continue) -> None:
    raise Continue


@handles(nodes.Throw)
def throw(replayer: Replayer, node: nodes.Throw) -> None:
    if node.exception is not None:
        replayer.evaluate(node.exception)
    raise Thrown


@handles(nodes.Loop)
def loop(replayer: Replayer, node: nodes.Loop) -> None:
    for statement in node.initializers:
        replayer.walk(statement)
    rounds = 0
    try:
        while rounds < _MOST_ROUNDS:
            if (
                not (node.is_do and rounds == 0)
                and node.condition is not None
                and not replayer.decide(node.condition)[0]
            ):
                return
            rounds += 1
            _round(replayer, node.body)
            replayer.evaluate_all(node.incrementors)
    except Break:
        return
    raise UnsupportedStatement("a long loop")


def _round(replayer: Replayer, body: nodes.Statement) -> None:
    try:
        replayer.walk(body)
    except Continue:
        return


@handles(nodes.Foreach)
def foreach(replayer: Replayer, node: nodes.Foreach) -> None:
    collection = replayer.evaluate(node.collection)
    items = items_of(replayer, collection, node)
    if items is None or node.deconstruction is not None:
        raise UnsupportedStatement("foreach over what has no form")
    try:
        for item in items:
            replayer.placeholders[node.placeholder] = item
            found = item if node.element is node.placeholder else replayer.evaluate(node.element)
            if node.symbol is not None:
                replayer.locals[node.symbol] = found
            _round(replayer, node.body)
    except Break:
        return


@handles(nodes.Try)
def try_statement(replayer: Replayer, node: nodes.Try) -> None:
    handlers: set[int] = set()
    for each in node.catches:
        handlers |= replayer.inside(each)
    if node.finally_body is not None:
        handlers |= replayer.inside(node.finally_body)
    replayer.catching(handlers)
    is_open = True
    try:
        replayer.walk(node.body)
    except Thrown:
        replayer.caught()
        is_open = False
        _handle(replayer, node)
    finally:
        if is_open:
            replayer.caught()
        if node.finally_body is not None:
            replayer.walk(node.finally_body)


def _handle(replayer: Replayer, node: nodes.Try) -> None:
    """Walk the handler that the run took."""
    chosen = [each for each in node.catches if replayer.is_within(each)]
    if not chosen:
        chosen = [each for each in node.catches if each.target is None or str(each.target) == "System.Exception"]
    chosen = chosen or list(node.catches)
    if not chosen:
        raise Thrown
    handler = chosen[0]
    if handler.symbol is not None:
        replayer.locals[handler.symbol] = ConcolicValue(unsupported=replayer.unsupported_at("exception", handler))
    if handler.filter is not None and not replayer.decide(handler.filter)[0]:
        raise UnsupportedStatement("a filter of exceptions")
    replayer.walk(handler.body)


@handles(nodes.Using)
def using(replayer: Replayer, node: nodes.Using) -> None:
    for each in node.declarations:
        replayer.walk(each)
    if node.resource is not None:
        replayer.evaluate(node.resource)
    replayer.walk(node.body)


@handles(nodes.Lock)
def lock(replayer: Replayer, node: nodes.Lock) -> None:
    replayer.evaluate(node.target)
    replayer.walk(node.body)


@handles(nodes.Switch)
def switch(replayer: Replayer, node: nodes.Switch) -> None:
    value = replayer.evaluate(node.value)
    section = _section(replayer, node, value)
    try:
        for statement in () if section is None else section.statements:
            replayer.walk(statement)
    except Break:
        return


def _section(replayer: Replayer, node: nodes.Switch, value: ConcolicValue) -> nodes.SwitchSection | None:
    default: nodes.SwitchSection | None = None
    for section in node.sections:
        for label in section.labels:
            if label.pattern is None:
                default = section
            elif _matches(replayer, node, value, label):
                return section
    return default


def _matches(replayer: Replayer, node: nodes.Switch, value: ConcolicValue, label: nodes.SwitchLabel) -> bool:
    assert label.pattern is not None
    found = matched(replayer, label, value, label.pattern)
    if label.pattern.value is None:
        raise UnsupportedStatement("switch over types")
    is_same = value.value == replayer.evaluate(label.pattern.value).value
    if not replayer.path.decide(ConcolicValue(is_same, found.term, unsupported=found.unsupported), label):
        return False
    return label.guard is None or replayer.decide(label.guard)[0]


def assigned(replayer: Replayer, symbols: Iterable[LocalSymbol], value: ConcolicValue) -> None:
    """Assign variables."""
    for symbol in symbols:
        replayer.locals[symbol] = value
