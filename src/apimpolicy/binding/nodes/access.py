"""Names, members and calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.binding.nodes.bound import NOT_CONSTANT, Expression

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.binding.nodes.bound import Placeholder
    from apimpolicy.binding.symbols import LocalFunctionSymbol, LocalSymbol
    from apimpolicy.dotnet.signatures import Field, Method, Property
    from apimpolicy.dotnet.types import Type
    from apimpolicy.syntax.nodes import Node, Token


class Literal(Expression):
    """A constant: a literal, `nameof`, or the result of folding."""

    __slots__ = ()


class UnknownText(Expression):
    """A string literal with a hole in it: text of which a template puts in a part later."""

    __slots__ = ()


class Bad(Expression):
    """An expression that was reported, or that is unknown: everything accepts it silently.

    Its type is `types.ERROR`, or what the expression has in any case: `int` for `int.Parse(unknown)`.
    """

    __slots__ = ()


class Local(Expression):
    """A local variable, a parameter, a range variable, or `context`."""

    __slots__ = ("symbol",)

    def __init__(self, syntax: Node | Token, symbol: LocalSymbol) -> None:
        super().__init__(syntax, symbol.type, symbol.constant)
        self.symbol = symbol


class TypeReference(Expression):
    """A type where an expression may stand: the receiver of a static member. `type` is the type itself."""

    __slots__ = ()


class NamespaceReference(Expression):
    """A namespace as the receiver of a longer name."""

    __slots__ = ("name",)

    def __init__(self, syntax: Node | Token, type_: Type, name: str) -> None:
        super().__init__(syntax, type_)
        self.name = name


class MethodGroup(Expression):
    """A name that denotes methods, before it is called or converted to a delegate.

    `methods` are instance and static methods by nearness; `extensions` are tried when none of them applies.
    `hides_value`: the type has a property or field of this name, which a call passes over.
    """

    __slots__ = ("extensions", "function", "hides_value", "methods", "name", "receiver", "type_arguments")

    def __init__(
        self,
        syntax: Node | Token,
        type_: Type,
        name: str,
        receiver: Expression | None,
        methods: Sequence[Method],
        extensions: Sequence[Method],
        type_arguments: tuple[Type, ...],
        function: LocalFunctionSymbol | None = None,
    ) -> None:
        super().__init__(syntax, type_)
        self.name = name
        self.receiver = receiver
        self.methods = tuple(methods)
        self.extensions = tuple(extensions)
        self.type_arguments = type_arguments
        self.function = function
        self.hides_value = False


class FieldAccess(Expression):
    """A field, or an enum member. `receiver` is None when static."""

    __slots__ = ("field", "receiver")

    def __init__(
        self, syntax: Node | Token, type_: Type, receiver: Expression | None, field: Field, constant: Any = NOT_CONSTANT
    ) -> None:
        super().__init__(syntax, type_, constant)
        self.receiver = receiver
        self.field = field


class PropertyAccess(Expression):
    """A property; `receiver` is None when static."""

    __slots__ = ("property", "receiver")

    def __init__(self, syntax: Node | Token, type_: Type, receiver: Expression | None, property_: Property) -> None:
        super().__init__(syntax, type_)
        self.receiver = receiver
        self.property = property_


class IndexerAccess(Expression):
    """`receiver[arguments]` through an indexer."""

    __slots__ = ("arguments", "property", "receiver")

    def __init__(
        self,
        syntax: Node | Token,
        type_: Type,
        receiver: Expression,
        property_: Property,
        arguments: Sequence[Expression],
    ) -> None:
        super().__init__(syntax, type_)
        self.receiver = receiver
        self.property = property_
        self.arguments = tuple(arguments)


class ArrayAccess(Expression):
    """`array[indexes]`."""

    __slots__ = ("array", "indexes")

    def __init__(self, syntax: Node | Token, type_: Type, array: Expression, indexes: Sequence[Expression]) -> None:
        super().__init__(syntax, type_)
        self.array = array
        self.indexes = tuple(indexes)


class TupleElement(Expression):
    """`tuple.Item2`, or the element by its name; `index` counts from 0."""

    __slots__ = ("index", "receiver")

    def __init__(self, syntax: Node | Token, type_: Type, receiver: Expression, index: int) -> None:
        super().__init__(syntax, type_)
        self.receiver = receiver
        self.index = index


class AnonymousMember(Expression):
    """A property of an anonymous object; `index` counts from 0."""

    __slots__ = ("index", "receiver")

    def __init__(self, syntax: Node | Token, type_: Type, receiver: Expression, index: int) -> None:
        super().__init__(syntax, type_)
        self.receiver = receiver
        self.index = index


class Call(Expression):
    """A call of a method or operator. Arguments are in parameter order, converted, with defaults and params arrays.

    For an extension method the receiver is the first argument. `type_arguments` are those of the method. An out or
    ref argument is an `OutVariable` or an assignable expression. `is_base_only` does not occur here.
    """

    __slots__ = ("arguments", "method", "receiver", "type_arguments")

    def __init__(
        self,
        syntax: Node | Token,
        type_: Type,
        receiver: Expression | None,
        method: Method,
        arguments: Sequence[Expression],
        type_arguments: tuple[Type, ...] = (),
    ) -> None:
        super().__init__(syntax, type_)
        self.receiver = receiver
        self.method = method
        self.arguments = tuple(arguments)
        self.type_arguments = type_arguments


class DelegateCall(Expression):
    """A call of a delegate value, or of a local function (`target` is then a Local of its symbol)."""

    __slots__ = ("arguments", "modes", "target")

    def __init__(
        self,
        syntax: Node | Token,
        type_: Type,
        target: Expression,
        arguments: Sequence[Expression],
        modes: Sequence[str] = (),
    ) -> None:
        super().__init__(syntax, type_)
        self.target = target
        self.arguments = tuple(arguments)
        self.modes = tuple(modes)


class OutVariable(Expression):
    """`out var x` as an argument: declares the symbol; the symbol is None for a discard `out _`."""

    __slots__ = ("symbol",)

    def __init__(self, syntax: Node | Token, type_: Type, symbol: LocalSymbol | None) -> None:
        super().__init__(syntax, type_)
        self.symbol = symbol


class ConditionalAccess(Expression):
    """`receiver?.access`: `access` is over `placeholder`; skipped, with value null, when receiver is null."""

    __slots__ = ("access", "placeholder", "receiver")

    def __init__(
        self, syntax: Node | Token, type_: Type, receiver: Expression, placeholder: Placeholder, access: Expression
    ) -> None:
        super().__init__(syntax, type_)
        self.receiver = receiver
        self.placeholder = placeholder
        self.access = access


class Reference(Expression):
    """`ref target`: a reference to a variable, whose type is the type of the variable."""

    __slots__ = ("target",)

    def __init__(self, syntax: Node | Token, type_: Type, target: Expression) -> None:
        super().__init__(syntax, type_)
        self.target = target


class Dereference(Expression):
    """The variable that a reference refers to: what a call that returns by reference stands for."""

    __slots__ = ("reference",)

    def __init__(self, syntax: Node | Token, type_: Type, reference: Expression) -> None:
        super().__init__(syntax, type_)
        self.reference = reference


class Redirection(Expression):
    """`name = ref variable`: from here on a ref local is another name for this variable."""

    __slots__ = ("reference", "variable")

    def __init__(self, syntax: Node | Token, type_: Type, variable: LocalSymbol, reference: Expression) -> None:
        super().__init__(syntax, type_)
        self.variable = variable
        self.reference = reference


class Dynamic(Expression):
    """An operation whose meaning is found when it runs, from the types of the values (section 12.3.3).

    `operation` is `member`, `index`, `invoke`, `invoke_member`, `call`, `new`, `binary`, `unary` or `convert`.
    `operands` holds the receiver, if there is one, and the arguments; `detail` the member's name token, the operator,
    the static method group, or whether a conversion is explicit; `arguments` the arguments as written, whose values are
    the last operands.
    """

    __slots__ = ("arguments", "detail", "operands", "operation")

    def __init__(
        self,
        syntax: Node | Token,
        type_: Type,
        operation: str,
        operands: Sequence[Expression],
        detail: Any = None,
        arguments: Sequence[Any] = (),
    ) -> None:
        super().__init__(syntax, type_)
        self.operation = operation
        self.operands = tuple(operands)
        self.detail = detail
        self.arguments = tuple(arguments)
