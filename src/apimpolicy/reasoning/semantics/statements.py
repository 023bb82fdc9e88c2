"""Statements: which returns are reached with which values, and which variables are assigned."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.binding.nodes import Bound, Statement
from apimpolicy.csharp.binding.symbols import LocalSymbol
from apimpolicy.reasoning.semantics.creation import default_of
from apimpolicy.reasoning.semantics.evaluation import Evaluation
from apimpolicy.reasoning.semantics.unknowns import Unsupported
from apimpolicy.reasoning.semantics.values import NOTHING, NULL, Number, Text, Truth, Value, merge
from apimpolicy.reasoning.terms import term as terms
from apimpolicy.reasoning.terms.term import Term


def value_block(evaluation: Evaluation, body: Bound) -> Value:
    assert isinstance(body, nodes.Block)
    _check(body)
    run_all(evaluation, body.statements)
    found: Value = NOTHING
    for condition, value in reversed(evaluation.returns):
        found = merge(condition, value, found)
    return found


def _check(body: Bound) -> None:
    for part in body.walk():
        if isinstance(part, (nodes.Goto, nodes.Labeled, nodes.LocalFunction, nodes.Yield, nodes.Lock)):
            raise Unsupported(f"the statement {part.kind.replace('_', ' ')}")
        if isinstance(part, nodes.UnknownStatement):
            raise Unsupported("statements that a template puts in")


def run_all(evaluation: Evaluation, statements: Sequence[Statement]) -> None:
    for statement in statements:
        if evaluation.guard is terms.FALSE:
            return
        _RUN[type(statement)](evaluation, statement)


def _run(evaluation: Evaluation, statement: Statement) -> None:
    run_all(evaluation, [statement])


def _block(evaluation: Evaluation, statement: nodes.Block | nodes.Statements) -> None:
    run_all(evaluation, statement.statements)


def _declaration(evaluation: Evaluation, statement: nodes.LocalDeclaration) -> None:
    symbol = statement.symbol
    if symbol.is_reference or symbol.is_referenced:
        raise Unsupported("a variable that is a reference")
    if statement.value is None:
        is_value_type = symbol.type.is_value_type
        evaluation.variables[symbol] = default_of(evaluation, str(symbol.type), is_value_type=is_value_type)
    else:
        evaluation.variables[symbol] = evaluation.value(statement.value)


def _expression(evaluation: Evaluation, statement: nodes.ExpressionStatement) -> None:
    evaluation.value(statement.expression)


def _return(evaluation: Evaluation, statement: nodes.Return) -> None:
    value = NULL if statement.value is None else evaluation.value(statement.value)
    evaluation.returns.append((evaluation.guard, value))
    evaluation.guard = terms.FALSE


def _throw(evaluation: Evaluation, statement: nodes.Throw) -> None:
    if statement.exception is not None:
        evaluation.value(statement.exception)
    evaluation.throw(terms.TRUE)
    evaluation.guard = terms.FALSE


def _empty(evaluation: Evaluation, statement: nodes.Empty) -> None:
    pass


def _loop(evaluation: Evaluation, statement: nodes.Foreach | nodes.Loop) -> None:
    import_module("apimpolicy.reasoning.semantics.loops").run(evaluation, statement)


def _break(evaluation: Evaluation, statement: nodes.Break) -> None:
    evaluation.breaks.append((evaluation.guard, evaluation.variables.copy()))
    evaluation.guard = terms.FALSE


def _continue(evaluation: Evaluation, statement: nodes.Continue) -> None:
    evaluation.continues.append((evaluation.guard, evaluation.variables.copy()))
    evaluation.guard = terms.FALSE


def _branches(evaluation: Evaluation, cases: Sequence[tuple[Term, Sequence[Statement]]]) -> None:
    """Run one of several blocks: the first whose condition is true. What is assigned is merged."""
    guard, variables = evaluation.guard, evaluation.variables
    rest = terms.TRUE
    ends: list[tuple[Term, Term, dict[LocalSymbol, Value]]] = []
    is_untouched = True
    for condition, statements in cases:
        taken = terms.all_of(rest, condition)
        rest = terms.all_of(rest, terms.not_(condition))
        if taken is terms.FALSE:
            continue
        entered = terms.all_of(guard, taken)
        evaluation.guard, evaluation.variables = entered, variables.copy()
        run_all(evaluation, statements)
        is_untouched = is_untouched and evaluation.guard is entered
        ends.append((taken, evaluation.guard, evaluation.variables))
    merged = variables
    for taken, _, there in reversed(ends):
        merged = {
            symbol: merge(taken, there.get(symbol, NOTHING), merged.get(symbol, NOTHING))
            for symbol in {**merged, **there}
        }
    evaluation.variables = merged
    left = terms.all_of(guard, rest)
    evaluation.guard = guard if is_untouched else terms.any_of(*(end for _, end, _ in ends), left)


def _if(evaluation: Evaluation, statement: nodes.If) -> None:
    condition = evaluation.truth(evaluation.value(statement.condition))
    otherwise = [] if statement.otherwise is None else [statement.otherwise]
    _branches(evaluation, [(condition, [statement.then]), (terms.TRUE, otherwise)])


def _switch(evaluation: Evaluation, statement: nodes.Switch) -> None:
    value = evaluation.value(statement.value)
    cases: list[tuple[Term, Sequence[Statement]]] = []
    default: Sequence[Statement] = ()
    for section in statement.sections:
        body = [each for each in section.statements if not isinstance(each, nodes.Break)]
        if any(isinstance(part, nodes.Break) for each in body for part in each.walk()):
            raise Unsupported("a break inside a switch section")
        hits = [_label(evaluation, value, label) for label in section.labels if label.pattern is not None]
        if len(hits) < len(section.labels):
            default = body
            if hits:
                raise Unsupported("a default beside cases")
        else:
            cases.append((terms.any_of(*hits), body))
    _branches(evaluation, [*cases, (terms.TRUE, default)])


def _label(evaluation: Evaluation, value: Value, label: nodes.SwitchLabel) -> Term:
    if label.guard is not None or label.pattern is None or label.pattern.value is None:
        raise Unsupported("a pattern in a switch")
    wanted = evaluation.value(label.pattern.value)
    return evaluation.truth(evaluation.each([value, wanted], _is_case))


def _is_case(value: Value, wanted: Value) -> Value:
    if NULL in (value, wanted):
        return Truth(terms.truth(value is wanted))
    if isinstance(value, Text) and isinstance(wanted, Text):
        return Truth(terms.same(value.term, wanted.term))
    if isinstance(value, Number) and isinstance(wanted, Number):
        return Truth(terms.equal(value.term, wanted.term))
    raise Unsupported("a switch over objects")


def assigned(body: Bound) -> list[LocalSymbol]:
    """Return the variables that a part of an expression may assign."""
    symbols: dict[LocalSymbol, None] = {}
    for part in body.walk():
        match part:
            case nodes.Assignment() | nodes.CompoundAssignment() if isinstance(part.target, nodes.Local):
                symbols[part.target.symbol] = None
            case nodes.Deconstruction():
                raise Unsupported("a deconstruction")
            case nodes.Call():
                for parameter, argument in zip(part.method.parameters, part.arguments, strict=True):
                    symbol = getattr(argument, "symbol", None)
                    if parameter.mode in ("out", "ref") and symbol is not None:
                        symbols[symbol] = None
            case nodes.DelegateCall() | nodes.Reference():
                raise Unsupported("a call of a delegate")
            case nodes.LocalDeclaration():
                symbols[part.symbol] = None
            case nodes.Foreach() if part.symbol is not None:
                symbols[part.symbol] = None
            case nodes.IsPattern() if part.pattern.symbol is not None:
                symbols[part.pattern.symbol] = None
    return list(symbols)


# Exceptions


def _try(evaluation: Evaluation, statement: nodes.Try) -> None:
    if statement.finally_body is not None:
        raise Unsupported("finally")
    if _jumps_out(statement):
        raise Unsupported("a jump in a try block")
    guard, throws, returns = evaluation.guard, evaluation.throws, evaluation.returns
    changed = assigned(statement.body)
    before = evaluation.variables.copy()
    evaluation.throws, evaluation.returns = terms.FALSE, []
    run_all(evaluation, statement.body.statements)
    failed, inside = evaluation.throws, evaluation.returns
    evaluation.throws, evaluation.returns = throws, returns
    fine = terms.not_(failed)
    returns += [(terms.all_of(condition, fine), value) for condition, value in inside]
    ends = [(terms.all_of(evaluation.guard, fine), evaluation.variables)]
    for symbol in changed:
        if symbol in before:
            before[symbol] = evaluation.unknowns.value(str(symbol.type), "a variable that try assigns")
    rest = failed
    for clause in statement.catches:
        catches_all = clause.target is None or str(clause.target) == "System.Exception"
        if clause.filter is not None:
            evaluation.guard = terms.all_of(guard, rest)
            evaluation.note_unknown(clause.filter)
        if clause.filter is not None or not catches_all:
            caught = terms.all_of(rest, evaluation.unknowns.truth("whether an exception is caught"))
        else:
            caught = rest
        rest = terms.all_of(rest, terms.not_(caught))
        evaluation.guard, evaluation.variables = terms.all_of(guard, caught), before.copy()
        if clause.symbol is not None:
            type_ = str(clause.symbol.type)
            evaluation.variables[clause.symbol] = evaluation.unknowns.value(type_, "an exception", null=False)
        run_all(evaluation, clause.body.statements)
        ends.append((evaluation.guard, evaluation.variables))
    evaluation.throws = terms.any_of(evaluation.throws, rest)
    merged = ends[-1][1]
    for condition, there in reversed(ends[:-1]):
        merged = {
            symbol: merge(condition, there.get(symbol, NOTHING), merged.get(symbol, NOTHING))
            for symbol in {**merged, **there}
        }
    evaluation.variables = merged
    evaluation.guard = terms.any_of(*(condition for condition, _ in ends))


def _jumps_out(statement: nodes.Bound) -> bool:
    waiting = [statement]
    while waiting:
        part = waiting.pop()
        if isinstance(part, (nodes.Break, nodes.Continue)):
            return True
        if not isinstance(part, (nodes.Foreach, nodes.Loop, nodes.Switch, nodes.Lambda)):
            waiting += part.children()
    return False


def _using(evaluation: Evaluation, statement: nodes.Using) -> None:
    if statement.resource is not None:
        evaluation.value(statement.resource)
    run_all(evaluation, [*statement.declarations, statement.body])
    evaluation.change()  # what was disposed may be part of other objects


_RUN: dict[type, Any] = {
    nodes.Block: _block,
    nodes.Statements: _block,
    nodes.LocalDeclaration: _declaration,
    nodes.ExpressionStatement: _expression,
    nodes.Return: _return,
    nodes.Throw: _throw,
    nodes.Empty: _empty,
    nodes.If: _if,
    nodes.Switch: _switch,
    nodes.Foreach: _loop,
    nodes.Loop: _loop,
    nodes.Break: _break,
    nodes.Continue: _continue,
    nodes.Try: _try,
    nodes.Using: _using,
}
