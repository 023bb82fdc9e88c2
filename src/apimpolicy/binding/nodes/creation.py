"""What makes something new: objects, arrays, tuples, delegates, strings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding.nodes.bound import Bound, Expression

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.binding.nodes.bound import Placeholder
    from apimpolicy.binding.nodes.statements import Block
    from apimpolicy.binding.symbols import LocalSymbol
    from apimpolicy.dotnet.signatures import Method
    from apimpolicy.dotnet.types import AnonymousType, ArrayType, Type
    from apimpolicy.syntax.nodes import Node, Token


class ObjectCreation(Expression):
    """`new T(arguments) { initializers }`; `constructor` is None for the default value of a struct."""

    __slots__ = ("arguments", "constructor", "initializers")

    def __init__(
        self,
        syntax: Node | Token,
        type_: Type,
        constructor: Method | None,
        arguments: Sequence[Expression],
        initializers: Sequence[Initializer] = (),
    ) -> None:
        super().__init__(syntax, type_)
        self.constructor = constructor
        self.arguments = tuple(arguments)
        self.initializers = tuple(initializers)


class Initializer(Bound):
    """One step of an object or collection initialiser, done on `placeholder`, the new object.

    `action` is an expression over the placeholder (a call of Add, an assignment); `nested` are the steps of
    `Name = { … }`, done on the value of `action`.
    """

    __slots__ = ("action", "nested", "placeholder")

    def __init__(
        self, syntax: Node | Token, placeholder: Placeholder, action: Expression, nested: Sequence[Initializer] = ()
    ) -> None:
        self.syntax = syntax
        self.placeholder = placeholder
        self.action = action
        self.nested = tuple(nested)


class ArrayCreation(Expression):
    """`new T[sizes]` or an array from `items` (nested tuples of items for rectangular arrays)."""

    __slots__ = ("items", "sizes")

    type: ArrayType

    def __init__(
        self,
        syntax: Node | Token,
        type_: ArrayType,
        sizes: Sequence[Expression],
        items: Sequence[Expression] | None,
    ) -> None:
        super().__init__(syntax, type_)
        self.sizes = tuple(sizes)
        self.items = tuple(items) if items is not None else None


class AnonymousCreation(Expression):
    """`new { A = …, B = … }`."""

    __slots__ = ("values",)

    type: AnonymousType

    def __init__(self, syntax: Node | Token, type_: AnonymousType, values: Sequence[Expression]) -> None:
        super().__init__(syntax, type_)
        self.values = tuple(values)


class TupleCreation(Expression):
    """`(a, b)`. While untyped elements (null, lambdas) wait for a target, `type` is `types.ERROR`-free but special."""

    __slots__ = ("elements", "names")

    def __init__(
        self, syntax: Node | Token, type_: Type, elements: Sequence[Expression], names: Sequence[str | None]
    ) -> None:
        super().__init__(syntax, type_)
        self.elements = tuple(elements)
        self.names = tuple(names)


class Lambda(Expression):
    """A lambda bound to a delegate type; `body` is an expression or a Block. An async one returns a task of it."""

    __slots__ = ("body", "is_async", "parameters", "return_type")

    def __init__(
        self,
        syntax: Node | Token,
        type_: Type,
        parameters: Sequence[LocalSymbol],
        body: Expression | Block,
        return_type: Type,
        *,
        is_async: bool = False,
    ) -> None:
        super().__init__(syntax, type_)
        self.is_async = is_async
        self.parameters = tuple(parameters)
        self.body = body
        self.return_type = return_type


class MethodReference(Expression):
    """A method group converted to a delegate."""

    __slots__ = ("method", "modes", "receiver", "type_arguments")

    def __init__(
        self,
        syntax: Node | Token,
        type_: Type,
        receiver: Expression | None,
        method: Method,
        type_arguments: tuple[Type, ...],
    ) -> None:
        super().__init__(syntax, type_)
        self.receiver = receiver
        self.method = method
        self.type_arguments = type_arguments


class DefaultValue(Expression):
    """`default(T)`, `default`, and the value of `new S()` for a struct without that constructor."""

    __slots__ = ()


class TypeOf(Expression):
    """`typeof(T)`."""

    __slots__ = ("target",)

    def __init__(self, syntax: Node | Token, type_: Type, target: Type) -> None:
        super().__init__(syntax, type_)
        self.target = target


class Interpolation(Bound):
    """One `{value,alignment:format}` of an interpolated string."""

    __slots__ = ("alignment", "format", "value")

    def __init__(self, syntax: Node | Token, value: Expression, alignment: int | None, format: str | None) -> None:
        self.syntax = syntax
        self.value = value
        self.alignment = alignment
        self.format = format


class InterpolatedString(Expression):
    """`$"…"`: texts (str) and `Interpolation`s in order."""

    __slots__ = ("parts",)

    def __init__(self, syntax: Node | Token, type_: Type, parts: Sequence[str | Interpolation]) -> None:
        super().__init__(syntax, type_)
        self.parts = tuple(parts)
