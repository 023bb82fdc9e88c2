"""Constraints on type parameters, and `where` clauses of local functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from apimpolicy.csharp.binding.conversions import is_sealed, standard_implicit
from apimpolicy.csharp.binding.lookup import constructors
from apimpolicy.csharp.binding.reports import name_of, shown
from apimpolicy.csharp.binding.type_relations import is_interface, is_reference, is_unmanaged, same
from apimpolicy.csharp.dotnet.metadata import look_up
from apimpolicy.csharp.dotnet.types import ERROR, NamedType, Type, TypeParameter
from apimpolicy.csharp.dotnet.values import OBJECT
from apimpolicy.csharp.syntax import shapes
from apimpolicy.records import Record

if TYPE_CHECKING:
    from apimpolicy.csharp.binding.core import Binder
    from apimpolicy.csharp.syntax.nodes import Node, Token


# Constraints on type parameters (C# specification, section 8.4.5): `where T : class`, `struct`, or a base type


class Violation(Record):
    """A type argument that its parameter does not allow; `place` counts from 0, `wanted` is what should be there."""

    place: int
    code: str
    argument: Type
    wanted: str


def violation(parameters: Sequence[TypeParameter], arguments: Sequence[Type]) -> Violation | None:
    for place, (parameter, argument) in enumerate(zip(parameters, arguments, strict=True)):
        for constraint in parameter.constraints:
            code = _code(argument, constraint)
            if code:
                words = {
                    "class": "a reference type",
                    "struct": "a value type that cannot be null",
                    "new()": "a type with a constructor without parameters",
                    "unmanaged": "a structure without references",
                }
                return Violation(place, code, argument, words.get(constraint, f"a '{constraint}'"))
        for bound in parameter.bounds:
            wanted = bound.substitute(dict(zip(parameters, arguments, strict=True)))
            code = _code_for_type(argument, wanted)
            if code:
                return Violation(place, code, argument, f"a '{wanted}'")
    return None


def _code(argument: Type, constraint: str) -> str:
    if argument is ERROR:
        return ""
    if constraint == "class":
        return "" if is_reference(argument) else "CS0452"
    if constraint == "struct":
        return "" if argument.is_value_type and argument.underlying is None else "CS0453"
    if constraint == "new()":
        return "" if has_constructor(argument) else "CS0310"
    if constraint == "unmanaged":
        return "" if is_unmanaged(argument) else "CS8377"
    wanted = look_up(constraint)
    return _code_for_type(argument, wanted.type) if wanted is not None else ""


def has_constructor(type_: Type) -> bool:
    """Return whether `new()` makes one: a structure, or a class that can be created without arguments."""
    if isinstance(type_, TypeParameter):
        return type_.is_value_type or "new()" in type_.constraints
    if type_.is_value_type or not isinstance(type_, NamedType):
        return type_.is_value_type
    if type_.kind != "class" or type_.definition.is_abstract:
        return False
    return any(not method.parameters for method in constructors(type_))


def _code_for_type(argument: Type, wanted: Type) -> str:
    if argument is ERROR or wanted is ERROR:
        return ""
    found = standard_implicit(argument, wanted)
    if found is not None and found.kind in ("identity", "reference", "boxing"):
        return ""
    if argument.underlying is not None:
        return "CS0313"
    if isinstance(argument, TypeParameter):
        return "CS0311" if is_reference(argument) else "CS0314"
    return "CS0315" if argument.is_value_type else "CS0311"


# `where T : …` of generic local functions (C# specification, section 15.2.5)

_PRIMARY: Final = ("class", "struct", "unmanaged")
_SPECIAL: Final = frozenset({"System.Array", "System.ValueType"})
"""Classes that are no constraint, `object` aside."""
_OPEN: Final = frozenset({"System.Enum", "System.Delegate", "System.MulticastDelegate"})
"""Classes that C# 7.3 allows as constraints, and of whose kind their names say enough."""


def constrain(
    binder: Binder,
    clauses: shapes.ConstraintClauses,
    parameters: tuple[TypeParameter, ...],
    declaration: shapes.LocalFunction,
) -> None:
    if not clauses.clauses:
        return
    function = name_of(declaration.name)
    if not parameters:
        place = clauses.clauses[0]
        message = f"'{function}' is not generic, so it can't have constraints"
        binder.report_at(place.start, place.start + len("where"), "CS0080", message)
        return
    seen: set[str] = set()
    for clause in clauses.clauses:
        name = name_of(clause.name)
        parameter = next((p for p in parameters if p.name == name), None)
        if parameter is None:
            binder.report(clause.name, "CS0699", f"'{function}' has no type parameter named '{name}'")
        elif name in seen:
            message = f"the constraints of '{name}' are already given"
            binder.report(clause.name, "CS0409", message, help="combine them in one 'where' clause")
        else:
            seen.add(name)
            _clause(binder, parameter, clause.constraints)
    if declaration.type_parameters is not None:
        _check_circles(binder, declaration.type_parameters.names, parameters)


def _clause(binder: Binder, parameter: TypeParameter, constraints: list[Node]) -> None:
    for index, node in enumerate(constraints):
        word = _word(node)
        if word in _PRIMARY:
            if index:
                message = f"'{word}' must come first, and only one of 'class' and 'struct' is allowed"
                binder.report(node, "CS0449", message)
                continue
        elif word == "new()":
            if index < len(constraints) - 1:
                binder.report(node, "CS0401", "'new()' must come last")
            if parameter.is_value_type:
                binder.report(node, "CS0451", "'struct' already implies 'new()'", help="remove it")
        else:
            _bound(binder, parameter, node, is_first=not parameter.bounds and not parameter.constraints)
            continue
        parameter.constraints = (*parameter.constraints, word)


def _bound(binder: Binder, parameter: TypeParameter, node: Node, *, is_first: bool) -> None:
    """A type as a constraint: an interface, a class that others derive from, or a type parameter."""
    bound = binder.bind_type(node)
    if bound is ERROR:
        return
    if bound is ERROR:
        return
    if bound is OBJECT or (isinstance(bound, NamedType) and bound.name in _SPECIAL):
        binder.report(node, "CS0702", f"'{shown(bound)}' can't be used as a constraint")
    elif not _may_constrain(bound):
        binder.report(node, "CS0701", f"'{shown(bound)}' can't be used as a constraint: it is sealed")
    elif any(same(bound, other) for other in parameter.bounds):
        binder.report(node, "CS0405", f"'{parameter.name}' already has the constraint '{shown(bound)}'")
    elif isinstance(bound, NamedType) and not is_interface(bound) and not is_first:
        code = "CS0450" if not parameter.bounds and parameter.constraints[0] != "new()" else "CS0406"
        if code == "CS0450" and bound.name in _OPEN:
            parameter.bounds = (*parameter.bounds, bound)
            return
        binder.report(node, code, f"the class '{shown(bound)}' must come first, without 'class' or 'struct'")
    else:
        parameter.bounds = (*parameter.bounds, bound)


def _check_circles(binder: Binder, written: list[Token], parameters: tuple[TypeParameter, ...]) -> None:
    for token, parameter in zip(written, parameters, strict=True):
        reached: set[Type] = set()
        waiting = [bound for bound in parameter.bounds if isinstance(bound, TypeParameter)]
        while waiting:
            bound = waiting.pop()
            if bound is parameter:
                binder.report(token, "CS0454", f"'{parameter.name}' depends on itself")
                parameter.bounds = ()
                break
            if bound not in reached:
                reached.add(bound)
                waiting.extend(b for b in bound.bounds if isinstance(b, TypeParameter))


def _word(node: Node) -> str:
    """Return the constraint as a word; empty for a type."""
    if isinstance(node, shapes.ClassConstraint):
        return "class"
    if isinstance(node, shapes.StructConstraint):
        return "struct"
    if isinstance(node, shapes.ConstructorConstraint):
        return "new()"
    if isinstance(node, shapes.NamedType) and node.qualifier is None and node.type_arguments is None:
        return "unmanaged" if node.name.text == "unmanaged" else ""
    return ""


def _may_constrain(bound: Type) -> bool:
    if isinstance(bound, TypeParameter):
        return True
    return isinstance(bound, NamedType) and (is_interface(bound) or not is_sealed(bound))
