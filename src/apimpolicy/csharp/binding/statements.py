"""Statements: plain ones, loops, `try`, `using` and `lock` (C# specification, chapter 13)."""

from __future__ import annotations

from apimpolicy.csharp.binding import conversions as conv
from apimpolicy.csharp.binding import lookup, nodes
from apimpolicy.csharp.binding.advice import operand_name
from apimpolicy.csharp.binding.core import Binder
from apimpolicy.csharp.binding.declarations import bind_declaration
from apimpolicy.csharp.binding.functions import is_statement_expression
from apimpolicy.csharp.binding.literals import UnboundLambda
from apimpolicy.csharp.binding.nodes import Bad, Expression, Statement
from apimpolicy.csharp.binding.reports import is_var, shown
from apimpolicy.csharp.binding.symbols import LocalSymbol
from apimpolicy.csharp.binding.type_relations import is_reference
from apimpolicy.csharp.dotnet.metadata import named
from apimpolicy.csharp.dotnet.types import ERROR, NULL, NamedType, Type
from apimpolicy.csharp.syntax import shapes
from apimpolicy.csharp.syntax.nodes import Node, Token
from apimpolicy.text.source import has_hole


def statement_empty_statement(binder: Binder, node: shapes.EmptyStatement) -> Statement:
    return nodes.Empty(node)


def statement_hole(binder: Binder, node: Node) -> Statement:
    """Statements that are unknown: text that a template puts in later, which may declare any name."""
    binder.has_unknown = binder.scope.is_unknown = True
    if binder.returns is not None and binder.return_type is None:
        binder.returns.append(nodes.Return(node, binder.bad(node)))
    return nodes.UnknownStatement(node)


def statement_expression_statement(binder: Binder, node: shapes.ExpressionStatement) -> Statement:
    written = node.expression
    if isinstance(written, shapes.Identifier) and has_hole(written.name.text):
        return statement_hole(binder, node)
    expression = binder.bind(written)
    if isinstance(expression, Bad):
        return nodes.ExpressionStatement(node, expression)
    if not is_statement_expression(expression):
        message = "only a call, an assignment, an increment or 'new' can be used as a statement"
        binder.report(node.expression, "CS0201", message, help="is 'return' missing?")
        return nodes.ExpressionStatement(node, binder.bad(node))
    return nodes.ExpressionStatement(node, expression)


def statement_if_statement(binder: Binder, node: shapes.IfStatement) -> Statement:
    condition = binder.bind_condition(node.condition)
    then = binder.bind_embedded(node.then)
    otherwise = binder.bind_embedded(node.otherwise) if node.otherwise is not None else None
    return nodes.If(node, condition, then, otherwise)


def statement_checked_statement(binder: Binder, node: shapes.CheckedStatement | shapes.UncheckedStatement) -> Statement:
    with binder.within(is_checked=isinstance(node, shapes.CheckedStatement)):
        return binder.bind_block(node.block)


statement_unchecked_statement = statement_checked_statement


# Loops: `while`, `do`, `for`, `foreach` (C# specification, section 13.9).


def bind_loop_body(binder: Binder, node: Node, kind: str) -> Statement:
    around = binder.enclosing
    with binder.within(enclosing=around.replaced(breakable=(*around.breakable, kind))):
        return binder.bind_embedded(node)


def statement_while_statement(binder: Binder, node: shapes.WhileStatement) -> Statement:
    with binder.in_scope():
        condition = binder.bind_condition(node.condition)
        body = bind_loop_body(binder, node.body, "while")
        return nodes.Loop(node, (), condition, body, locals=tuple(binder.scope.order))


def statement_do_statement(binder: Binder, node: shapes.DoStatement) -> Statement:
    body = bind_loop_body(binder, node.body, "do")
    return nodes.Loop(node, (), binder.bind_condition(node.condition), body, is_do=True)


def statement_for_statement(binder: Binder, node: shapes.ForStatement) -> Statement:
    first, condition_node, last, body_node = node.initializer, node.condition, node.incrementors, node.body
    with binder.in_scope():
        initializers: list[Statement] = []
        if isinstance(first, shapes.LocalDeclaration):
            initializers.append(bind_declaration(binder, first, "local"))
        elif first is not None:
            initializers.extend(bind_statement_expressions(binder, first))
        condition = binder.bind_condition(condition_node) if condition_node is not None else None
        incrementors: list[Expression] = []
        if last is not None:
            incrementors = [s.expression for s in bind_statement_expressions(binder, last)]
        body = bind_loop_body(binder, body_node, "for")
        variables = tuple(binder.scope.order)
        return nodes.Loop(node, tuple(initializers), condition, body, tuple(incrementors), locals=variables)


def bind_statement_expressions(binder: Binder, node: shapes.ExpressionList) -> list[nodes.ExpressionStatement]:
    made = []
    for child in node.expressions:
        expression = binder.bind_value(child)
        if not is_statement_expression(expression):
            message = "only a call, an assignment or an increment can be used here"
            expression = binder.failure(child, "CS0201", message)
        made.append(nodes.ExpressionStatement(child, expression))
    return made


def statement_foreach_statement(binder: Binder, node: shapes.ForeachStatement) -> Statement:
    type_node, token, collection_node, body_node = node.type, node.name, node.collection, node.body
    collection, element = bind_collection(binder, collection_node)
    with binder.in_scope():
        declared = element if is_var(type_node) else binder.bind_type(type_node)
        symbol = binder.declare_variable(token, declared, "foreach")
        placeholder = nodes.Placeholder(token, element)
        value: Expression = placeholder
        if declared is not element and ERROR not in (declared, element):
            value = _foreach_element(binder, node, placeholder, declared)
        body = bind_loop_body(binder, body_node, "foreach")
        return nodes.Foreach(node, collection, placeholder, value, None, symbol, body)


def _foreach_element(binder: Binder, node: Node, placeholder: nodes.Placeholder, target: Type) -> Expression:
    """Return the implied conversion of each element, explicit ones included (section 13.9.5)."""
    found = conv.explicit_conversion(placeholder.type, target)
    if found is None:
        message = f"elements of type '{shown(placeholder.type)}' can't be converted to '{shown(target)}'"
        return binder.failure_at(node.start, node.start + len("foreach"), node, "CS0030", message)
    return binder.apply(placeholder, target, found, explicit=True)


def bind_collection(binder: Binder, node: Node) -> tuple[Expression, Type]:
    collection = binder.bind_value(node)
    if isinstance(collection, Bad):
        return collection, ERROR
    if isinstance(collection, (nodes.MethodGroup, UnboundLambda)):
        what = operand_name(collection)
        return binder.failure(node, "CS0446", f"foreach can't loop over {what}", help="call it"), ERROR
    if collection.type is NULL or (collection.is_constant and collection.constant is None):
        return binder.failure(node, "CS0186", "foreach can't loop over null"), ERROR
    element = lookup.element_type(collection.type)
    if element is None:
        message = f"foreach can't loop over '{shown(collection.type)}': it is not a sequence (IEnumerable)"
        return binder.failure(node, "CS1579", message), ERROR
    return collection, element


# `try`, `using` and `lock` (C# specification, sections 13.11, 13.13 and 13.14).


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
            declaration = bind_declaration(binder, resource_node, "using")
            parts = declaration.statements if isinstance(declaration, nodes.Statements) else (declaration,)
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
