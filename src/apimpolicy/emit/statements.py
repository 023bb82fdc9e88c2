"""Emission of blocks, declarations, exceptions and resources."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from apimpolicy.binding import nodes
from apimpolicy.dotnet.casts import is_instance
from apimpolicy.dotnet.exceptions import DotnetException
from apimpolicy.dotnet.registry import find_implementation
from apimpolicy.dotnet.types import NamedType
from apimpolicy.emit import frames, runtime
from apimpolicy.emit.control_flow import ControlFlowEmitter
from apimpolicy.emit.core import constant, load, store

if TYPE_CHECKING:
    from apimpolicy.dotnet.types import Type


class StatementEmitter(ControlFlowEmitter):
    """Statements become Python statements."""

    def on_Block(self, node: nodes.Block) -> list[ast.stmt]:  # noqa: N802
        return [*self._fresh_cells(node.locals), *self.statement_list(node.statements)]

    def on_Statements(self, node: nodes.Statements) -> list[ast.stmt]:  # noqa: N802
        return [made for statement in node.statements for made in self.statement(statement)]

    def on_Empty(self, node: nodes.Empty) -> list[ast.stmt]:  # noqa: N802
        return []

    def on_ExpressionStatement(self, node: nodes.ExpressionStatement) -> list[ast.stmt]:  # noqa: N802
        expression = node.expression
        if not self.recording:
            if isinstance(expression, nodes.Assignment) and expression.target is not expression.value:
                name = self._plain_variable(expression.target)
                if name is not None:
                    return self.assigned(name, self.emit(expression.value))
            elif isinstance(expression, nodes.CompoundAssignment):
                name = self._plain_variable(expression.target)
                if name is not None:
                    self.with_placeholder(expression.placeholder, name)
                    return self.assigned(name, self.emit(expression.result))
        return [ast.Expr(self.emit(expression))]

    def on_LocalDeclaration(self, node: nodes.LocalDeclaration) -> list[ast.stmt]:  # noqa: N802
        symbol = node.symbol
        if symbol.kind == "constant":
            return []
        if node.value is None:
            unset: ast.expr = constant(None)
            is_tuple = isinstance(symbol.type, NamedType) and symbol.type.definition.is_tuple
            if is_tuple:  # its elements may be set one by one
                unset = self.run(runtime.unset_tuple, self.type_constant(symbol.type))
            if symbol not in self._celled:
                return [ast.Assign([store(self.symbol_name(symbol))], unset)]
            return [ast.Expr(self.assign_symbol(symbol, unset))] if is_tuple else []
        value = self.emit(node.value)
        self.set_once(symbol, node.value)
        if symbol in self._celled and not symbol.is_reference:
            return [ast.Expr(self.run(runtime.set_cell, load(self.symbol_name(symbol)), value))]
        return [ast.Assign([store(self.symbol_name(symbol))], value)]

    def on_Throw(self, node: nodes.Throw) -> list[ast.stmt]:  # noqa: N802
        if node.exception is None:
            return [ast.Raise(load(self._caught[-1]), None)] if self._caught else [ast.Raise(None, None)]
        return [ast.Expr(self.run(runtime.raise_exception, self.emit(node.exception)))]

    def on_Try(self, node: nodes.Try) -> list[ast.stmt]:  # noqa: N802
        handlers: list[ast.ExceptHandler] = []
        cells = self._fresh_cells(clause.symbol for clause in node.catches if clause.symbol is not None)
        if node.catches:
            raised, caught = self.fresh("raised"), self.fresh("caught")
            self._caught.append(caught)
            clauses: list[ast.stmt] = [ast.Raise(load(caught), None)]
            for clause in reversed(node.catches):
                clauses = self._catch(clause, caught, clauses)
            self._caught.pop()
            translate: ast.stmt = ast.Assign([store(caught)], self.run(frames.as_dotnet, load(raised)))
            handlers.append(ast.ExceptHandler(self.bring(frames.CAUGHT, "caught_types"), raised, [translate, *clauses]))
        finally_body = self.body(node.finally_body) if node.finally_body is not None else []
        if not handlers and not finally_body:
            return self.body(node.body)
        if finally_body:
            finally_body = [ast.If(self.run(frames.goes_on), finally_body, [])]
        return [*cells, ast.Try(self.body(node.body), handlers, [], finally_body)]

    def _catch(self, clause: nodes.Catch, caught: str, otherwise: list[ast.stmt]) -> list[ast.stmt]:
        first: list[ast.stmt] = []
        if clause.symbol is not None:
            first = [ast.Expr(self.assign_symbol(clause.symbol, load(caught)))]
        test: ast.expr | None = None
        if clause.target is not None and clause.target.name != "System.Exception":
            test = self.run(is_instance, load(caught), self.type_constant(clause.target))
            cls = _python_class(clause.target.name)
            if cls is not None:
                test = ast.BoolOp(ast.Or(), [self.run(isinstance, load(caught), self.bring(cls, cls.__name__)), test])
        if clause.filter is not None:
            matches = self.fresh("matches")
            asked = [*first, *self._filter(clause.filter, matches)]
            if test is not None:
                asked = [ast.Assign([store(matches)], constant(False)), ast.If(test, asked, [])]
            return [*asked, ast.If(load(matches), self.body(clause.body), otherwise)]
        body = [*first, *self.body(clause.body)]
        return body if test is None else [ast.If(test, body, otherwise)]

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
        handler = ast.ExceptHandler(self.bring(frames.CAUGHT, "caught_types"), raised, no_match)
        return [*hoisted, ast.Try([ast.Assign([store(matches)], value)], [handler], [], [])]

    def on_Using(self, node: nodes.Using) -> list[ast.stmt]:  # noqa: N802
        if node.resource is not None:
            name = self.fresh("resource")
            held: list[ast.stmt] = [ast.Assign([store(name)], self.emit(node.resource))]
            return [*held, self._disposing(load(name), node.resource.type, self.body(node.body))]
        cells = self._fresh_cells(declaration.symbol for declaration in node.declarations)
        return [*cells, *self._using_declarations(list(node.declarations), node.body)]

    def _using_declarations(
        self, declarations: list[nodes.LocalDeclaration], statement: nodes.Statement
    ) -> list[ast.stmt]:
        """The second resource is made inside the care for the first."""
        if not declarations:
            return self.body(statement)
        first, *rest = declarations
        made = self.statement(first)
        body = self._using_declarations(rest, statement)
        return [*made, self._disposing(self._read_symbol(first.symbol), first.symbol.type, body)]

    def _disposing(self, resource: ast.expr, type_: Type, body: list[ast.stmt]) -> ast.stmt:
        """The care for a resource; its type says what `Dispose` is called here."""
        name = "dispose"
        for candidate in type_.supertypes if isinstance(type_, NamedType) else ():
            found = find_implementation(candidate.definition, "void Dispose()")
            if found is not None and found.form == "method":
                name = found.name
                break
        dispose: ast.stmt = ast.Expr(self.run(runtime.dispose, resource, constant(name)))
        return ast.Try(body, [], [], [ast.If(self.run(frames.goes_on), [dispose], [])])

    def on_Lock(self, node: nodes.Lock) -> list[ast.stmt]:  # noqa: N802
        """The one thread of a policy needs no lock; one for null is refused as `Monitor.Enter` does."""
        return [ast.Expr(self.run(runtime.enter_lock, self.emit(node.target))), *self.statement(node.body)]


def _python_class(name: str) -> type | None:
    """The Python class of an exception; the classes below it are those of .NET's exceptions below it."""
    waiting: list[type] = [DotnetException]
    while waiting:
        cls = waiting.pop()
        if cls.__dict__.get("type_name") == name:
            return cls
        waiting.extend(cls.__subclasses__())
    return None
