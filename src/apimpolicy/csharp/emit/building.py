"""Python's syntax trees in few words."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.types import NamedType, Type
from apimpolicy.csharp.dotnet.values import BOXES, box

if TYPE_CHECKING:
    from apimpolicy.csharp.binding.nodes import Expression
    from apimpolicy.csharp.emit.core import Emitter


_LOAD, _STORE = ast.Load(), ast.Store()


def constant(value: Any) -> ast.Constant:
    return ast.Constant(value)


def load(name: str) -> ast.Name:
    return ast.Name(name, _LOAD)


def store(name: str) -> ast.Name:
    return ast.Name(name, _STORE)


def attribute(value: ast.expr, name: str) -> ast.Attribute:
    return ast.Attribute(value, name, _LOAD)


def item(value: ast.expr, index: int) -> ast.Subscript:
    return ast.Subscript(value, constant(index), _LOAD)


def call(function: ast.expr, *arguments: ast.expr) -> ast.Call:
    return ast.Call(function, list(arguments), [])


def conditional(test: ast.expr, body: ast.expr, orelse: ast.expr) -> ast.IfExp:
    return ast.IfExp(test, body, orelse)


def compare(left: ast.expr, operator: ast.cmpop, right: ast.expr) -> ast.Compare:
    return ast.Compare(left, [operator], [right])


def tuple_of(*elements: ast.expr) -> ast.Tuple:
    return ast.Tuple(list(elements), _LOAD)


def list_of(*elements: ast.expr) -> ast.List:
    return ast.List(list(elements), _LOAD)


def last_of(*elements: ast.expr) -> ast.expr:
    """Evaluate all in order, give the last."""
    return item(tuple_of(*elements), len(elements) - 1)


def is_none(value: ast.expr) -> ast.expr:
    if isinstance(value, ast.Constant):  # Python warns of a literal beside `is`
        return constant(value.value is None)
    return compare(value, ast.Is(), constant(None))


def is_not_none(value: ast.expr) -> ast.expr:
    if isinstance(value, ast.Constant):
        return constant(value.value is not None)
    return compare(value, ast.IsNot(), constant(None))


def walrus(name: str, value: ast.expr) -> ast.NamedExpr:
    return ast.NamedExpr(store(name), value)


def assign(name: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([store(name)], value)


def parameters(names: Iterable[str], defaults: dict[str, ast.expr] | None = None) -> ast.arguments:
    """Return the parameters of a function: those without defaults, and those with."""
    given = defaults or {}
    return ast.arguments([], [ast.arg(name) for name in (*names, *given)], None, [], [], None, list(given.values()))


def function_def(name: str, arguments: ast.arguments, body: list[ast.stmt]) -> ast.FunctionDef:
    return ast.FunctionDef(name, arguments, body, [], None, None)


# Values of value types as `object`.

_SELF_BOXED = frozenset({"int", "double", "bool", "decimal"})


def boxed(emitter: Emitter, value: ast.expr, source: Type) -> ast.expr:
    """Return the value as `object`."""
    inner = source.underlying
    bare = inner or source
    if str(bare) in _SELF_BOXED:
        return value
    cls = BOXES.get(bare)
    if cls is not None and inner is None:
        return call(emitter.bring(cls, cls.__name__), value)
    if cls is not None or (isinstance(bare, NamedType) and (bare.kind == "enum" or bare.definition.is_tuple)):
        return emitter.run(box, emitter.type_constant(source), value)
    return value


def boxed_operand(emitter: Emitter, operand: Expression) -> ast.expr:
    """Return an operand as `object`, for a test of its run-time type."""
    value = emitter.emit(operand)
    return boxed(emitter, value, operand.type) if operand.type.is_value_type else value
