"""Emission of resources: `using` and `lock`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from apimpolicy.dotnet.registry import find_implementation
from apimpolicy.dotnet.types import NamedType
from apimpolicy.emit import runtime
from apimpolicy.emit.building import assign, constant, load
from apimpolicy.emit.cells import cells_of_block
from apimpolicy.emit.exceptions import finally_

if TYPE_CHECKING:
    from apimpolicy.binding import nodes
    from apimpolicy.dotnet.types import Type
    from apimpolicy.emit.core import Emitter


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
