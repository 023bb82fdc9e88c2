"""Emission of blocks, declarations and resources."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from apimpolicy.binding import nodes
from apimpolicy.dotnet.registry import find_implementation
from apimpolicy.dotnet.types import NamedType
from apimpolicy.emit import runtime
from apimpolicy.emit.core import constant, load, store
from apimpolicy.emit.exceptions import ExceptionEmitter

if TYPE_CHECKING:
    from apimpolicy.dotnet.types import Type


class StatementEmitter(ExceptionEmitter):
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
        return self.finally_(body, [ast.Expr(self.run(runtime.dispose, resource, constant(name)))])

    def on_Lock(self, node: nodes.Lock) -> list[ast.stmt]:  # noqa: N802
        """The one thread of a policy needs no lock; one for null is refused as `Monitor.Enter` does."""
        return [ast.Expr(self.run(runtime.enter_lock, self.emit(node.target))), *self.statement(node.body)]
