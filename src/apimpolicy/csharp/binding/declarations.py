"""Blocks, variables and constants (C# specification, sections 13.3, 13.6 and 7.7)."""

from __future__ import annotations

from collections.abc import Sequence

from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.binding.advice import call_of
from apimpolicy.csharp.binding.core import Binder
from apimpolicy.csharp.binding.literals import DefaultLiteral, UnboundLambda
from apimpolicy.csharp.binding.nodes import Bad, Expression, Statement
from apimpolicy.csharp.binding.reports import is_var, shown
from apimpolicy.csharp.binding.symbols import LocalFunctionSymbol
from apimpolicy.csharp.binding.type_relations import NUMERIC, is_enum, is_static_class
from apimpolicy.csharp.dotnet.types import ERROR, NULL, ArrayType, SpecialType, Type
from apimpolicy.csharp.dotnet.values import BOOL, STRING, VOID
from apimpolicy.csharp.syntax import literals, shapes
from apimpolicy.csharp.syntax.nodes import Child, Node

_CONSTANT_TYPES = frozenset({*NUMERIC, BOOL})


def statement_block(binder: Binder, node: shapes.Block) -> nodes.Block:
    around = binder.enclosing
    with binder.in_scope():
        binder.scope.later, binder.scope.statements = _declared_names(node), node.statements
        declare_ahead(binder, node.statements)
        statements = [binder.bind_statement(child) for child in node.statements]
        statements.extend(bind_instances(binder))
        binder.enclosing = around
        return nodes.Block(node, tuple(statements), tuple(binder.scope.order))


# ---------------------------------------------------------------------------------------- declarations


def declare_ahead(binder: Binder, statements: Sequence[Child]) -> None:
    """Declare what is known in all of a block: local functions and labels."""
    if any(isinstance(child, (shapes.LocalFunction, shapes.StaticLocalFunction)) for child in statements):
        from apimpolicy.csharp.binding.local_functions import declare_functions

        declare_functions(binder, statements)
    if any(isinstance(child, shapes.LabeledStatement) for child in statements):
        from apimpolicy.csharp.binding.jumps import declare_labels

        declare_labels(binder, statements)


def bind_instances(binder: Binder) -> list[Statement]:
    """Return the bodies of the generic functions of this block, with the type arguments that they are called with."""
    if not any(isinstance(symbol, LocalFunctionSymbol) for symbol in binder.scope.names.values()):
        return []
    from apimpolicy.csharp.binding.local_functions import instances_of_generics

    return instances_of_generics(binder)


def statement_local_declaration_statement(binder: Binder, node: shapes.LocalDeclarationStatement) -> Statement:
    return bind_declaration(binder, node.declaration, "local")


def bind_declaration(binder: Binder, node: shapes.LocalDeclaration, kind: str) -> Statement:
    type_node, declarators = node.type, node.declarators
    referred = type_node.type if isinstance(type_node, (shapes.RefType, shapes.RefReadonlyType)) else None
    infers = is_var(referred or type_node)
    type_ = ERROR if infers else binder.bind_type(type_node)
    if type_ is VOID:
        binder.report(type_node, "CS1547", "a variable cannot be 'void'")
        type_ = ERROR
    if is_static_class(type_):
        binder.report(type_node, "CS0723", f"'{shown(type_)}' is a static class and can't be used as a type here")
        type_ = ERROR
    children = declarators.declarators
    if infers and len(children) > 1:
        binder.report(node, "CS0819", "'var' can declare only one variable at a time")
    if referred is not None:
        for child in children:
            if child.value is None:
                binder.report(child.name, "CS8174", "a ref variable must be initialized where it is declared")
        read_only = isinstance(type_node, shapes.RefReadonlyType)
        declared = [
            _reference_declarator(binder, c, type_, is_var=infers, kind=kind, read_only=read_only) for c in children
        ]
    else:
        declared = [_declarator(binder, child, type_, is_var=infers, kind=kind) for child in children]
    return declared[0] if len(declared) == 1 else nodes.Statements(node, tuple(declared))


def _declarator(
    binder: Binder, node: shapes.Declarator, type_: Type, *, is_var: bool, kind: str
) -> nodes.LocalDeclaration:
    token, initializer = node.name, node.value
    symbol = binder.declare_variable(token, type_, kind)
    name = symbol.name
    if initializer is None:
        if is_var:
            binder.report(token, "CS0818", f"'var {name}' must be initialized, so that its type can be inferred")
        return nodes.LocalDeclaration(node, symbol, None)
    if isinstance(initializer, shapes.RefExpression):
        message = f"'{name}' is not a ref variable and can't be initialized with 'ref'"
        binder.report(node, "CS8171", message, help="remove 'ref'")
        symbol.type = ERROR
        return nodes.LocalDeclaration(node, symbol, binder.bad(node))
    if isinstance(initializer, (shapes.Stackalloc, shapes.StackallocWithInitializer, shapes.ImplicitStackalloc)):
        from apimpolicy.csharp.binding.array_creation import refused

        return nodes.LocalDeclaration(node, symbol, refused(binder, initializer))
    if is_var:
        with binder.within(being_declared=symbol):
            value = _var_value(binder, node, name, initializer)
        symbol.type = value.type
        return nodes.LocalDeclaration(node, symbol, value)
    if isinstance(initializer, shapes.Initializer):
        if isinstance(type_, ArrayType):
            from apimpolicy.csharp.binding.array_creation import array_from

            value = array_from(binder, initializer, type_, initializer)
        elif type_ is ERROR:
            value = binder.bad(node)
        else:
            message = "an initializer in braces can only be used for an array, or after 'new'"
            value = binder.failure(initializer, "CS0622", message)
        return nodes.LocalDeclaration(node, symbol, value)
    return nodes.LocalDeclaration(node, symbol, binder.convert(binder.bind_value(initializer), type_))


def _reference_declarator(
    binder: Binder, node: shapes.Declarator, type_: Type, *, is_var: bool, kind: str, read_only: bool
) -> nodes.LocalDeclaration:
    """`ref T name = ref variable;` (section 13.6.2.4)."""
    from apimpolicy.csharp.binding.references import bind_reference, wanted_reference

    token, initializer = node.name, node.value
    symbol = binder.declare_variable(token, type_, kind)
    symbol.is_reference = True
    symbol.is_readonly_reference = read_only
    function = binder.scope.function
    if isinstance(function, LocalFunctionSymbol) and function.is_iterator:
        binder.report(token, "CS8176", "an iterator can't have ref variables")
    if not isinstance(initializer, Node):
        return nodes.LocalDeclaration(node, symbol, None)
    value: Expression
    if not isinstance(initializer, shapes.RefExpression):
        message = f"'{symbol.name}' is a ref variable and must be initialized with 'ref'"
        value = binder.failure(node, "CS8172", message, help="write 'ref' before the value")
    else:
        value = bind_reference(binder, initializer, read_only=read_only)
        if is_var:
            symbol.type = value.type
        value = wanted_reference(binder, initializer.target, value, symbol.type, "CS8173")
    if isinstance(value, Bad):
        symbol.type = ERROR
    return nodes.LocalDeclaration(node, symbol, value)


def _instead_of_var(value: Expression) -> str:
    if isinstance(value, nodes.MethodGroup):
        return call_of(value)
    if isinstance(value, UnboundLambda):
        types = ", ".join(["int"] * (len(value.names or ()) + 1))
        return f"write the type instead of 'var', as in Func<{types}>"
    return "write the type instead of 'var'"


def _var_value(binder: Binder, node: Node, name: str, initializer: Node) -> Expression:
    if isinstance(initializer, shapes.Initializer):
        message = f"'var {name}' can't be initialized with braces alone"
        return binder.failure(node, "CS0820", message, help="write new[] { … }")
    value = binder.bind_value(initializer)
    if isinstance(value, Bad):
        return value
    if isinstance(value, DefaultLiteral):
        return binder.failure(value.syntax, "CS8716", "'default' needs a type here", help="write default(…)")
    if isinstance(value.type, SpecialType):
        what = {NULL: "null"}.get(value.type, f"a {value.type}")
        message = f"the type of 'var {name}' can't be inferred from {what}"
        return binder.failure(node, "CS0815", message, help=_instead_of_var(value))
    if value.type is VOID:
        message = f"'var {name}' can't be initialized by a call that returns nothing (void)"
        return binder.failure(node, "CS0815", message)
    return value


def statement_const_declaration_statement(binder: Binder, node: shapes.ConstDeclarationStatement) -> Statement:
    type_node, declarators = node.type, node.declarators
    if is_var(type_node):
        message = "a constant can't be declared with 'var'"
        binder.report(type_node, "CS0822", message, help="write its type: int, string, …")
        type_: Type = ERROR
    else:
        type_ = binder.bind_type(type_node)
        if not _can_be_constant(type_):
            binder.report(type_node, "CS0283", f"a constant can't be of type '{shown(type_)}'", help="use a variable")
            type_ = ERROR
    declared: list[Statement] = []
    for child in declarators.declarators:
        token, initializer = child.name, child.value
        symbol = binder.declare_variable(token, type_, "constant")
        if initializer is None:
            binder.report(token, "CS0145", "a constant must have a value")
            continue
        with binder.within(being_declared=symbol):
            written = binder.bind_value(initializer)
        value = binder.convert(written, type_)
        if isinstance(value, Bad) or type_ is ERROR:
            symbol.type = ERROR
            continue
        if not type_.is_value_type and type_ is not STRING and written.is_constant and written.constant is not None:
            binder.report(initializer, "CS0134", f"a constant of type '{shown(type_)}' can only be null")
            continue
        if nodes.is_interpolated(written) and nodes.is_constant_text(written):
            message = "a constant interpolated string is newer than C# 7.3"
            binder.report(initializer, "CS8652", message, help="remove the '$'")
        elif not value.is_constant:
            binder.report(initializer, "CS0133", f"the value of the constant '{symbol.name}' is not a constant")
            continue
        symbol.constant = value.constant
        declared.append(nodes.LocalDeclaration(child, symbol, value))
    return declared[0] if len(declared) == 1 else nodes.Statements(node, tuple(declared))


def _can_be_constant(type_: Type) -> bool:
    """Section 13.6.3: numbers, characters, booleans, enums, strings, and null of a reference type."""
    return type_ is ERROR or not type_.is_value_type or type_ in _CONSTANT_TYPES or is_enum(type_)


def _declared_names(block: shapes.Block) -> dict[str, int]:
    found: dict[str, int] = {}
    for child in block.statements:
        if isinstance(child, shapes.LocalDeclarationStatement):
            child = child.declaration
        if isinstance(child, (shapes.LocalDeclaration, shapes.ConstDeclarationStatement)):
            for declarator in child.declarators.declarators:
                found[literals.identifier_name(declarator.name.text)] = declarator.name.start
    return found
