"""Bound nodes of creation: objects, arrays, tuples, delegates, strings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding.nodes.bound import Bound, Expression

if TYPE_CHECKING:
    from apimpolicy.binding.nodes.bound import Placeholder
    from apimpolicy.binding.nodes.statements import Block
    from apimpolicy.binding.symbols import LocalSymbol
    from apimpolicy.dotnet.signatures import Method
    from apimpolicy.dotnet.types import AnonymousType, ArrayType, Type


class ObjectCreation(Expression):
    """`new T(arguments) { initializers }`; `constructor` is None for the default value of a struct."""

    constructor: Method | None
    arguments: tuple[Expression, ...]
    initializers: tuple[Initializer, ...] = ()


class Initializer(Bound):
    """One step of an object or collection initialiser, done on `placeholder`, the new object.

    `action` is an expression over the placeholder (a call of Add, an assignment); `nested` are the steps of
    `Name = { … }`, done on the value of `action`.
    """

    placeholder: Placeholder
    action: Expression
    nested: tuple[Initializer, ...] = ()


class ArrayCreation(Expression):
    """`new T[sizes]` or an array from `items` (nested tuples of items for rectangular arrays)."""

    type: ArrayType
    sizes: tuple[Expression, ...]
    items: tuple[Expression, ...] | None


class AnonymousCreation(Expression):
    """`new { A = …, B = … }`."""

    type: AnonymousType
    values: tuple[Expression, ...]


class TupleCreation(Expression):
    """`(a, b)`. While untyped elements (null, lambdas) wait for a target, `type` is `types.ERROR`-free but special."""

    elements: tuple[Expression, ...]
    names: tuple[str | None, ...]


class Lambda(Expression):
    """A lambda bound to a delegate type; `body` is an expression or a Block. An async one returns a task of it."""

    parameters: tuple[LocalSymbol, ...]
    body: Expression | Block
    return_type: Type
    is_async: bool = False


class MethodReference(Expression):
    """A method group converted to a delegate."""

    receiver: Expression | None
    method: Method
    type_arguments: tuple[Type, ...]


class DefaultValue(Expression):
    """`default(T)`, `default`, and the value of `new S()` for a struct without that constructor."""


class TypeOf(Expression):
    """`typeof(T)`."""

    target: Type


class Interpolation(Bound):
    """One `{value,alignment:format}` of an interpolated string."""

    value: Expression
    alignment: int | None
    format: str | None


class InterpolatedString(Expression):
    """`$"…"`: texts (str) and `Interpolation`s in order."""

    parts: tuple[str | Interpolation, ...]
