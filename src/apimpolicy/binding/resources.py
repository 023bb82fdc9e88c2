"""`try`, `using` and `lock` (C# specification, sections 13.11, 13.13 and 13.14)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding import lookup, nodes
from apimpolicy.binding.declarations import bind_declaration
from apimpolicy.binding.nodes import Bad, Expression, Statement
from apimpolicy.binding.reports import shown
from apimpolicy.binding.type_relations import is_reference
from apimpolicy.dotnet.metadata import named
from apimpolicy.dotnet.types import ERROR, NULL, NamedType, Type
from apimpolicy.syntax import shapes

if TYPE_CHECKING:
    from apimpolicy.binding.core import Binder
    from apimpolicy.binding.symbols import LocalSymbol
    from apimpolicy.syntax.nodes import Node, Token


def statement_try_statement(binder: Binder, node: shapes.TryStatement) -> Statement:
    body_node, catches_node, finally_node = node.block, node.catches, node.finally_clause
    has_catches = bool(catches_node.clauses)
    body = _part_of_try(binder, "try" if has_catches else "", body_node)
    catches = [_catch(binder, child) for child in catches_node.clauses]
    if not catches and finally_node is None:
        binder.report(node, "CS1524", "'try' must have a catch or finally block")
    _check_catches(binder, catches)
    finally_body = _part_of_try(binder, "finally", finally_node.block) if finally_node is not None else None
    return nodes.Try(node, body, tuple(catches), finally_body)


def _part_of_try(binder: Binder, part: str, node: shapes.Block) -> nodes.Block:
    """Return a block of a try statement, which says what may jump and yield in it; no jump leaves `finally`."""
    around = binder.enclosing
    inside = around.replaced(parts=(*around.parts, part)) if part else around
    if part == "finally":
        breakable = (*around.breakable, part) if around.breakable else ()
        inside = inside.replaced(breakable=breakable, labels=(*around.labels, None))
    with binder.within(enclosing=inside):
        return binder.bind_block(node)


def _check_catches(binder: Binder, catches: list[nodes.Catch]) -> None:
    """CS0160: a clause that an earlier one already covers. CS1017: one behind the clause for everything."""
    earlier: list[NamedType] = []
    takes_all = False
    for clause in catches:
        if takes_all:
            start = clause.syntax.start
            binder.report_at(start, start + len("catch"), "CS1017", "a catch without a type must be the last one")
        takes_all = takes_all or (clause.target is None and clause.filter is None)
        if clause.target is not None:
            for caught in earlier:
                if caught in clause.target.supertypes:
                    where = clause.syntax
                    declaration = where.declaration if isinstance(where, shapes.CatchClause) else None
                    message = f"an earlier catch already handles '{shown(clause.target)}'"
                    binder.report(where if declaration is None else declaration.type, "CS0160", message)
                    break
            if clause.filter is None:
                earlier.append(clause.target)


def _catch(binder: Binder, node: shapes.CatchClause) -> nodes.Catch:
    declaration, filter_node, body_node = node.declaration, node.filter, node.block
    with binder.in_scope():
        target: NamedType | None = None
        symbol: LocalSymbol | None = None
        if declaration is not None:
            type_node, token = declaration.type, declaration.name
            type_ = binder.bind_type(type_node)
            if isinstance(type_, NamedType):
                target = type_
                if named("System.Exception") not in type_.supertypes:
                    binder.report(type_node, "CS0155", "only a type derived from Exception can be caught")
            if token is not None:
                symbol = binder.declare_variable(token, type_)
        condition = binder.bind_condition(filter_node.condition) if filter_node is not None else None
        return nodes.Catch(node, target, symbol, condition, _part_of_try(binder, "catch", body_node))


def statement_using_statement(binder: Binder, node: shapes.UsingStatement) -> Statement:
    resource_node, body_node = node.resource, node.body
    with binder.in_scope():
        declarations: list[nodes.LocalDeclaration] = []
        resource: Expression | None = None
        types: list[tuple[Type, Node | Token]]
        if isinstance(resource_node, shapes.LocalDeclaration):
            made = bind_declaration(binder, resource_node, "using")
            parts = made.statements if isinstance(made, nodes.Statements) else (made,)
            declarations = [part for part in parts if isinstance(part, nodes.LocalDeclaration)]
            types = [(d.symbol.type, resource_node) for d in declarations]
            for declared in declarations:
                if declared.value is None and declared.symbol.declared_at is not None:
                    binder.report(declared.symbol.declared_at, "CS0210", "a variable in 'using' must be initialized")
        else:
            resource = binder.bind_value(resource_node)
            types = [(resource.type, resource.syntax)]
        for type_, where in types:
            if type_ is not ERROR and type_ is not NULL and not lookup.implements(type_, "System.IDisposable"):
                message = f"'{shown(type_)}' can't be used in 'using': it does not implement IDisposable"
                binder.report(where, "CS1674", message)
        return nodes.Using(node, tuple(declarations), resource, binder.bind_embedded(body_node))


def statement_lock_statement(binder: Binder, node: shapes.LockStatement) -> Statement:
    target = binder.bind_typed(node.target)
    if not isinstance(target, Bad) and not is_reference(target.type):
        binder.report(node.target, "CS0185", f"'{shown(target.type)}' is not a reference type, so it can't be locked")
    return nodes.Lock(node, target, binder.bind_embedded(node.body))
