"""Emission of `throw` and `try`, in one pass or two."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from apimpolicy.csharp.dotnet.casts import is_instance
from apimpolicy.csharp.dotnet.exceptions import DotnetException
from apimpolicy.csharp.dotnet.registry import find_implementation
from apimpolicy.csharp.dotnet.types import NamedType, Type
from apimpolicy.csharp.emit import runtime
from apimpolicy.csharp.emit.building import assign, attribute, call, compare, constant, function_def, load, parameters
from apimpolicy.csharp.emit.core import HANDLERS, Emitter
from apimpolicy.csharp.emit.runtime import as_dotnet
from apimpolicy.csharp.emit.variables import cells_of_block, declared_here, facts

if TYPE_CHECKING:
    from apimpolicy.csharp.binding import nodes

    Choice = Callable[[DotnetException], int]


# Emission of `throw` and `try`.
# `catch` and `finally` are Python's; see `apimpolicy.csharp.emit.exceptions` for filters before `finally`.


def statement_throw(emitter: Emitter, node: nodes.Throw) -> list[ast.stmt]:
    if node.exception is None:
        return [ast.Raise(load(emitter.here.caught[-1]), None)] if emitter.here.caught else [ast.Raise(None, None)]
    return [ast.Expr(emitter.run(runtime.raise_exception, emitter.emit(node.exception)))]


def statement_try(emitter: Emitter, node: nodes.Try) -> list[ast.stmt]:
    cells = cells_of_block(emitter, [clause.symbol for clause in node.catches if clause.symbol is not None])
    if emitter.has_two_passes:
        guarded = _choosing(emitter, node) if node.catches else emitter.body(node.body)
        if node.finally_body is not None:
            guarded = [finally_(emitter, guarded, emitter.body(node.finally_body))]
        return [*cells, *guarded]
    handlers: list[ast.ExceptHandler] = []
    if node.catches:
        raised, caught = emitter.fresh("raised"), emitter.fresh("caught")
        emitter.here.caught.append(caught)
        clauses: list[ast.stmt] = [ast.Raise(load(caught), None)]
        for clause in reversed(node.catches):
            clauses = _catch(emitter, clause, caught, clauses)
        emitter.here.caught.pop()
        translate: ast.stmt = assign(caught, emitter.run(runtime.as_dotnet, load(raised)))
        handlers.append(_handler(emitter, raised, [translate, *clauses]))
    finally_body = emitter.body(node.finally_body) if node.finally_body is not None else []
    if not handlers and not finally_body:
        return emitter.body(node.body)
    return [*cells, ast.Try(emitter.body(node.body), handlers, [], _unless_over(emitter, finally_body))]


def _handler(emitter: Emitter, raised: str, body: list[ast.stmt]) -> ast.ExceptHandler:
    return ast.ExceptHandler(emitter.bring(runtime.CAUGHT, "caught_types"), raised, body)


def finally_(emitter: Emitter, body: list[ast.stmt], last: list[ast.stmt]) -> ast.Try:
    """`try { body } finally { last }`; the filters outside look at an exception before it passes."""
    last = _unless_over(emitter, last)
    if not emitter.has_two_passes:
        return ast.Try(body, [], [], last)
    raised = emitter.fresh("raised")
    passed = ast.Raise(call(attribute(load(HANDLERS), "first_pass"), load(raised)), None)
    return ast.Try(body, [_handler(emitter, raised, [passed])], [], last)


def _unless_over(emitter: Emitter, last: list[ast.stmt]) -> list[ast.stmt]:
    """Return the `finally` code, skipped after a limit."""
    return [ast.If(emitter.run(runtime.runs_endings), last, [])] if last else []


def _catch(emitter: Emitter, clause: nodes.Catch, caught: str, otherwise: list[ast.stmt]) -> list[ast.stmt]:
    first = _assigned(emitter, clause, caught)
    test = _type_test(emitter, clause.target, caught)
    if clause.filter is not None:
        matches = emitter.fresh("matches")
        asked = [*first, *_filter(emitter, clause.filter, matches)]
        if test is not None:
            asked = [assign(matches, constant(False)), ast.If(test, asked, [])]
        return [*asked, ast.If(load(matches), emitter.body(clause.body), otherwise)]
    body = [*first, *emitter.body(clause.body)]
    return body if test is None else [ast.If(test, body, otherwise)]


def _assigned(emitter: Emitter, clause: nodes.Catch, caught: str) -> list[ast.stmt]:
    return [] if clause.symbol is None else [ast.Expr(emitter.assign(clause.symbol, load(caught)))]


def _type_test(emitter: Emitter, target: NamedType | None, caught: str) -> ast.expr | None:
    """Return whether an exception is of a clause's type; None when all are."""
    if target is None or target.name == "System.Exception":
        return None
    test = emitter.run(is_instance, load(caught), emitter.type_constant(target))
    cls = _python_class(target.name)
    if cls is None:
        return test
    return ast.BoolOp(ast.Or(), [emitter.run(isinstance, load(caught), emitter.bring(cls, cls.__name__)), test])


def _filter(emitter: Emitter, condition: nodes.Expression, matches: str) -> list[ast.stmt]:
    """`when (…)`: an exception in it counts as false (C# specification, section 13.11)."""
    hoisted, value = emitter.hoisting(condition)
    raised = emitter.fresh("raised")
    no_match: list[ast.stmt] = [
        ast.Expr(emitter.run(runtime.as_dotnet, load(raised))),
        assign(matches, constant(False)),
    ]
    return [*hoisted, ast.Try([assign(matches, value)], [_handler(emitter, raised, no_match)], [], [])]


# ------------------------------------------------------------------------------------------- two passes


def _choosing(emitter: Emitter, node: nodes.Try) -> list[ast.stmt]:
    """`try` and `catch` with the choice of the clause as a function, so that it can be made before."""
    choice, number, chosen = emitter.fresh("choice"), emitter.fresh("number"), emitter.fresh("chosen")
    raised, caught = emitter.fresh("raised"), emitter.fresh("caught")
    before, choice_function = _choice(emitter, node.catches, choice)
    enter = call(attribute(load(HANDLERS), "enter"), load(choice))
    leave: ast.stmt = ast.Expr(call(attribute(load(HANDLERS), "leave")))
    ask = call(attribute(load(HANDLERS), "chosen"), load(number), load(choice), load(caught))
    emitter.here.caught.append(caught)
    clauses: list[ast.stmt] = [ast.Raise(load(caught), None)]
    for place, clause in reversed(list(enumerate(node.catches, 1))):
        first = _assigned(emitter, clause, caught) if clause.filter is None else []
        test = compare(load(chosen), ast.Eq(), constant(place))
        clauses = [ast.If(test, [*first, *emitter.body(clause.body)], clauses)]
    emitter.here.caught.pop()
    translate = assign(caught, emitter.run(runtime.as_dotnet, load(raised)))
    handler = _handler(emitter, raised, [translate, assign(chosen, ask), *clauses])
    return [
        *before,
        choice_function,
        assign(number, enter),
        ast.Try([ast.Try(emitter.body(node.body), [], [], [leave])], [handler], [], []),
    ]


def _choice(emitter: Emitter, clauses: tuple[nodes.Catch, ...], name: str) -> tuple[list[ast.stmt], ast.stmt]:
    """Return the function that selects an exception's clause by number, and the statements before it."""
    caught, matches = emitter.fresh("caught"), emitter.fresh("matches")
    own: list[str] = []
    outer: set[str] = set()
    body: list[ast.stmt] = []
    for place, clause in enumerate(clauses, 1):
        chosen: list[ast.stmt] = [ast.Return(constant(place))]
        if clause.filter is not None:
            declared = declared_here(clause.filter) | ({clause.symbol} if clause.symbol else set())
            own += sorted(emitter.symbol_name(symbol) for symbol in declared - emitter.celled)
            assigned = facts(clause.filter).assigned_outside(declared) - emitter.celled
            outer.update(emitter.symbol_name(symbol) for symbol in assigned)
            asked = [*_assigned(emitter, clause, caught), *_filter(emitter, clause.filter, matches)]
            chosen = [*asked, ast.If(load(matches), chosen, [])]
        test = _type_test(emitter, clause.target, caught)
        body += chosen if test is None else [ast.If(test, chosen, [])]
    body.append(ast.Return(constant(0)))
    if own or outer:
        body.insert(0, ast.Nonlocal([*own, *sorted(outer)]))
    before = [assign(variable, constant(None)) for variable in own]
    return before, function_def(name, parameters([caught]), body)


def _python_class(name: str) -> type | None:
    """Return the Python class of an exception; the classes below it are those of .NET's exceptions below it."""
    waiting: list[type] = [DotnetException]
    while waiting:
        cls = waiting.pop()
        if cls.__dict__.get("type_name") == name:
            return cls
        waiting.extend(cls.__subclasses__())
    return None


# ------------------------------------------------------------------------------------------- resources


def statement_using(emitter: Emitter, node: nodes.Using) -> list[ast.stmt]:
    if node.resource is not None:
        name = emitter.fresh("resource")
        held: list[ast.stmt] = [assign(name, emitter.emit(node.resource))]
        return [*held, _disposing(emitter, load(name), node.resource.type, emitter.body(node.body))]
    cells = cells_of_block(emitter, [declaration.symbol for declaration in node.declarations])
    return [*cells, *_using_declarations(emitter, list(node.declarations), node.body)]


def _using_declarations(
    emitter: Emitter, declarations: list[nodes.LocalDeclaration], statement: nodes.Statement
) -> list[ast.stmt]:
    """The second resource is made inside the care for the first."""
    if not declarations:
        return emitter.body(statement)
    first, *rest = declarations
    made = emitter.statement(first)
    body = _using_declarations(emitter, rest, statement)
    return [*made, _disposing(emitter, emitter.read(first.symbol), first.symbol.type, body)]


def _disposing(emitter: Emitter, resource: ast.expr, type_: Type, body: list[ast.stmt]) -> ast.stmt:
    """Return the care for a resource; its type says what `Dispose` is called here."""
    name = "dispose"
    for candidate in type_.supertypes if isinstance(type_, NamedType) else ():
        found = find_implementation(candidate.definition, "void Dispose()")
        if found is not None and found.form == "method":
            name = found.name
            break
    return finally_(emitter, body, [ast.Expr(emitter.run(runtime.dispose, resource, constant(name)))])


def statement_lock(emitter: Emitter, node: nodes.Lock) -> list[ast.stmt]:
    """The one thread of a policy needs no lock; one for null is refused as `Monitor.Enter` does."""
    return [ast.Expr(emitter.run(runtime.enter_lock, emitter.emit(node.target))), *emitter.statement(node.body)]


# Exceptions that are looked for in two passes, as .NET does: filters run before the `finally` blocks on the way. The
# first pass goes from the inner `try` to the outer ones, also those of the callers, and asks each for the clause that
# takes the exception; the second runs the `finally` blocks up to there. Python has one pass. So where filters and
# `finally` blocks stand in one expression, every `try` says what it would catch as long as it runs, and a `finally`
# that an exception passes first has the others asked.


class Handlers:
    """The `try` statements that run now, outermost first, each with its choice: the number of the clause, or 0."""

    __slots__ = ("_active", "_entered")

    def __init__(self) -> None:
        self._active: list[tuple[int, Choice]] = []
        self._entered = 0

    def enter(self, choice: Choice) -> int:
        """Begin a `try`; return its number."""
        self._entered += 1
        self._active.append((self._entered, choice))
        return self._entered

    def leave(self) -> None:
        self._active.pop()

    def first_pass(self, error: BaseException) -> DotnetException:
        """Ask the `try` statements for an exception, until one takes it; gives the exception as C# sees it."""
        caught = as_dotnet(error)
        for number, choice in reversed(self._active):
            if self.chosen(number, choice, caught):
                break
        return caught

    def chosen(self, number: int, choice: Choice, caught: DotnetException) -> int:
        """Return the clause of one `try` that takes an exception; each is evaluated once.

        An exception in a filter stays there.
        """
        chosen = caught.chosen.get(number) if caught.chosen is not None else None
        if chosen is None:
            active, self._active = self._active, []
            try:
                chosen = choice(caught)
            finally:
                self._active = active
            caught.chosen = {**(caught.chosen or {}), number: chosen}
        return chosen
