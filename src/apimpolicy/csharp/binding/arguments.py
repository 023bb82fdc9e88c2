"""Arguments as they are written (C# specification, section 12.6.2): names, `ref`, `out`, `in`, `out` declarations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.binding.literals import UnboundLambda
from apimpolicy.csharp.binding.nodes import Bad, Expression
from apimpolicy.csharp.binding.overloads import Argument, Candidate
from apimpolicy.csharp.binding.reports import is_discard, is_var
from apimpolicy.csharp.binding.type_relations import is_reference
from apimpolicy.csharp.dotnet.types import ERROR, ArrayType, NamedType
from apimpolicy.csharp.dotnet.values import INT, LONG, UINT, ULONG
from apimpolicy.csharp.syntax import shapes
from apimpolicy.csharp.syntax.literals import identifier_name
from apimpolicy.csharp.syntax.nodes import Node, Token

if TYPE_CHECKING:
    from apimpolicy.csharp.binding.core import Binder
    from apimpolicy.csharp.dotnet.signatures import Parameter


_VARIABLES = (nodes.Local, nodes.ArrayAccess, nodes.FieldAccess, nodes.Dereference, nodes.TupleElement)
_NO_REFERENCE = {"foreach": "CS1657", "using": "CS1657", "constant": "CS1510", "range": "CS1939"}
"""Error codes for passing read-only variables with `ref` or `out`, by kind."""


def bind_arguments(binder: Binder, node: shapes.Arguments) -> list[Argument]:
    """Return the arguments of a call, in order, not converted yet."""
    arguments = [_argument(binder, child) for child in node.arguments]
    names: set[str] = set()
    for argument in arguments:
        if argument.name is not None and argument.name.text in names:
            message = f"'{argument.name.text}' is given twice"
            argument.expression = binder.failure(argument.name, "CS1740", message)
        elif argument.name is not None:
            names.add(argument.name.text)
    return arguments


def _argument(binder: Binder, node: shapes.Argument) -> Argument:
    name = node.name
    mode = node.modifier.text if node.modifier is not None else ""
    value = node.value
    if isinstance(value, shapes.DeclarationExpression) and mode != "out":
        return Argument(_no_declaration(binder, value), value, mode, name)
    if isinstance(value, shapes.DeclarationExpression):
        return Argument(_out_declaration(binder, value), value, mode, name)
    if mode == "out" and is_discard(value, binder.scope):
        return Argument(nodes.OutVariable(value, ERROR, None), value, mode, name)
    if isinstance(value, shapes.Assignment):
        _named_argument_meant(binder, value)
    expression = binder.bind_value(value)
    if mode and not isinstance(expression, (*_VARIABLES, Bad)):
        message = f"'{mode}' must be followed by a variable"
        expression = binder.failure(value, "CS8156" if mode == "in" else "CS1510", message)
    elif mode in ("ref", "out") and isinstance(expression, nodes.Local) and expression.symbol.kind in _NO_REFERENCE:
        what = f"'{expression.symbol.name}' can only be read, so it cannot be passed with '{mode}'"
        expression = binder.failure(value, _NO_REFERENCE[expression.symbol.kind], what)
    elif mode in ("ref", "out") and isinstance(expression, (nodes.TupleElement, nodes.FieldAccess)):
        whole: Expression | None = expression
        while isinstance(whole, (nodes.TupleElement, nodes.FieldAccess)):
            whole = whole.receiver
        if isinstance(whole, nodes.Local) and whole.symbol.kind in ("foreach", "using") and whole.type.is_value_type:
            what = f"'{whole.symbol.name}' can only be read, and its elements with it"
            expression = binder.failure(value, "CS1655", what)
    return Argument(expression, value, mode, name)


def _no_declaration(binder: Binder, node: shapes.DeclarationExpression) -> Expression:
    """`ref int x`, where C# has no declaration: it stumbles at a keyword, or behind what may be a variable."""
    type_node, designation = node.type, node.designation
    if isinstance(type_node, shapes.PredefinedType):
        return binder.failure(type_node, "CS1525", "a variable is expected here, but this is a type")
    return binder.failure(designation, "CS1003", "',' expected")


def _named_argument_meant(binder: Binder, node: shapes.Assignment) -> None:
    """`f(name = value)` where no variable has the name: a help for what is reported next."""
    target = node.left
    if isinstance(target, shapes.Identifier):
        name = identifier_name(target.name.text)
        if binder.scope.find(name) is None:
            binder.meant_as_argument = name


def _out_declaration(binder: Binder, node: shapes.DeclarationExpression) -> Expression:
    type_node, designation = node.type, node.designation
    if not isinstance(designation, Token):
        return binder.failure(node, "CS8199", "a deconstruction can't be used here")
    infers = is_var(type_node)
    type_ = ERROR if infers else binder.bind_type(type_node)
    if designation.text == "_":
        return nodes.OutVariable(node, type_, None)
    symbol = binder.declare_variable(designation, type_)
    symbol.awaits_type = infers
    return nodes.OutVariable(node, type_, symbol)


def settle_arguments(binder: Binder, arguments: list[Argument]) -> None:
    """Report errors in the lambdas of an unknown call; its out variables get the error type."""
    for argument in arguments:
        expression = argument.expression
        if isinstance(expression, UnboundLambda):
            from apimpolicy.csharp.binding.lambdas import bind_for_errors  # it is loaded: there is a lambda

            bind_for_errors(binder, expression)
        elif isinstance(expression, nodes.OutVariable) and expression.symbol is not None:
            expression.symbol.awaits_type = False


def finish_arguments(
    binder: Binder, node: Node, candidate: Candidate, arguments: Sequence[Argument]
) -> list[Expression]:
    """Convert the arguments and put them in parameter order; fill in defaults and the params array."""
    by_parameter: dict[int, Expression] = {}
    expanded: list[Expression] = []
    for argument, parameter, conversion in zip(arguments, candidate.targets, candidate.conversions, strict=True):
        value = _finish_argument(binder, argument, parameter, conversion)
        if parameter.mode == "expanded":
            expanded.append(value)
        else:
            by_parameter[id(parameter)] = value
    values: list[Expression] = []
    for parameter in candidate.parameters:
        if parameter.mode == "expanded":
            continue
        argument_value = by_parameter.get(id(parameter))
        values.append(argument_value if argument_value is not None else _default_argument(binder, node, parameter))
    if candidate.is_expanded:
        last = candidate.method.parameters[-1].type
        if candidate.type_arguments:
            last = last.substitute(dict(zip(candidate.method.type_parameters, candidate.type_arguments, strict=True)))
        if isinstance(last, ArrayType):
            values.append(nodes.ArrayCreation(node, last, (), tuple(expanded)))
    return values


def _finish_argument(binder: Binder, argument: Argument, parameter: Parameter, conversion: Any) -> Expression:
    expression = argument.expression
    if isinstance(expression, nodes.OutVariable):
        if expression.type is ERROR:
            expression.type = parameter.type
            if expression.symbol is not None:
                expression.symbol.type = parameter.type
                expression.symbol.awaits_type = False
        return expression
    if argument.mode in ("ref", "out"):
        return expression
    if conversion is None:
        return binder.convert(expression, parameter.type)
    return binder.apply(expression, parameter.type, conversion)


def _default_argument(binder: Binder, node: Node, parameter: Parameter) -> Expression:
    value = parameter.default
    if isinstance(parameter.type, NamedType) and parameter.type.kind == "enum" and isinstance(value, str):
        value = parameter.type.definition.enum_values.get(value, 0)
    if value is None and not is_reference(parameter.type):
        return binder.default_value(node, parameter.type)
    return nodes.Literal(node, parameter.type, value)


def array_index(binder: Binder, argument: Argument) -> Expression:
    for type_ in (INT, UINT, LONG, ULONG):
        conversion = binder.classify(argument.expression, type_)
        if conversion is not None:
            return binder.apply(argument.expression, type_, conversion)
    return binder.convert(argument.expression, INT)
