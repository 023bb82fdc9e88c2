"""Emission of `throw` and `try`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from apimpolicy.dotnet.casts import is_instance
from apimpolicy.dotnet.exceptions import DotnetException
from apimpolicy.emit import frames, runtime
from apimpolicy.emit.control_flow import ControlFlowEmitter
from apimpolicy.emit.core import HANDLERS, attribute, call, constant, load, store
from apimpolicy.emit.variables import assigned_in, declared_in

if TYPE_CHECKING:
    from apimpolicy.binding import nodes
    from apimpolicy.dotnet.types import NamedType


class ExceptionEmitter(ControlFlowEmitter):
    """`catch` and `finally` are Python's; see `apimpolicy.emit.two_passes` for filters before `finally`."""

    def on_Throw(self, node: nodes.Throw) -> list[ast.stmt]:  # noqa: N802
        if node.exception is None:
            return [ast.Raise(load(self._caught[-1]), None)] if self._caught else [ast.Raise(None, None)]
        return [ast.Expr(self.run(runtime.raise_exception, self.emit(node.exception)))]

    def on_Try(self, node: nodes.Try) -> list[ast.stmt]:  # noqa: N802
        cells = self._fresh_cells(clause.symbol for clause in node.catches if clause.symbol is not None)
        if self.has_two_passes:
            guarded = self._choosing(node) if node.catches else self.body(node.body)
            if node.finally_body is not None:
                guarded = [self.finally_(guarded, self.body(node.finally_body))]
            return [*cells, *guarded]
        handlers: list[ast.ExceptHandler] = []
        if node.catches:
            raised, caught = self.fresh("raised"), self.fresh("caught")
            self._caught.append(caught)
            clauses: list[ast.stmt] = [ast.Raise(load(caught), None)]
            for clause in reversed(node.catches):
                clauses = self._catch(clause, caught, clauses)
            self._caught.pop()
            translate: ast.stmt = ast.Assign([store(caught)], self.run(frames.as_dotnet, load(raised)))
            handlers.append(self._handler(raised, [translate, *clauses]))
        finally_body = self.body(node.finally_body) if node.finally_body is not None else []
        if not handlers and not finally_body:
            return self.body(node.body)
        return [*cells, ast.Try(self.body(node.body), handlers, [], self._unless_over(finally_body))]

    def _handler(self, raised: str, body: list[ast.stmt]) -> ast.ExceptHandler:
        return ast.ExceptHandler(self.bring(frames.CAUGHT, "caught_types"), raised, body)

    def finally_(self, body: list[ast.stmt], last: list[ast.stmt]) -> ast.Try:
        """`try { body } finally { last }`; the filters outside look at an exception before it passes."""
        last = self._unless_over(last)
        if not self.has_two_passes:
            return ast.Try(body, [], [], last)
        raised = self.fresh("raised")
        passed = ast.Raise(call(attribute(load(HANDLERS), "first_pass"), load(raised)), None)
        return ast.Try(body, [self._handler(raised, [passed])], [], last)

    def _unless_over(self, last: list[ast.stmt]) -> list[ast.stmt]:
        """What runs at the end, but not after a limit."""
        return [ast.If(self.run(frames.goes_on), last, [])] if last else []

    def _catch(self, clause: nodes.Catch, caught: str, otherwise: list[ast.stmt]) -> list[ast.stmt]:
        first = self._assigned(clause, caught)
        test = self._type_test(clause.target, caught)
        if clause.filter is not None:
            matches = self.fresh("matches")
            asked = [*first, *self._filter(clause.filter, matches)]
            if test is not None:
                asked = [ast.Assign([store(matches)], constant(False)), ast.If(test, asked, [])]
            return [*asked, ast.If(load(matches), self.body(clause.body), otherwise)]
        body = [*first, *self.body(clause.body)]
        return body if test is None else [ast.If(test, body, otherwise)]

    def _assigned(self, clause: nodes.Catch, caught: str) -> list[ast.stmt]:
        return [] if clause.symbol is None else [ast.Expr(self.assign_symbol(clause.symbol, load(caught)))]

    def _type_test(self, target: NamedType | None, caught: str) -> ast.expr | None:
        """Whether an exception is of a clause's type; None when all are."""
        if target is None or target.name == "System.Exception":
            return None
        test = self.run(is_instance, load(caught), self.type_constant(target))
        cls = _python_class(target.name)
        if cls is None:
            return test
        return ast.BoolOp(ast.Or(), [self.run(isinstance, load(caught), self.bring(cls, cls.__name__)), test])

    def _filter(self, condition: nodes.Expression, matches: str) -> list[ast.stmt]:
        """`when (…)`: an exception in it counts as false (C# specification, section 13.11)."""
        self._hoisted.append([])
        value = self.emit(condition)
        hoisted = self._hoisted.pop()
        raised = self.fresh("raised")
        no_match: list[ast.stmt] = [
            ast.Expr(self.run(frames.as_dotnet, load(raised))),
            ast.Assign([store(matches)], constant(False)),
        ]
        return [*hoisted, ast.Try([ast.Assign([store(matches)], value)], [self._handler(raised, no_match)], [], [])]

    # ------------------------------------------------------------------------------------------- two passes

    def _choosing(self, node: nodes.Try) -> list[ast.stmt]:
        """`try` and `catch` with the choice of the clause as a function, so that it can be made before."""
        choice, number, chosen = self.fresh("choice"), self.fresh("number"), self.fresh("chosen")
        raised, caught = self.fresh("raised"), self.fresh("caught")
        before, function = self._choice(node.catches, choice)
        enter = call(attribute(load(HANDLERS), "enter"), load(choice))
        leave: ast.stmt = ast.Expr(call(attribute(load(HANDLERS), "leave")))
        ask = call(attribute(load(HANDLERS), "chosen"), load(number), load(choice), load(caught))
        self._caught.append(caught)
        clauses: list[ast.stmt] = [ast.Raise(load(caught), None)]
        for place, clause in reversed(list(enumerate(node.catches, 1))):
            first = self._assigned(clause, caught) if clause.filter is None else []
            test = ast.Compare(load(chosen), [ast.Eq()], [constant(place)])
            clauses = [ast.If(test, [*first, *self.body(clause.body)], clauses)]
        self._caught.pop()
        handler = self._handler(
            raised,
            [
                ast.Assign([store(caught)], self.run(frames.as_dotnet, load(raised))),
                ast.Assign([store(chosen)], ask),
                *clauses,
            ],
        )
        return [
            *before,
            function,
            ast.Assign([store(number)], enter),
            ast.Try([ast.Try(self.body(node.body), [], [], [leave])], [handler], [], []),
        ]

    def _choice(self, clauses: tuple[nodes.Catch, ...], name: str) -> tuple[list[ast.stmt], ast.stmt]:
        """The function that gives the number of the clause for an exception, and what stands before it."""
        caught, matches = self.fresh("caught"), self.fresh("matches")
        own: list[str] = []
        outer: set[str] = set()
        body: list[ast.stmt] = []
        for place, clause in enumerate(clauses, 1):
            chosen: list[ast.stmt] = [ast.Return(constant(place))]
            if clause.filter is not None:
                declared = declared_in(clause.filter, inside=False) | ({clause.symbol} if clause.symbol else set())
                own += sorted(self.symbol_name(symbol) for symbol in declared - self._celled)
                assigned = assigned_in(clause.filter) - declared_in(clause.filter) - declared - self._celled
                outer.update(self.symbol_name(symbol) for symbol in assigned)
                asked = [*self._assigned(clause, caught), *self._filter(clause.filter, matches)]
                chosen = [*asked, ast.If(load(matches), chosen, [])]
            test = self._type_test(clause.target, caught)
            body += chosen if test is None else [ast.If(test, chosen, [])]
        body.append(ast.Return(constant(0)))
        if own or outer:
            body.insert(0, ast.Nonlocal([*own, *sorted(outer)]))
        arguments = ast.arguments([], [ast.arg(caught)], None, [], [], None, [])
        before: list[ast.stmt] = [ast.Assign([store(variable)], constant(None)) for variable in own]
        return before, ast.FunctionDef(name, arguments, body, [], None, None)


def _python_class(name: str) -> type | None:
    """The Python class of an exception; the classes below it are those of .NET's exceptions below it."""
    waiting: list[type] = [DotnetException]
    while waiting:
        cls = waiting.pop()
        if cls.__dict__.get("type_name") == name:
            return cls
        waiting.extend(cls.__subclasses__())
    return None
